"""Session parameters: those with an effect here, and those that can have one value alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    """

    default: str
    kind: str
    description: str
    values: tuple[str, ...] = ()


_ANY: tuple[str, ...] = ()
PARAMETERS: Mapping[str, Parameter] = {
    "ABORT_DETACHED_QUERY": Parameter("false", "BOOLEAN", "Cancel queries of lost clients", ("false",)),
    "AUTOCOMMIT": Parameter("true", "BOOLEAN", "Commit each DML statement outside a transaction"),
    "BINARY_INPUT_FORMAT": Parameter("HEX", "STRING", "Format of binary values", ("HEX",)),
    "BINARY_OUTPUT_FORMAT": Parameter("HEX", "STRING", "Format of binary values", ("HEX",)),
    "DATE_INPUT_FORMAT": Parameter("AUTO", "STRING", "Format of dates", ("AUTO",)),
    "DATE_OUTPUT_FORMAT": Parameter("YYYY-MM-DD", "STRING", "Format of dates", ("YYYY-MM-DD",)),
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
    "TIMESTAMP_INPUT_FORMAT": Parameter("AUTO", "STRING", "Format of timestamps", ("AUTO",)),
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": Parameter("", "STRING", "Format of TIMESTAMP_LTZ", ("",)),
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": Parameter(
        "YYYY-MM-DD HH24:MI:SS.FF3", "STRING", "Format of TIMESTAMP_NTZ", ("YYYY-MM-DD HH24:MI:SS.FF3",)
    ),
    "TIMESTAMP_OUTPUT_FORMAT": Parameter(
        "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM", "STRING", "Format of timestamps", ("YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",)
    ),
    "TIMESTAMP_TYPE_MAPPING": Parameter("TIMESTAMP_NTZ", "STRING", "Type of TIMESTAMP", ("TIMESTAMP_NTZ",)),
    "TIMESTAMP_TZ_OUTPUT_FORMAT": Parameter("", "STRING", "Format of TIMESTAMP_TZ", ("",)),
    "TIMEZONE": Parameter("Etc/UTC", "STRING", "Time zone of the session", ("Etc/UTC", "UTC")),
    "TIME_INPUT_FORMAT": Parameter("AUTO", "STRING", "Format of times", ("AUTO",)),
    "TIME_OUTPUT_FORMAT": Parameter("HH24:MI:SS", "STRING", "Format of times", ("HH24:MI:SS",)),
    "TRANSACTION_ABORT_ON_ERROR": Parameter("false", "BOOLEAN", "Roll back after an error", ("false",)),
    "TRANSACTION_DEFAULT_ISOLATION_LEVEL": Parameter(
        "READ COMMITTED", "STRING", "Isolation of transactions", ("READ COMMITTED",)
    ),
    "TWO_DIGIT_CENTURY_START": Parameter("1970", "NUMBER", "First year of two digits", ("1970",)),
    "UNSUPPORTED_DDL_ACTION": Parameter("ignore", "STRING", "What unsupported clauses do", ("ignore",)),
    "USE_CACHED_RESULT": Parameter("true", "BOOLEAN", "Return the result of the same former query"),
    "WEEK_OF_YEAR_POLICY": Parameter("0", "NUMBER", "First week of a year", ("0",)),
    "WEEK_START": Parameter("0", "NUMBER", "First day of a week", ("0", "1")),
}
"""By name; the default of TIMEZONE is America/Los_Angeles in Snowflake."""


@dataclass(slots=True)
class SessionParameters:
    """The parameters that a session set."""

    _given: dict[str, str] = field(default_factory=dict)

    def __contains__(self, name: object) -> bool:
        """Return whether the session set a parameter."""
        return name in self._given

    def __getitem__(self, name: str) -> str:
        """Return the value of a parameter."""
        return self.value(name)

    def value(self, name: str) -> str:
        """Return the value of a parameter."""
        return self._given.get(name, PARAMETERS[name].default)

    def set(self, name: str, value: str) -> None:
        """Set a parameter.

        Raises:
            ParameterUnknownError: there is none of this name.
            InvalidValueError: its type does not have the value.
            NotSupportedError: the value would have no effect here.
        """
        if name.startswith(_ACCEPTED_PREFIXES):
            return
        parameter = _known(name)
        checked = _checked(name, parameter, value)
        if parameter.values and checked.upper() not in {one.upper() for one in parameter.values}:
            raise unsupported(f"{name} = {value}")
        self._given[name] = checked

    def unset(self, name: str) -> None:
        """Give a parameter its default."""
        if not name.startswith(_ACCEPTED_PREFIXES):
            _known(name)
            self._given.pop(name, None)


def _known(name: str) -> Parameter:
    if name not in PARAMETERS:
        raise ParameterUnknownError(f"SQL compilation error:\ninvalid parameter '{name}'")
    return PARAMETERS[name]


def _checked(name: str, parameter: Parameter, value: str) -> str:
    valid = {
        "BOOLEAN": value.lower() in {"true", "false"},
        "NUMBER": value.isdecimal(),
        "STRING": len(value) <= _TEXT_LENGTH_MAX,
    }[parameter.kind]
    if not valid:
        raise InvalidValueError(f"SQL compilation error:\ninvalid value [{value}] for parameter '{name}'")
    return value.lower() if parameter.kind == "BOOLEAN" else value
