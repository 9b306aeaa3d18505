"""Parse CREATE and ALTER of storage integrations."""

from __future__ import annotations

from infra.local_snowflake.language.file_statements import AlterIntegration, CreateIntegration
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.parsing.clauses import named
from infra.local_snowflake.language.parsing.definitions.properties import policy
from infra.local_snowflake.language.parsing.storage.file_formats import comment_of, properties, words
from infra.local_snowflake.language.statements import Creation
from infra.local_snowflake.language.tokens import Reader


def create_integration(reader: Reader, creation: Creation) -> CreateIntegration:
    """Read CREATE STORAGE INTEGRATION after these words."""
    name, creation = named(reader, creation)
    given = properties(reader)
    return CreateIntegration(name, creation, comment=comment_of(given), options=given)


def alter_integration(reader: Reader) -> AlterIntegration:
    """Read ALTER STORAGE INTEGRATION: SET or UNSET."""
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    if reader.accept("UNSET"):
        return AlterIntegration(name, if_exists, unset=words(reader))
    reader.expect("SET")
    if found := policy(reader):
        raise unsupported("INTEGRATION", found)
    given = properties(reader)
    if not given:
        raise reader.unexpected()
    comment = comment_of(given) if "COMMENT" in given else None
    return AlterIntegration(name, if_exists, options=given, comment=comment)
