"""What Superset answers, as closed types; fields that nobody reads are ignored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from orchestration.metapipeline.errors import BiError

_PROBLEMS_MAX = 3


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _from_milliseconds(value: Any) -> Any:
    """Read `start_time` of the query history: milliseconds as number, or as text once columns are selected."""
    return None if value is None else datetime.fromtimestamp(float(value) / 1000, UTC)


Utc = Annotated[datetime, AfterValidator(_in_utc)]
"""With an offset as in `changed_on_utc`, or without a zone as in `dttm`, which is UTC."""
Milliseconds = Annotated[datetime | None, BeforeValidator(_from_milliseconds)]


class Row(BaseModel):
    """One object of a list."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Tag(Row):
    """A tag of an object; type 1 is set by people, the others by the server."""

    name: str
    type: int


class Owner(Row):
    """An owner of a dashboard."""

    email: str | None = None
    first_name: str = ""
    last_name: str = ""

    @property
    def name(self) -> str:
        """The address, else the name."""
        return self.email or f"{self.first_name} {self.last_name}".strip()


class DashboardRow(Row):
    """A dashboard. `uuid` survives an export and an import; `id` may be given again after a deletion."""

    id: int
    uuid: UUID
    dashboard_title: str | None = None
    url: str = ""
    published: bool | None = None
    changed_on_utc: Utc | None = None
    owners: tuple[Owner, ...] = ()
    tags: tuple[Tag, ...] = ()


class Reference(Row):
    """The id of another object."""

    id: int


class ChartRow(Row):
    """A chart, with the dashboards that show it and the dataset that it reads."""

    id: int
    datasource_id: int | None = None
    datasource_type: str | None = None
    dashboards: tuple[Reference, ...] = ()


class DatasetRow(Row):
    """A dataset: SQL, or a table of a database."""

    id: int
    uuid: UUID
    table_name: str
    schema_name: str | None = Field(None, alias="schema")  # pydantic has a method of this name
    catalog: str | None = None
    kind: Literal["physical", "virtual"]
    sql: str | None = None
    database: Reference


class SavedQueryRow(Row):
    """A saved query of SQL Lab; Superset shows it to the account that made it, and to no administrator."""

    id: int
    label: str | None = None
    sql: str | None = None
    schema_name: str | None = Field(None, alias="schema")  # pydantic has a method of this name
    catalog: str | None = None
    database: Reference | None = None


class DatabaseRow(Row):
    """A connection to a database."""

    id: int
    backend: str | None = None


class Connection(Row):
    """How a connection reaches its database; the password is masked."""

    sqlalchemy_uri: str = ""


class LogRow(Row):
    """One row of the log; `dttm` is UTC. Without an account it is a public or embedded dashboard."""

    dttm: Utc
    user_id: int | None = None


class RunRow(Row):
    """One statement of SQL Lab."""

    id: int
    sql: str | None = None
    database: Reference | None = None
    catalog: str | None = None
    schema_name: str | None = Field(None, alias="schema")
    user: Reference | None = None
    status: str | None = None
    start_time: Milliseconds = None


class Listed(Row):
    """One page of a list."""

    count: int
    result: list[Any]


class Token(Row):
    """A token, and at a login also the one that renews it."""

    access_token: str = Field(repr=False)
    refresh_token: str | None = Field(None, repr=False)


class Account(Row):
    """The account of the reader."""

    id: int


class Roles(Row):
    """The roles of the account, with their permissions."""

    roles: dict[str, Any]


RowType = TypeVar("RowType", bound=BaseModel)


def parsed(kind: type[RowType], value: Any, what: str) -> RowType:
    """Read a value as one of the types.

    Raises:
        BiError: it is something else; the message names the fields, never their values.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as exc:
        problems = (f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in exc.errors()[:_PROBLEMS_MAX])
        raise BiError(f"superset: {what} is not what its API documents: {'; '.join(problems)}") from exc


def refusal(body: Any) -> str:
    """Return the reason in an error of Superset, which has three forms; empty if there is none."""
    if not isinstance(body, dict):
        return ""
    errors = body.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return str(errors[0].get("message", ""))
    return str(body.get("message") or body.get("msg") or "")
