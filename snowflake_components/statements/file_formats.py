"""The statement that creates a file format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from snowflake_components.identifiers import OptionValue, QualifiedName, Word, option
from snowflake_components.statements.kinds import ObjectType

DEFAULTS: Mapping[str, OptionValue] = {
    "COMPRESSION": Word("AUTO"),
    "STRIP_OUTER_ARRAY": False,
    "STRIP_NULL_VALUES": False,
    "ALLOW_DUPLICATE": False,
    "ENABLE_OCTAL": False,
    "REPLACE_INVALID_CHARACTERS": False,
    "SKIP_BYTE_ORDER_MARK": True,
    "TRIM_SPACE": False,
    "NULL_IF": [r"\N"],
    "DATE_FORMAT": Word("AUTO"),
    "TIME_FORMAT": Word("AUTO"),
    "TIMESTAMP_FORMAT": Word("AUTO"),
    "BINARY_FORMAT": Word("HEX"),
    "RECORD_DELIMITER": "\n",
    "FIELD_DELIMITER": ",",
    "PARSE_HEADER": False,
    "SKIP_HEADER": 0,
    "SKIP_BLANK_LINES": False,
    "ESCAPE": Word("NONE"),
    "ESCAPE_UNENCLOSED_FIELD": "\\",
    "FIELD_OPTIONALLY_ENCLOSED_BY": Word("NONE"),
    "ERROR_ON_COLUMN_COUNT_MISMATCH": True,
    "EMPTY_FIELD_AS_NULL": True,
    "ENCODING": "UTF8",
    "BINARY_AS_TEXT": True,
    "USE_LOGICAL_TYPE": False,
    "USE_VECTORIZED_SCANNER": False,
}
"""The documented default of each option, which an option that is taken from a document is set to."""


@dataclass(frozen=True, slots=True)
class CreateFileFormat:
    """Create a file format that does not exist.

    Args:
        name: of the format.
        options: its type and the options of that type.
        comment: of the format.
    """

    name: QualifiedName
    options: Mapping[str, OptionValue]
    comment: str | None = None

    @property
    def object_type(self) -> ObjectType:
        """A file format."""
        return ObjectType.FILE_FORMAT

    @property
    def fields(self) -> Mapping[str, str]:
        """One clause for each option."""
        clauses = {name.lower(): option(name, value) for name, value in self.options.items()}
        return {**clauses, "comment": option("COMMENT", self.comment) if self.comment else ""}

    @property
    def column_clauses(self) -> Mapping[str, str]:
        """A file format has no columns."""
        return {}

    @property
    def shown(self) -> Mapping[str, str]:
        """Its type."""
        kind = self.options["TYPE"]
        return {"type": kind.text if isinstance(kind, Word) else str(kind)}

    @property
    def sql(self) -> str:
        """One clause per line."""
        head = f"CREATE FILE FORMAT IF NOT EXISTS {self.name.sql}"
        return "\n  ".join([head, *(clause for clause in self.fields.values() if clause)])

    def with_comment(self, comment: str) -> Self:
        """Return the file format with another comment."""
        return replace(self, comment=comment)
