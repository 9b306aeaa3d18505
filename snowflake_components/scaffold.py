"""`dg scaffold defs snowflake_components.SnowflakeCreateOrRefreshComponent NAME`: a commented document of each kind."""

from __future__ import annotations

import os
import re
from pathlib import Path

from dagster.components.scaffold.scaffold import Scaffolder, ScaffoldRequest

TEMPLATE = Path(__file__).with_name("scaffold.yaml")
SCHEMA = Path(__file__).parent / "authoring" / "document.schema.json"
"""For editors; written by `authoring/editor_schema.py`."""
_NAME, _PREFIX = "NAME_OF_THE_LANDING", "PREFIX-OF-THE-LANDING"


class ObjectsScaffolder(Scaffolder):
    """Writes `defs.yaml` with a file format, a stage, an external table and a table, named after the folder."""

    def scaffold(self, request: ScaffoldRequest) -> None:
        """Write the documents; they load as they are."""
        request.target_path.mkdir(parents=True, exist_ok=True)
        text = scaffolded(request.target_path.name)
        file = request.target_path / "defs.yaml"
        if request.append and file.exists():
            text = f"{file.read_text(encoding='utf-8').rstrip()}\n---\n{text}"
        else:
            text = f"# yaml-language-server: $schema={os.path.relpath(SCHEMA, request.target_path)}\n{text}"
        file.write_text(text, encoding="utf-8")


def scaffolded(folder: str) -> str:
    """Return the documents of objects that are named after a folder."""
    name = re.sub(r"[^a-z0-9]+", "_", folder.lower()).strip("_")
    if not name[:1].isalpha():
        name = f"landing_{name}"
    text = TEMPLATE.read_text(encoding="utf-8")
    return text.replace(_NAME, name).replace(_PREFIX, name.replace("_", "-"))
