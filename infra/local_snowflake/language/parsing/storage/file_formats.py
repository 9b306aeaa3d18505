"""Parse CREATE and ALTER of file formats."""

from __future__ import annotations

from infra.local_snowflake.errors import SyntaxRefusedError
from infra.local_snowflake.language.file_statements import AlterFileFormat, CreateFileFormat
from infra.local_snowflake.language.parsing.clauses import named, option_value
from infra.local_snowflake.language.statements import Creation, OptionValue
from infra.local_snowflake.language.tokens import Reader


def create_file_format(reader: Reader, creation: Creation, *, temporary: bool = False) -> CreateFileFormat:
    """Read CREATE FILE FORMAT after these words."""
    name, creation = named(reader, creation)
    given = properties(reader)
    return CreateFileFormat(name, creation, comment=comment_of(given), options=given, temporary=temporary)


def alter_file_format(reader: Reader) -> AlterFileFormat:
    """Read ALTER FILE FORMAT: SET, UNSET or RENAME TO."""
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    if reader.accept("RENAME", "TO"):
        return AlterFileFormat(name, if_exists, renamed=reader.name())
    if reader.accept("UNSET"):
        return AlterFileFormat(name, if_exists, unset=words(reader))
    reader.expect("SET")
    given = properties(reader)
    if not given:
        raise reader.unexpected()
    comment = comment_of(given) if "COMMENT" in given else None
    return AlterFileFormat(name, if_exists, options=given, comment=comment)


def words(reader: Reader) -> tuple[str, ...]:
    """Read the names of properties up to the end."""
    found = []
    while not reader.done:
        found.append(reader.take().keyword)
        reader.accept(",")
    if not found or "" in found:
        raise reader.unexpected()
    return tuple(found)


def properties(reader: Reader) -> dict[str, OptionValue]:
    """Read `NAME = value` up to the end, with or without commas."""
    found: dict[str, OptionValue] = {}
    while not reader.done:
        token = reader.peek()
        if token is None or not token.keyword or token.keyword in found:
            raise reader.unexpected()
        name = reader.take().keyword
        reader.expect("=")
        found[name] = option_value(reader)
        reader.accept(",")
    return found


def comment_of(given: dict[str, OptionValue]) -> str:
    """Take COMMENT out of the properties."""
    comment = given.pop("COMMENT", "")
    if not isinstance(comment, str):
        raise SyntaxRefusedError("SQL compilation error:\ninvalid value for parameter 'COMMENT'.")
    return comment
