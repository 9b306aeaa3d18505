"""Read the document of a metapipeline from its file alone, so that a command does not load the definitions."""

from __future__ import annotations

from pathlib import Path

from orchestration.metapipeline.errors import DocumentError
from orchestration.metapipeline.pipeline.document import MetapipelineDocument
from orchestration.stream.catalog import DEFS, written_documents
from snowflake_components.documents.reading import read_attributes, refuse_duplicate_keys

METAPIPELINE_TYPE = "orchestration.MetapipelineComponent"
PROJECT_DOCUMENT = DEFS / "metapipeline" / "defs.yaml"


def read_document(file: Path = PROJECT_DOCUMENT) -> MetapipelineDocument:
    """Read the one document of a metapipeline in a file.

    Raises:
        DocumentError: there is no such document in it, or there are several.
        ResolutionException: all mistakes of the document, with file, line and field.
    """
    if not file.is_file():
        raise DocumentError(f"{file} is no file: give --document FILE")
    refuse_duplicate_keys(file)
    found = [written for written in written_documents(file) if written[0] == METAPIPELINE_TYPE]
    if len(found) != 1:
        raise DocumentError(f"{file} has {len(found)} documents of type {METAPIPELINE_TYPE}, and one is needed")
    _, context, attributes = found[0]
    return read_attributes(context, MetapipelineDocument, attributes)
