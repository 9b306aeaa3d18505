"""Errors of the local Snowflake, with the codes that clients of Snowflake read."""

from __future__ import annotations


class StatementRefusedError(Exception):
    """Base of the errors that are returned for a statement.

    Args:
        message: with Snowflake's own text where it is known.

    Clients decide by the class attributes `code` and `sqlstate`.
    """

    code = 2043
    sqlstate = "02000"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SyntaxRefusedError(StatementRefusedError):
    """The text is not a statement."""

    code = 1003
    sqlstate = "42000"


class StatementCountError(StatementRefusedError):
    """More than one statement in one request."""

    code = 8
    sqlstate = "0A000"


class ObjectMissingError(StatementRefusedError):
    """The object does not exist."""

    code = 2003
    sqlstate = "02000"


class TableMissingError(ObjectMissingError):
    """The table does not exist."""

    code = 2003
    sqlstate = "42S02"


class ObjectExistsError(StatementRefusedError):
    """An object of this name exists."""

    code = 2002
    sqlstate = "42710"


class ObjectInvalidError(StatementRefusedError):
    """The stage of the external table was replaced, moved or dropped."""

    code = 91093
    sqlstate = "55000"


class IdentifierInvalidError(StatementRefusedError):
    """A column does not exist."""

    code = 904
    sqlstate = "42000"


class FunctionUnknownError(StatementRefusedError):
    """A function does not exist."""

    code = 2140
    sqlstate = "42601"


class ArgumentRefusedError(StatementRefusedError):
    """A function does not take arguments of these types."""

    code = 1044
    sqlstate = "42P13"


class TypeUnknownError(StatementRefusedError):
    """A data type does not exist."""

    code = 2040
    sqlstate = "42601"


class NameTwiceError(StatementRefusedError):
    """Two columns have one name."""

    code = 2025
    sqlstate = "42S21"


class OptionRefusedError(StatementRefusedError):
    """The value of an option is invalid."""

    code = 1420
    sqlstate = "22023"


class VariableMissingError(StatementRefusedError):
    """The session has no such variable."""

    code = 2211
    sqlstate = "02000"


class PropertyUnknownError(StatementRefusedError):
    """Objects of this kind do not have the property."""

    code = 1420
    sqlstate = "22023"


class ParameterUnknownError(StatementRefusedError):
    """The statement, the file format or the session has no such parameter."""

    code = 1006
    sqlstate = "22023"


class InvalidValueError(StatementRefusedError):
    """The parameter cannot have the value."""

    code = 1008
    sqlstate = "22023"


class UrlRefusedError(StatementRefusedError):
    """A location is neither a stage nor a URL."""

    code = 1011
    sqlstate = "42601"


class OptionMissingError(StatementRefusedError):
    """A required option is not given."""

    code = 2029
    sqlstate = "42601"


class ViewInvalidError(StatementRefusedError):
    """A view reads an object that is gone."""

    code = 2037
    sqlstate = "42601"


class ColumnExistsError(StatementRefusedError):
    """The table has a column of this name."""

    code = 1430
    sqlstate = "42601"


class ColumnTypeError(StatementRefusedError):
    """A column cannot become one of this type."""

    code = 2108
    sqlstate = "22000"


class NotNullColumnError(StatementRefusedError):
    """A column that must have values would have rows without one."""

    code = 100_072
    sqlstate = "22000"


class NotSupportedError(StatementRefusedError):
    """The local Snowflake does not support the statement."""

    code = 2
    sqlstate = "0A000"


class LocationRefusedError(StatementRefusedError):
    """The integration does not allow the location."""

    code = 3167
    sqlstate = "42601"


class IntegrationGoneError(StatementRefusedError):
    """The integration of a stage was dropped."""

    code = 3139
    sqlstate = "02000"


class IntegrationDisabledError(StatementRefusedError):
    """The integration of a stage is not enabled."""

    code = 3142
    sqlstate = "42601"


class FileRefusedError(StatementRefusedError):
    """A file or a record of it cannot be read.

    Args:
        message: with Snowflake's own text where it is known.
        code: of Snowflake.
    """

    sqlstate = "22000"

    def __init__(self, message: str, code: int = 100_183) -> None:
        super().__init__(message)
        self.code = code


class JsonColumnError(StatementRefusedError):
    """A file of documents is loaded into another table than one with one VARIANT column."""

    code = 2019
    sqlstate = "0A000"


class ColumnCountError(StatementRefusedError):
    """The number of values is not the number of columns."""

    code = 2020
    sqlstate = "21S01"


class DuplicateColumnError(StatementRefusedError):
    """A column is named twice."""

    code = 2025
    sqlstate = "42S21"


class IdentifierError(StatementRefusedError):
    """There is no column of this name."""

    code = 904
    sqlstate = "42000"


class FilesExistError(StatementRefusedError):
    """An unload would overwrite files."""

    code = 1030
    sqlstate = "42601"


class StorageRefusedError(StatementRefusedError):
    """The bucket does not answer or refuses."""

    code = 91016
    sqlstate = "58030"


class WrongKindError(StatementRefusedError):
    """The object is of another kind than in the statement."""

    code = 2203
    sqlstate = "02000"


class LoginRefusedError(StatementRefusedError):
    """User or password are wrong; base of the refusals of other credentials."""

    code = 390100
    sqlstate = "08001"


class UnansweredError(StatementRefusedError):
    """fakesnow failed on the statement."""

    code = 261000
    sqlstate = "XX000"


class SessionGoneError(StatementRefusedError):
    """The session was closed, or the server was restarted since."""

    code = 390111
    sqlstate = "08001"


class SessionExpiredError(StatementRefusedError):
    """The session token is expired; a client renews it with its master token."""

    code = 390112
    sqlstate = "08001"


class TokenMissingError(StatementRefusedError):
    """The request has no token."""

    code = 390103
    sqlstate = "08001"


class MasterTokenGoneError(StatementRefusedError):
    """The master token is unknown or expired; a client must log in again."""

    code = 390114
    sqlstate = "08001"


class StatementCanceledError(StatementRefusedError):
    """A client stopped the statement."""

    code = 604
    sqlstate = "57014"


class StatementTimeoutError(StatementRefusedError):
    """STATEMENT_TIMEOUT_IN_SECONDS has passed."""

    code = 630
    sqlstate = "57014"


class LockTimeoutError(StatementRefusedError):
    """Another transaction holds the lock of the table."""

    code = 625
    sqlstate = "57014"


class BindMissingError(StatementRefusedError):
    """A placeholder has no value."""

    code = 2049
    sqlstate = "42601"


class AuthenticatorRefusedError(StatementRefusedError):
    """The kind of login is unsupported, or not configured here."""

    code = 390139
    sqlstate = "08004"


class JwtRefusedError(LoginRefusedError):
    """The token of a key pair login is invalid."""

    code = 390144
    sqlstate = "08001"


class OAuthRefusedError(LoginRefusedError):
    """The OAuth token is invalid."""

    code = 390303
    sqlstate = "08001"


class AccessTokenRefusedError(LoginRefusedError):
    """The programmatic access token is invalid."""

    code = 394400
    sqlstate = "08001"


class WarehouseSuspendedError(StatementRefusedError):
    """No warehouse is active."""

    code = 606
    sqlstate = "57P03"


class StatementNotFoundError(StatementRefusedError):
    """The query id is unknown, or its result is no longer kept."""

    code = 709
    sqlstate = "02000"


class EmptyStatementError(StatementRefusedError):
    """The text holds no statement."""

    code = 900
    sqlstate = "42601"


class InvalidIdentifierError(StatementRefusedError):
    """A name in a statement is no column."""

    code = 904
    sqlstate = "42000"
