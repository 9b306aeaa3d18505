"""The statement that creates a file format."""

from __future__ import annotations

import re
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
    "FILE_EXTENSION": Word("NONE"),
}
"""The documented default of each option, which an option that is taken from a document is set to."""
_TEXT_TYPE = "CSV"
_CHARACTERS = frozenset(
    {"RECORD_DELIMITER", "FIELD_DELIMITER", "ESCAPE", "ESCAPE_UNENCLOSED_FIELD", "FIELD_OPTIONALLY_ENCLOSED_BY"}
)
_NAMED = {"\\n": "\n", "\\t": "\t", "\\r": "\r", "\\\\": "\\", "\\r\\n": "\r\n"}
_ESCAPE = re.compile(r"\\[ntr]")
_CODES = re.compile(r"(?:(?:0x|\\x)[0-9a-f]{2})+", re.IGNORECASE)


def default_of(kind: str, name: str) -> OptionValue | None:
    """Return the default of an option of a type; None for an option that no type has.

    DESC prints an empty NULL_IF for every type but CSV.
    """
    if name == "NULL_IF" and kind != _TEXT_TYPE:
        return []
    return DEFAULTS.get(name)


def characters(name: str, text: str) -> str:
    r"""Return the characters of a delimiter that is written as `\n` or `0x1f`; the text of any other option."""
    if name not in _CHARACTERS:
        return text
    if _CODES.fullmatch(text):
        return bytes.fromhex(re.sub(r"0x|\\x", "", text, flags=re.IGNORECASE)).decode("latin-1")
    return _NAMED.get(text, text)


def effective(options: Mapping[str, OptionValue]) -> dict[str, str]:
    """Return what the options of a file format do: no defaults, one spelling for each value."""
    if "FORMAT_NAME" in options:
        return {"FORMAT_NAME": str(options["FORMAT_NAME"])}
    kind = _spelled("TYPE", options.get("TYPE", Word(_TEXT_TYPE)))
    found = {name: _spelled(name, value) for name, value in options.items() if name != "TYPE"}
    usual = {name: default_of(kind, name) for name in found}
    plain = {name: "NONE" if value is None else _spelled(name, value) for name, value in usual.items()}
    return {"TYPE": kind} | {name: value for name, value in sorted(found.items()) if value != plain[name]}


def _spelled(name: str, value: OptionValue) -> str:
    if isinstance(value, Word):
        return value.text
    if not isinstance(value, str):
        return _unescaped(option(name, value).partition(" = ")[2])
    if name == "ENCODING":
        return value.upper().replace("UTF-8", "UTF8")
    # NONE is no character, however it is written
    return "NONE" if name in _CHARACTERS and value.upper() == "NONE" else _unescaped(characters(name, value))


def _unescaped(text: str) -> str:
    r"""Return a text without escapes: DESC does not tell a line break from `\n`, nor one backslash from two."""
    return _ESCAPE.sub(lambda match: _NAMED[match[0]], re.sub(r"\\+", r"\\", text))


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
