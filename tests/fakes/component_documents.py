"""Load YAML documents of components as Dagster does: from a file in a definitions folder of a project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster.components.testing import create_defs_folder_sandbox

from orchestration.definitions import COMPONENTS
from snowflake_components.documents.files import require_documents


@contextmanager
def loaded(documents: str, resources: Mapping[str, Any]) -> Iterator[dg.Definitions]:
    """Load every document of the text `it/defs.yaml`; the file exists as long as the block."""
    with create_defs_folder_sandbox() as sandbox:
        folder = sandbox.defs_folder_path / "it"
        folder.mkdir()
        (folder / "defs.yaml").write_text(documents, encoding="utf-8")
        require_documents(folder, COMPONENTS)
        with sandbox.build_component_tree() as tree:
            yield dg.Definitions.merge(tree.build_defs(folder), dg.Definitions(resources=resources))


def mistakes_in(documents: str) -> str:
    """Load the text and return all messages of its error; empty if it loads."""
    try:
        with loaded(documents, {}):
            return ""
    except Exception as exc:  # noqa: BLE001 - the tests check what is raised, and by which library
        messages: list[str] = []
        cause: BaseException | None = exc
        while cause is not None:
            messages.append(str(cause))
            cause = cause.__cause__ or cause.__context__
        return "\n".join(messages)
