"""Storage integrations: which locations a stage may use through them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from infra.local_snowflake.answers import Answer, status
from infra.local_snowflake.errors import (
    IntegrationDisabledError,
    IntegrationGoneError,
    InvalidValueError,
    LocationRefusedError,
    NotSupportedError,
    ObjectExistsError,
    ObjectMissingError,
    OptionMissingError,
    PropertyUnknownError,
)
from infra.local_snowflake.language.file_statements import AlterIntegration, CreateIntegration
from infra.local_snowflake.language.names import ObjectName, PartialName
from infra.local_snowflake.language.statements import Creation, ObjectKind, Options, OptionValue
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.stored import Integration

_DONE = "Statement executed successfully."
_OPTIONS = frozenset(
    {
        "TYPE",
        "STORAGE_PROVIDER",
        "ENABLED",
        "STORAGE_AWS_ROLE_ARN",
        "STORAGE_AWS_EXTERNAL_ID",
        "STORAGE_AWS_OBJECT_ACL",
        "STORAGE_ALLOWED_LOCATIONS",
        "STORAGE_BLOCKED_LOCATIONS",
    }
)
_REQUIRED = ("TYPE", "STORAGE_PROVIDER", "ENABLED", "STORAGE_ALLOWED_LOCATIONS", "STORAGE_AWS_ROLE_ARN")
_UNSET = frozenset({"STORAGE_BLOCKED_LOCATIONS", "STORAGE_AWS_EXTERNAL_ID", "STORAGE_AWS_OBJECT_ACL", "COMMENT"})


def account_name(name: PartialName | str) -> ObjectName:
    """Return the name of an object of the account."""
    return ObjectName("", "", name if isinstance(name, str) else name.parts[-1])


@dataclass(frozen=True, slots=True)
class Integrations:
    """The storage integrations of one server.

    Args:
        registry: of the integrations.
        now: returns the time.
    """

    registry: Registry
    now: Callable[[], datetime]

    def ensure(self, name: str) -> None:
        """Create an integration that allows every location, if there is none of this name."""
        if self._find(account_name(name)):
            return
        options: Options = {
            "TYPE": "EXTERNAL_STAGE",
            "STORAGE_PROVIDER": "S3",
            "STORAGE_AWS_ROLE_ARN": "arn:aws:iam::000000000000:role/local",
        }
        self._put(Integration(account_name(name), options, True, ("*",), (), "of the local Snowflake", self.now()))

    def create(self, statement: CreateIntegration) -> Answer:
        """Create an integration."""
        name = account_name(statement.name)
        former = self._find(name)
        if former and statement.creation is Creation.KEEP:
            return status(f"{name.name} already exists, statement succeeded.")
        if former and statement.creation is Creation.REFUSE:
            raise ObjectExistsError(f"SQL compilation error:\nObject '{name.name}' already exists.")
        self._put(self._checked(name, statement.options, statement.comment, self.now()))
        return status(f"Integration {name.name} successfully created.")

    def alter(self, statement: AlterIntegration) -> Answer:
        """Set or unset properties."""
        name = account_name(statement.name)
        stored = self._find(name) if statement.if_exists else self.get(name)
        if stored is None:
            return status(_DONE)
        if unknown := set(statement.unset) - _UNSET:
            raise PropertyUnknownError(f"SQL compilation error:\ninvalid property '{min(unknown)}' for 'INTEGRATION'")
        kept = {key: value for key, value in _given(stored).items() if key not in statement.unset}
        comment = "" if "COMMENT" in statement.unset else statement.comment
        comment = stored.comment if comment is None else comment
        changed = self._checked(name, kept | dict(statement.options), comment, stored.created_on)
        self._put(changed)
        return status(_DONE)

    def drop(self, name: ObjectName, *, if_exists: bool) -> Answer:
        """Drop an integration; stages keep its name and can no longer be used."""
        stored = self._find(name) if if_exists else self.get(name)
        if stored is None:
            return status(f"Drop statement executed successfully ({name.name} already dropped).")
        with self.registry.transaction() as cursor:
            self.registry.remove(cursor, ObjectKind.INTEGRATION, name)
        return status(f"{name.name} successfully dropped.")

    def get(self, name: ObjectName) -> Integration:
        """Return an integration.

        Raises:
            ObjectMissingError: it does not exist.
        """
        stored = self._find(name)
        if stored is None:
            raise ObjectMissingError(
                f"SQL compilation error:\nIntegration '{name.name}' does not exist or not authorized."
            )
        return stored

    def require_allowed(self, name: str, url: str) -> None:
        """Raise an error if the integration does not exist, or does not allow the URL of a new stage."""
        stored = self.get(account_name(name))
        allowed = any(prefix == "*" or url.startswith(prefix) for prefix in stored.allowed)
        if not allowed or any(url.startswith(prefix) for prefix in stored.blocked):
            raise LocationRefusedError(
                f"SQL compilation error:\nLocation '{url}' is not allowed by integration '{name}'. "
                "Please use DESC INTEGRATION to check out allowed and blocked locations."
            )

    def require_usable(self, name: str, stage: ObjectName, url: str) -> None:
        """Raise an error if a stage can no longer be used through its integration."""
        stored = self._find(account_name(name))
        if stored is None:
            raise IntegrationGoneError(
                f"SQL compilation error:\nIntegration associated with the stage '{stage.name}' cannot be found."
            )
        if not stored.enabled:
            raise IntegrationDisabledError(
                f"SQL compilation error:\nIntegration '{name}' associated with the stage '{stage.name}' is not enabled."
            )
        self.require_allowed(name, url)

    def _find(self, name: ObjectName) -> Integration | None:
        return next((stored for stored in self.registry.integrations() if stored.name == name), None)

    def _put(self, stored: Integration) -> None:
        with self.registry.transaction() as cursor:
            self.registry.put(cursor, stored)

    @staticmethod
    def _checked(name: ObjectName, given: Mapping[str, OptionValue], comment: str, created_on: datetime) -> Integration:
        provider = str(given.get("STORAGE_PROVIDER", "S3")).upper()
        if provider != "S3":
            raise NotSupportedError(f"Unsupported feature 'STORAGE_PROVIDER = {provider}'.")
        if unknown := given.keys() - _OPTIONS:
            raise PropertyUnknownError(f"SQL compilation error:\ninvalid property '{min(unknown)}' for 'INTEGRATION'")
        if missing := [option for option in _REQUIRED if option not in given]:
            raise OptionMissingError(f"SQL compilation error:\nMissing option(s): {', '.join(missing)}")
        if str(given["TYPE"]).upper() != "EXTERNAL_STAGE":
            raise InvalidValueError(f"SQL compilation error:\ninvalid value [{given['TYPE']}] for parameter 'TYPE'")
        if str(given["ENABLED"]).upper() not in {"TRUE", "FALSE"}:
            raise InvalidValueError(
                f"SQL compilation error:\ninvalid value [{given['ENABLED']}] for parameter 'ENABLED'"
            )
        allowed = _locations("STORAGE_ALLOWED_LOCATIONS", given["STORAGE_ALLOWED_LOCATIONS"])
        blocked = _locations("STORAGE_BLOCKED_LOCATIONS", given.get("STORAGE_BLOCKED_LOCATIONS", ()))
        enabled = str(given["ENABLED"]).upper() == "TRUE"
        lists = {"ENABLED", "STORAGE_ALLOWED_LOCATIONS", "STORAGE_BLOCKED_LOCATIONS"}
        options = {key: value for key, value in given.items() if key not in lists}
        return Integration(name, options, enabled, allowed, blocked, comment, created_on)


def _given(stored: Integration) -> dict[str, OptionValue]:
    blocked: dict[str, OptionValue] = {"STORAGE_BLOCKED_LOCATIONS": stored.blocked} if stored.blocked else {}
    return dict(stored.options) | {"ENABLED": stored.enabled, "STORAGE_ALLOWED_LOCATIONS": stored.allowed} | blocked


def _locations(option: str, value: OptionValue) -> tuple[str, ...]:
    locations = (value,) if isinstance(value, str) else value
    if not isinstance(locations, tuple):
        raise InvalidValueError(f"SQL compilation error:\ninvalid value [{value}] for parameter '{option}'")
    for location in locations:
        if location != "*" and not location.startswith("s3://"):
            raise InvalidValueError(f"SQL compilation error:\ninvalid value ['{location}'] for parameter '{option}'")
    return locations
