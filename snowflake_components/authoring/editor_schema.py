"""The JSON schema of a file of documents, for editors: `# yaml-language-server: $schema=...` in its first line.

python -m snowflake_components.authoring.editor_schema        write document.schema.json beside this module
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from snowflake_components.authoring.written import TYPE
from snowflake_components.component import SnowflakeCreateOrRefreshComponent
from snowflake_components.statements.kinds import ObjectType

FILE = Path(__file__).with_name("document.schema.json")


def editor_schema() -> dict[str, Any]:
    """Return the schema of one document; those of other components in the file are not judged."""
    attributes = SnowflakeCreateOrRefreshComponent.get_model_cls().model_json_schema()
    attributes["properties"]["type"]["enum"] = [kind.value for kind in ObjectType]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Document of a Snowflake object",
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"type": "string", "examples": [TYPE]}},
        "if": {"properties": {"type": {"const": TYPE}}, "required": ["type"]},
        "then": {
            "required": ["attributes"],
            "properties": {"attributes": attributes},
        },
    }


def schema_text() -> str:
    """Return the text of the file."""
    return json.dumps(editor_schema(), indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write the file of this package."""
    FILE.write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
