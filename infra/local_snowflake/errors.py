"""Hold the refusals of the local Snowflake, with the numbers that Snowflake's clients read."""

from __future__ import annotations


class StatementRefused(Exception):
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


class SyntaxRefused(StatementRefused):
    """The text is no statement."""

    code = 1003
    sqlstate = "42000"


class StatementCount(StatementRefused):
    """More than one statement in one request."""

    code = 8
    sqlstate = "0A000"


class ObjectMissing(StatementRefused):
    """The object does not exist."""

    code = 2003
    sqlstate = "02000"


class ObjectExists(StatementRefused):
    """The name is taken."""

    code = 2002
    sqlstate = "42710"


class ObjectInvalid(StatementRefused):
    """An external table whose stage was replaced, moved or dropped."""

    code = 91093
    sqlstate = "55000"


class OptionRefused(StatementRefused):
    """An option's value cannot be used."""

    code = 1420
    sqlstate = "22023"


class NotSupported(StatementRefused):
    """Snowflake can do it, the local Snowflake cannot."""

    code = 2
    sqlstate = "0A000"


class StorageRefused(StatementRefused):
    """The bucket does not answer, or refuses."""

    code = 91016
    sqlstate = "58030"


class WrongKind(StatementRefused):
    """The object is of another kind than the statement says."""

    code = 2203
    sqlstate = "02000"


class LoginRefused(StatementRefused):
    """User or password are wrong."""

    code = 390100
    sqlstate = "08001"


class Unanswered(StatementRefused):
    """The engine below failed over a statement."""

    code = 261000
    sqlstate = "XX000"


class SessionGone(StatementRefused):
    """The session was closed, or the server was started again since."""

    code = 390111
    sqlstate = "08001"
