"""Session parameters: those with an effect here, and those that can have one value alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from infra.local_snowflake.errors import InvalidValueError, ParameterUnknownError
from infra.local_snowflake.language.kinds import unsupported

_ACCEPTED_PREFIXES = ("CLIENT_", "PYTHON_", "JDBC_", "ODBC_", "GO_")
"""Parameters that only clients read."""
_TEXT_LENGTH_MAX = 2000


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of Snowflake.

    Args:
        default: as SHOW PARAMETERS prints it.
        kind: BOOLEAN, NUMBER or STRING.
        values: those that are supported here; empty for every value.
        complete: whether these are all that Snowflake has, so that any other is invalid.
    """

    default: str
    kind: str
    description: str
    values: tuple[str, ...] = ()
    complete: bool = False


PARAMETERS: Mapping[str, Parameter] = {
    "ABORT_DETACHED_QUERY": Parameter("false", "BOOLEAN", "Cancel queries of lost clients", ("false",)),
    "AUTOCOMMIT": Parameter("true", "BOOLEAN", "Commit each DML statement outside a transaction"),
    "BINARY_INPUT_FORMAT": Parameter("HEX", "STRING", "Format of binary values", ("HEX",)),
    "BINARY_OUTPUT_FORMAT": Parameter("HEX", "STRING", "Format of binary values", ("HEX",)),
    "DATE_INPUT_FORMAT": Parameter("AUTO", "STRING", "Format of dates"),
    "DATE_OUTPUT_FORMAT": Parameter("YYYY-MM-DD", "STRING", "Format of dates"),
    "ERROR_ON_NONDETERMINISTIC_MERGE": Parameter("true", "BOOLEAN", "Refuse an ambiguous MERGE", ("true",)),
    "ERROR_ON_NONDETERMINISTIC_UPDATE": Parameter("false", "BOOLEAN", "Refuse an ambiguous UPDATE", ("false",)),
    "JSON_INDENT": Parameter("2", "NUMBER", "Blanks of each level of printed JSON", ("2",)),
    "LOCK_TIMEOUT": Parameter("43200", "NUMBER", "Seconds to wait for a lock", ("43200", "0")),
    "MULTI_STATEMENT_COUNT": Parameter("1", "NUMBER", "Statements of one request; 0 is any number"),
    "QUERY_TAG": Parameter("", "STRING", "String that tags the statements of the session"),
    "QUOTED_IDENTIFIERS_IGNORE_CASE": Parameter("false", "BOOLEAN", "Ignore the case of quoted names", ("false",)),
    "ROWS_PER_RESULTSET": Parameter("0", "NUMBER", "Most rows of a result; 0 is all", ("0",)),
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": Parameter("0", "NUMBER", "Seconds of a statement in a queue", ("0",)),
    "STATEMENT_TIMEOUT_IN_SECONDS": Parameter("172800", "NUMBER", "Seconds after which a statement is canceled"),
    "STRICT_JSON_OUTPUT": Parameter("false", "BOOLEAN", "Print JSON by its standard", ("false",)),
    "TIMESTAMP_DAY_IS_ALWAYS_24H": Parameter("false", "BOOLEAN", "Whether a day has 24 hours", ("false",)),
    "TIMESTAMP_INPUT_FORMAT": Parameter("AUTO", "STRING", "Format of timestamps"),
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": Parameter("", "STRING", "Format of TIMESTAMP_LTZ"),
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": Parameter("YYYY-MM-DD HH24:MI:SS.FF3", "STRING", "Format of TIMESTAMP_NTZ"),
    "TIMESTAMP_OUTPUT_FORMAT": Parameter("YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM", "STRING", "Format of timestamps"),
    "TIMESTAMP_TYPE_MAPPING": Parameter(
        "TIMESTAMP_NTZ",
        "STRING",
        "Type of TIMESTAMP",
        ("TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"),
        complete=True,
    ),
    "TIMESTAMP_TZ_OUTPUT_FORMAT": Parameter("", "STRING", "Format of TIMESTAMP_TZ"),
    "TIMEZONE": Parameter("Etc/UTC", "STRING", "Time zone of the session"),
    "TIME_INPUT_FORMAT": Parameter("AUTO", "STRING", "Format of times"),
    "TIME_OUTPUT_FORMAT": Parameter("HH24:MI:SS", "STRING", "Format of times"),
    "TRANSACTION_ABORT_ON_ERROR": Parameter("false", "BOOLEAN", "Roll back after an error", ("false",)),
    "TRANSACTION_DEFAULT_ISOLATION_LEVEL": Parameter(
        "READ COMMITTED", "STRING", "Isolation of transactions", ("READ COMMITTED",)
    ),
    "TWO_DIGIT_CENTURY_START": Parameter("1970", "NUMBER", "First year of two digits", ("1970",)),
    "UNSUPPORTED_DDL_ACTION": Parameter("ignore", "STRING", "What unsupported clauses do", ("ignore",)),
    "USE_CACHED_RESULT": Parameter("true", "BOOLEAN", "Return the result of the same former query"),
    "WEEK_OF_YEAR_POLICY": Parameter("0", "NUMBER", "First week of a year", ("0", "1"), complete=True),
    "WEEK_START": Parameter("0", "NUMBER", "First day of a week", tuple("01234567"), complete=True),
}
"""By name; the default of TIMEZONE is America/Los_Angeles in Snowflake."""
UTC_ZONES = frozenset({"Etc/UTC", "UTC"})
_OF_CLIENTS = (
    *("TIMEZONE", "DATE_OUTPUT_FORMAT", "TIME_OUTPUT_FORMAT", "TIMESTAMP_OUTPUT_FORMAT", "TIMESTAMP_NTZ_OUTPUT_FORMAT"),
    *("TIMESTAMP_LTZ_OUTPUT_FORMAT", "TIMESTAMP_TZ_OUTPUT_FORMAT", "TIMESTAMP_TYPE_MAPPING", "BINARY_OUTPUT_FORMAT"),
)
_OF_ENGINE = (
    *("DATE_INPUT_FORMAT", "DATE_OUTPUT_FORMAT", "TIME_INPUT_FORMAT", "TIME_OUTPUT_FORMAT", "TIMESTAMP_INPUT_FORMAT"),
    *("TIMESTAMP_NTZ_OUTPUT_FORMAT", "TIMESTAMP_LTZ_OUTPUT_FORMAT", "TIMESTAMP_TZ_OUTPUT_FORMAT"),
    *("WEEK_START", "WEEK_OF_YEAR_POLICY"),
)
_ISO = {
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "TIME_OUTPUT_FORMAT": "HH24:MI:SS",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMESTAMP_TZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
}
"""What AUTO prints."""


@dataclass(frozen=True, slots=True)
class SessionParameters:
    """The parameters that a session set."""

    _given: Mapping[str, str] = field(default_factory=dict)

    def __contains__(self, name: object) -> bool:
        """Return whether the session set a parameter."""
        return name in self._given

    def __getitem__(self, name: str) -> str:
        """Return the value of a parameter."""
        return self.value(name)

    def value(self, name: str) -> str:
        """Return the value of a parameter."""
        return self._given.get(name, PARAMETERS[name].default)

    def changed(self, values: Mapping[str, str | None]) -> SessionParameters:
        """Return the parameters with other values; None gives a parameter its default.

        Raises:
            ParameterUnknownError: there is none of this name.
            InvalidValueError: its type does not have the value.
            NotSupportedError: the value would have no effect here.
        """
        given = dict(self._given)
        for name, value in values.items():
            if name.startswith(_ACCEPTED_PREFIXES):
                continue
            parameter = _known(name)
            if value is None:
                given.pop(name, None)
            else:
                given[name] = _supported(name, parameter, value)
        return SessionParameters(given)

    @property
    def engine_settings(self) -> dict[str, str]:
        """The settings of the engine that this session needs, by the names that the macros read; the default is none.

        TIMEZONE is the engine's own setting.
        """
        settings = {name: self.value(name) for name in _OF_ENGINE if self.value(name) != PARAMETERS[name].default}
        of_all, zone = self.value("TIMESTAMP_OUTPUT_FORMAT"), self.value("TIMEZONE")
        for name in ("TIMESTAMP_NTZ_OUTPUT_FORMAT", "TIMESTAMP_LTZ_OUTPUT_FORMAT", "TIMESTAMP_TZ_OUTPUT_FORMAT"):
            if not self.value(name) and (name in settings or of_all != PARAMETERS["TIMESTAMP_OUTPUT_FORMAT"].default):
                settings[name] = of_all
        if zone not in UTC_ZONES:
            settings.setdefault("TIMESTAMP_LTZ_OUTPUT_FORMAT", of_all)
        return {name: _ISO.get(name, value) if value.upper() == "AUTO" else value for name, value in settings.items()}

    @property
    def has_input_formats(self) -> bool:
        """Whether dates or times in text have other formats than the automatic ones."""
        return any(name.endswith("_INPUT_FORMAT") for name in self.engine_settings)

    @property
    def of_clients(self) -> list[dict[str, str]]:
        """The parameters by which clients read and print results."""
        return [{"name": name, "value": self.value(name)} for name in _OF_CLIENTS]


def engine_statements(parameters: SessionParameters) -> list[str]:
    """Return the statements that give a connection of the engine the settings of a session."""
    zone, settings = parameters.value("TIMEZONE"), parameters.engine_settings
    return [
        f"SET TimeZone = {_text('UTC' if zone in UTC_ZONES else zone)}",
        *[
            f"SET VARIABLE {name} = {_text(settings[name])}" if name in settings else f"RESET VARIABLE {name}"
            for name in _OF_ENGINE
        ],
    ]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _known(name: str) -> Parameter:
    if name not in PARAMETERS:
        raise ParameterUnknownError(f"SQL compilation error:\ninvalid parameter '{name}'")
    return PARAMETERS[name]


def _supported(name: str, parameter: Parameter, value: str) -> str:
    checked = _checked(name, parameter, value)
    if parameter.values and checked.upper() not in {one.upper() for one in parameter.values}:
        raise _invalid(name, value) if parameter.complete else unsupported(f"{name} = {value}")
    if name == "TIMEZONE":
        _require_zone(value)
    return checked


def _checked(name: str, parameter: Parameter, value: str) -> str:
    valid = {
        "BOOLEAN": value.lower() in {"true", "false"},
        "NUMBER": value.isdecimal(),
        "STRING": len(value) <= _TEXT_LENGTH_MAX,
    }[parameter.kind]
    if not valid:
        raise _invalid(name, value)
    if parameter.complete:
        return value.upper()
    return value.lower() if parameter.kind == "BOOLEAN" else value


def _require_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise _invalid("TIMEZONE", name) from exc


def _invalid(name: str, value: str) -> InvalidValueError:
    return InvalidValueError(f"SQL compilation error:\ninvalid value [{value}] for parameter '{name}'")
