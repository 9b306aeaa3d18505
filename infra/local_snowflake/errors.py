"""Hold the refusals of the local Snowflake, with the numbers that Snowflake's clients read."""

from __future__ import annotations


class StatementRefusedError(Exception):
    """A statement that gets an error for its answer.

    Args:
        message: what is wrong, in the words of Snowflake where they are known.

    `code` and `sqlstate` are class attributes: clients decide by them.
    """

    code = 2043
    sqlstate = "02000"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SyntaxRefusedError(StatementRefusedError):
    """The text is no statement."""

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


class ObjectExistsError(StatementRefusedError):
    """The name is taken."""

    code = 2002
    sqlstate = "42710"


class ObjectInvalidError(StatementRefusedError):
    """An external table whose stage was replaced, moved or dropped."""

    code = 91093
    sqlstate = "55000"


class OptionRefusedError(StatementRefusedError):
    """An option's value cannot be used."""

    code = 1420
    sqlstate = "22023"


class NotSupportedError(StatementRefusedError):
    """Snowflake can do it, the local Snowflake cannot."""

    code = 2
    sqlstate = "0A000"


class StorageRefusedError(StatementRefusedError):
    """The bucket does not answer, or refuses."""

    code = 91016
    sqlstate = "58030"


class WrongKindError(StatementRefusedError):
    """The object is of another kind than the statement says."""

    code = 2203
    sqlstate = "02000"


class LoginRefusedError(StatementRefusedError):
    """User or password are wrong."""

    code = 390100
    sqlstate = "08001"


class UnansweredError(StatementRefusedError):
    """The engine below failed over a statement."""

    code = 261000
    sqlstate = "XX000"


class SessionGoneError(StatementRefusedError):
    """The session was closed, or the server was started again since."""

    code = 390111
    sqlstate = "08001"
