"""A statement as a client sends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.local_snowflake.faults import Fault
from infra.local_snowflake.serving.clients import Client


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement as a client sends it."""

    body: dict[str, Any]
    client: Client
    fault: Fault | None = None
    alone: bool = False
    """Whether it is one statement of a request of several."""

    @property
    def statement_count(self) -> int:
        """The number of statements that the request must hold; 0 is any number."""
        given = self.parameter("MULTI_STATEMENT_COUNT")
        return 1 if self.alone or given is None else int(given)

    @property
    def sql(self) -> str:
        """The text of the statement."""
        return str(self.body.get("sqlText", ""))

    @property
    def asynchronous(self) -> bool:
        """Whether the client asks for the result later."""
        return bool(self.body.get("asyncExec"))

    @property
    def describe_only(self) -> bool:
        """Whether the client asks for the columns only."""
        return bool(self.body.get("describeOnly"))

    def parameter(self, name: str) -> Any:
        """Return a parameter of the statement, of the session or of the login; None without one."""
        of_session = getattr(self.client.session, "parameters", {})
        for parameters in (self.body.get("parameters") or {}, of_session, self.client.parameters):
            if name in parameters:
                return parameters[name]
        return None

    def seconds(self, name: str, default: int) -> int:
        """Return a parameter in seconds; 0 is the default, too."""
        try:
            return int(self.parameter(name) or default)
        except (TypeError, ValueError):
            return default
