"""Turn text into SQL: names, literals, options and expressions. No other module writes text into a statement.

Names are folded and quoted, literals escaped, options rendered from a closed set of types. So no value of a YAML file
is read as SQL, except the expression of a virtual column; `Expression` checks that it is exactly one expression.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

IDENTIFIER_CHARACTERS_MAX = 255
"""Longest name that Snowflake accepts."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_STORED_PLAIN = re.compile(r"[A-Z_][A-Z0-9_$]*")
_SPACED = re.compile(r"[A-Za-z0-9_$][A-Za-z0-9_$ -]*")
_QUOTED = re.compile(r'"(?P<inner>(?:[^"]|"")+)"')
_WORD = re.compile(r"[A-Z][A-Z0-9_]*")
_STAGE_PATH = re.compile(r"(?:[A-Za-z0-9_=.-]+/)*")
_NAME_PART = re.compile(r'(?P<part>"(?:[^"]|"")*"|[^".]+)(?:\.|$)')
# quoted text first, so that nothing inside of quotes is read as SQL
_SYMBOL = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"]|\"\")*\"|--|/\*|//|\$\$|\.\.\.|\{\{|\{%|.", re.DOTALL)


class UnsafeTextError(ValueError):
    """The text cannot be this part of a statement; the message names the repair."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A name as Snowflake stores it.

    Args:
        name: the stored spelling, `AWS` for `aws` without quotes.
    """

    name: str

    def __post_init__(self) -> None:
        if not self.name:
            raise UnsafeTextError("a name must not be empty")
        if len(self.name) > IDENTIFIER_CHARACTERS_MAX:
            raise UnsafeTextError(
                f"a name has at most {IDENTIFIER_CHARACTERS_MAX} characters, this one {len(self.name)}"
            )
        if any(unicodedata.category(character) == "Cc" for character in self.name):
            raise UnsafeTextError(f"a name holds no control character: {self.name!r}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name as an author writes it.

        A plain name is folded to upper case: `aws` is `AWS`. A name in double quotes keeps its spelling; `""` is one
        quote. A name with spaces or hyphens is kept as well. Every other name (punctuation, other alphabets) needs
        double quotes, so that it cannot be a mistake.
        """
        if _PLAIN.fullmatch(text):
            return cls(text.upper())
        if quoted := _QUOTED.fullmatch(text):
            return cls(quoted["inner"].replace('""', '"'))
        if not text or _SPACED.fullmatch(text):
            return cls(text)
        if "{{" in text or "{%" in text:
            raise UnsafeTextError(f"no template is resolved in this name: {text[:80]!r}")
        raise UnsafeTextError(f"not a plain name: {text[:80]!r}; if that is its name, put it in double quotes")

    @property
    def written(self) -> str:
        """The name as an author writes it, which `parse` reads: in lower case, or in double quotes to keep its case."""
        return self.name.lower() if _STORED_PLAIN.fullmatch(self.name) else self.sql

    @property
    def sql(self) -> str:
        """The name in double quotes: unchanged by case folding, and not a reserved word."""
        return '"' + self.name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class QualifiedName:
    """The full name of an object; statements never depend on the database or schema of a session."""

    database: Identifier
    schema: Identifier
    name: Identifier

    @classmethod
    def parse(cls, text: str, database: Identifier, schema: Identifier) -> Self:
        """Read `name`, `schema.name` or `database.schema.name`; missing parts are those of the arguments."""
        parts = [Identifier.parse(part) for part in split_name(text)]
        return cls(*[database, schema][: 3 - len(parts)], *parts)

    @classmethod
    def stored(cls, text: str) -> Self:
        """Read a name as SHOW and DESC print it, with all three parts; a part without quotes is not folded."""
        parts = split_name(text)
        if len(parts) != len(("database", "schema", "name")):
            raise UnsafeTextError(f"not the full name of an object: {text[:80]!r}")
        return cls(*(Identifier.parse(part) if part.startswith('"') else Identifier(part) for part in parts))

    def written_from(self, container: QualifiedName) -> str:
        """Return the name as an author writes it in the document of an object of a schema, as short as it can be."""
        is_near = (self.database, self.schema) == (container.database, container.schema)
        parts = (self.name,) if is_near else (self.database, self.schema, self.name)
        return ".".join(part.written for part in parts)

    @property
    def container_sql(self) -> str:
        """The schema of the object."""
        return f"{self.database.sql}.{self.schema.sql}"

    @property
    def sql(self) -> str:
        """All three parts, quoted."""
        return f"{self.container_sql}.{self.name.sql}"

    def __str__(self) -> str:
        return f"{self.database.name}.{self.schema.name}.{self.name.name}"


def split_name(text: str) -> list[str]:
    """Split `a."b.c".d` into its one to three parts with their quotes; other text is an `UnsafeTextError`."""
    parts, position = [], 0
    while match := _NAME_PART.match(text, position):
        parts.append(match["part"])
        position = match.end()
        if not match[0].endswith("."):
            break
    if position != len(text) or text.endswith(".") or not 1 <= len(parts) <= len(("database", "schema", "name")):
        raise UnsafeTextError(f"not a name of the form [[database.]schema.]name: {text[:80]!r}")
    return parts


@dataclass(frozen=True, slots=True)
class StagePath:
    """A directory of a stage, `@"DB"."SCHEMA"."STAGE"/2025/08/`.

    Args:
        stage: the stage.
        path: relative to the stage's URL, empty or with a slash at its end.
    """

    stage: QualifiedName
    path: str = ""

    def __post_init__(self) -> None:
        require_relative_directory(self.path)

    @property
    def sql(self) -> str:
        """The directory in a statement."""
        return f"@{self.stage.sql}/{self.path}"


def require_relative_directory(path: str) -> str:
    """Accept `` and `2025/08/01/03/`; `..`, a leading slash or no slash at the end is an `UnsafeTextError`."""
    if not _STAGE_PATH.fullmatch(path) or ".." in path.split("/") or "." in path.split("/"):
        raise UnsafeTextError(f"not a directory relative to its stage, such as '2025/08/01/03/': {path[:80]!r}")
    return path


@dataclass(frozen=True, slots=True)
class Word:
    """A keyword, rendered without quotes: `JSON`, `ZSTD`."""

    text: str

    def __post_init__(self) -> None:
        if not _WORD.fullmatch(self.text):
            raise UnsafeTextError(f"not a keyword: {self.text[:80]!r}")


OptionValue: TypeAlias = "bool | int | str | Word | Identifier | Sequence[str] | Mapping[str, OptionValue]"


def literal(text: str) -> str:
    """Quote a string: `'` and backslash are doubled, every other character is kept."""
    if "\0" in text:
        raise UnsafeTextError("a string must not hold NUL")
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def option(name: str, value: OptionValue) -> str:
    """Render `NAME = value`: TRUE/FALSE, a number, a string literal, a keyword, a name, a list, a group."""
    return f"{Word(name).text} = {_option_value(value)}"


def _option_value(value: OptionValue) -> str:  # noqa: PLR0911 - one return per type of the closed set
    # a bool is an int in Python, so it is checked first
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, Word):
        return value.text
    if isinstance(value, Identifier):
        return value.sql
    if isinstance(value, Mapping):
        return "(" + " ".join(option(name, inner) for name, inner in value.items()) + ")"
    return "(" + ", ".join(literal(item) for item in value) + ")"


@dataclass(frozen=True, slots=True)
class Expression:
    """The SQL of a virtual column, passed through unchanged.

    It must be one expression: quotes closed, brackets balanced, no semicolon, no comment, no comma outside brackets,
    no template. An expression with an ellipsis (`...`) is accepted but not `complete`, and is never sent to
    Snowflake.
    """

    sql: str

    def __post_init__(self) -> None:
        depth = 0
        for symbol in self._symbols():
            depth += (symbol in "([") - (symbol in ")]")
            if symbol in _FORBIDDEN:
                raise UnsafeTextError(f"an expression must not hold {_FORBIDDEN[symbol]}: {self.sql[:120]!r}")
            if depth < 0 or (symbol == "," and depth == 0):
                raise UnsafeTextError(f"more than one expression: {self.sql[:120]!r}")
        if depth and self.complete:
            raise UnsafeTextError(f"{depth} open bracket(s) are never closed: {self.sql[:120]!r}")
        if not self.sql.strip():
            raise UnsafeTextError("an expression must not be empty")

    @property
    def complete(self) -> bool:
        """Whether it has no ellipsis."""
        return "..." not in self._symbols()

    def _symbols(self) -> Iterator[str]:
        return (match[0] for match in _SYMBOL.finditer(self.sql))


_FORBIDDEN = {
    ";": "a semicolon",
    "--": "a comment",
    "/*": "a comment",
    "//": "a comment",
    "$$": "a dollar-quoted string",
    "'": "an open single quote",
    '"': "an open double quote",
    "\0": "NUL",
    "{{": "a template",
    "{%": "a template",
}
