"""Choose the objects of a SHOW by LIKE, scope and STARTS WITH."""

from __future__ import annotations

import re

from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.language.statements import Scope, Show

OWNER = "SYSADMIN"


def like_matches(pattern: str, text: str) -> bool:
    r"""Compare as SHOW ... LIKE does: case is ignored, `%` is any text, `_` any character, `\` takes the next as is."""
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            parts.append(re.escape(next(characters, "\\")))
        else:
            parts.append({"%": ".*", "_": "."}.get(character, re.escape(character)))
    return re.fullmatch("".join(parts), text, re.IGNORECASE | re.DOTALL) is not None


def shown(show: Show, scope: Scope, name: ObjectName) -> bool:
    """Return whether a SHOW lists an object."""
    return (
        scope.database in {None, name.database}
        and scope.schema in {None, name.schema}
        and (show.like is None or like_matches(show.like, name.name))
        and name.name.startswith(show.starts_with)
    )
