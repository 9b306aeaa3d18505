"""Errors of the calls to Snowflake.

SnowflakeError
├── SnowflakeUnavailableError    not reached, or gone in between: the only one that is retried
├── CredentialError              no login is set, or its key or token file cannot be used
├── LoginRefusedError            reached, but user, secret, role or account are wrong
├── MissingPrivilegeError        the role may not do it
├── ObjectMissingError           something a statement names does not exist, or the role does not see it
├── ObjectDiffersError           an object is not what its document says
├── ObjectInvalidError           an external table whose stage was replaced or moved
├── FilesNotRegisteredError      a refresh ended, but not every file was registered
├── WarehouseError               no warehouse runs the statement: none is set, missing or suspended
├── StatementTimeoutError        canceled, because it ran longer than its timeout
└── StatementFailedError         every other statement that Snowflake refused
"""

from __future__ import annotations


class SnowflakeError(Exception):
    """Base of the errors of Snowflake; the message has the reason and the repair.

    Args:
        message: one or two sentences, free of secrets.
        sql: the statement, if there was one.
        query_id: Snowflake's id of the statement, if it has one.
    """

    def __init__(self, message: str, *, sql: str | None = None, query_id: str | None = None) -> None:
        super().__init__(message)
        self.sql = sql
        self.query_id = query_id


class SnowflakeUnavailableError(SnowflakeError):
    """Snowflake was not reached or did not answer. The statement may have run; it is safe to send it again."""


class CredentialError(SnowflakeError):
    """No login is set, or the file of its key or token cannot be used; nothing was sent."""


class LoginRefusedError(SnowflakeError):
    """Snowflake refused the user, the secret, the role or the account."""


class MissingPrivilegeError(SnowflakeError):
    """The role lacks a privilege; the message is Snowflake's."""


class ObjectMissingError(SnowflakeError):
    """An object does not exist or the role may not see it; Snowflake has one error for both."""


class ObjectDiffersError(SnowflakeError):
    """An object is not what its document says, and the document does not say that a run may change it."""


class ObjectInvalidError(SnowflakeError):
    """An external table cannot be read because its stage was replaced or moved."""


class FilesNotRegisteredError(SnowflakeError):
    """A refresh succeeded, but reported files that it could not register or unregister."""


class WarehouseError(SnowflakeError):
    """The statement needs a running warehouse, and the session has none."""


class StatementTimeoutError(SnowflakeError):
    """A statement ran longer than its timeout and was canceled."""


class StatementFailedError(SnowflakeError):
    """Snowflake refused a statement for another reason."""
