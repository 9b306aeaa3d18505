"""Where a repository names a model: what dbt's parser does not see is found here.

dbt reads neither the branches of `if execute` nor macros that nobody calls while it parses, and it accepts unit-test
inputs and selectors that name a missing model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from orchestration.metapipeline.changing.proposals.reading.project import ref_pattern
from orchestration.metapipeline.changing.proposals.yaml_edits.nodes import compose
from orchestration.metapipeline.errors import ProposalError
from orchestration.metapipeline.text import one_line

EXCERPT_CHARACTERS_MAX = 80
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_JINJA_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_SQL_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_HASH_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*", re.MULTILINE)
_SOURCE_CALL = re.compile(r"\bsource\s*\([^)]*\)")
_REF_CALL = re.compile(r"\bref\s*\(([^()]*)\)")
_STRING = re.compile(r"""'[^'\n]*'|"[^"\n]*\"""")
_NO_MODELS = {
    "alias", "column_name", "database", "field", "group", "identifier", "label", "loaded_at_field", "name", "schema",
    "tags",
}  # fmt: skip
_STRICT = {"dbt_project", "selectors"}
_PROSE = {".md", ".rst", ".txt"}


class MentionKind(StrEnum):
    """What a mention means for the removal of the model."""

    USE = "use"
    """Something reads or documents the model: it stays."""
    COMMENT = "comment"
    """A comment, or prose outside of the project: listed for the reviewer."""


@dataclass(frozen=True, slots=True, order=True)
class Mention:
    """One place that names a model; the line counts from 1, the excerpt is text from the world."""

    path: str
    line: int
    kind: MentionKind
    excerpt: str


def mentions(files: Mapping[str, str], name: str, documented: tuple[str, ...] = ()) -> tuple[Mention, ...]:
    """Find the places that name a model, sorted.

    A name of a single plain word, such as `orders`, is also the name of columns, aliases and sources; such words count
    where they can only mean the model: in `ref`, in strings of Jinja and Python, behind `from` and `join`, in
    selections. A name with `_` or a digit counts in prose and scripts, too.

    Args:
        files: path -> text, as they are after the change.
        name: of the model.
        documented: folders of the dbt project; prose in them is its documentation.
    """
    found: set[Mention] = set()
    search, needle = _Search(name, documented), name.lower()
    for path, text in files.items():
        if needle in text.lower():
            found.update(search.in_file(path, text))
    return tuple(sorted(found))


def version_mentions(files: Mapping[str, str], name: str, version: str) -> tuple[Mention, ...]:
    """Find the places that name one version of a model that keeps others."""
    search = _Search(name, ())
    pinned = re.compile(rf"""\bv(?:ersion)?\s*=\s*['"]?{re.escape(version)}\b""")
    found = {
        search.mention(path, text, call.start(), MentionKind.USE)
        for path, text in files.items()
        for call in ref_pattern(name).finditer(text)
        if pinned.search(call[1])
    }
    return tuple(sorted(found | set(mentions(files, f"{name}_v{version}"))))


def relation_mentions(files: Mapping[str, str], alias: str) -> tuple[Mention, ...]:
    """Find the SQL that reads a relation without `ref`, by the alias of its model."""
    search, needle = _Search(alias, ()), alias.lower()
    return tuple(
        sorted(
            {
                found
                for path, text in files.items()
                if path.endswith(".sql") and needle in text.lower()
                for found in search.reads(path, text)
            }
        )
    )


def built_refs(files: Mapping[str, str], name: str) -> tuple[Mention, ...]:
    """Find calls of `ref` that build a name when dbt runs: a use where the parts in quotes fit the name.

    Args:
        files: of the macros; in a model dbt builds the name while it parses, and knows the reader.
        name: of the model.
    """
    search = _Search(name, ())
    found = set()
    for path, text in files.items():
        for code in _JINJA.finditer(_JINJA_COMMENT.sub(_blank, text)):
            for call in _REF_CALL.finditer(code[0]):
                built = call[1].rpartition(",")[2]
                parts = [re.escape(part[1:-1]) for part in _STRING.findall(built)]
                if _STRING.sub("", built).strip() and "=" not in built:
                    fits = bool(parts) and re.fullmatch(f".*{'.*'.join(parts)}.*", name)
                    kind = MentionKind.USE if fits else MentionKind.COMMENT
                    found.add(search.mention(path, text, code.start() + call.start(), kind))
    return tuple(sorted(mention for mention in found if mention.kind is MentionKind.USE or "~" not in mention.excerpt))


def excerpt_of(line: str) -> str:
    """Return the beginning of a line without its indentation."""
    return one_line(line)[:EXCERPT_CHARACTERS_MAX]


class _Search:
    """The search for one name."""

    def __init__(self, name: str, documented: tuple[str, ...]) -> None:
        self._name = name
        self._ref = ref_pattern(name)
        self._documented = tuple(f"{folder}/" if folder != "." else "" for folder in documented)
        self._distinctive = bool(re.search(r"[_\d]", name))
        escaped = re.escape(name)
        self.word = re.compile(rf"(?<![\w$]){escaped}(?![\w$])", re.IGNORECASE)
        # in a string, `gone.id` is a column of a relation of the query, and `model.shop.gone.v2` is the model
        self._whole = re.compile(rf"(?:(?<![\w$]){escaped}(?![\w$.])|\bmodel\.\w+\.{escaped}(?![\w$]))", re.IGNORECASE)
        self._quoted = re.compile(rf"`{escaped}`", re.IGNORECASE)
        self._relation = re.compile(
            rf'\b(?:from|join|into|update|table|using)\s+((?:["\w$]+\s*\.\s*)*)"?{escaped}"?(?![\w$.])', re.IGNORECASE
        )
        self._cte = re.compile(
            rf'(?<![\w$])"?{escaped}"?\s*(?:\([^)]*\)\s*)?as\s+(?:not\s+)?(?:materialized\s*)?\(', re.IGNORECASE
        )
        self._selection = re.compile(
            rf"(?:--?(?:s|m|select|models?|exclude|resource)\b|\bdbt\b)[^\n]*?(?<![\w$]){escaped}(?![\w$])",
            re.IGNORECASE,
        )

    def in_file(self, path: str, text: str) -> Iterator[Mention]:
        suffix = PurePosixPath(path).suffix.lower()
        if suffix == ".sql":
            yield from self._in_sql(path, text)
        elif suffix in (".yml", ".yaml"):
            yield from self._in_yaml(path, text)
        elif suffix == ".py":
            yield from self._in_python(path, text)
        elif suffix in _PROSE:
            yield from self._in_prose(path, text)
        else:
            yield from self._in_script(path, text)

    def mention(self, path: str, text: str, index: int, kind: MentionKind) -> Mention:
        start, end = text.rfind("\n", 0, index) + 1, text.find("\n", index)
        return Mention(path, text.count("\n", 0, index) + 1, kind, excerpt_of(text[start : end if end >= 0 else None]))

    def _in_sql(self, path: str, text: str) -> Iterator[Mention]:
        for comment in _JINJA_COMMENT.finditer(text):
            yield from self._words(path, text, comment.span(), MentionKind.COMMENT)
        body = _JINJA_COMMENT.sub(_blank, text)
        for code in _JINJA.finditer(body):
            for index in self._in_code(code[0]):
                yield self.mention(path, text, code.start() + index, MentionKind.USE)
        body = _JINJA.sub(_placeholder, body)
        for comment in _SQL_COMMENT.finditer(body):
            for word in self.word.finditer(body, *comment.span()):
                yield self.mention(path, text, word.start(), MentionKind.COMMENT)
        yield from self.reads(path, text)

    def reads(self, path: str, text: str) -> Iterator[Mention]:
        body = _JINJA.sub(_placeholder, _JINJA_COMMENT.sub(_blank, text))
        for index in self._relations(_SQL_COMMENT.sub(_blank, body)):
            yield self.mention(path, text, index, MentionKind.USE)

    def _in_code(self, code: str) -> Iterator[int]:
        """Yield the places of strings that hold the name, outside of calls of `source`."""
        bare = _SOURCE_CALL.sub(_blank, code)
        for string in _STRING.finditer(bare):
            if self._whole.search(string[0]):
                yield string.start()

    def _relations(self, sql: str) -> Iterator[int]:
        is_local = bool(self._cte.search(sql))
        for read in self._relation.finditer(sql):
            if read[1] or not is_local:
                yield read.end() - 1

    def _in_python(self, path: str, text: str) -> Iterator[Mention]:
        for comment in _HASH_COMMENT.finditer(text):
            yield from self._words(path, text, comment.span(), MentionKind.COMMENT)
        for index in self._in_code(_HASH_COMMENT.sub(_blank, text)):
            yield self.mention(path, text, index, MentionKind.USE)

    def _in_prose(self, path: str, text: str) -> Iterator[Mention]:
        kind = MentionKind.USE if path.startswith(self._documented or ("\0",)) else MentionKind.COMMENT
        yield from (self.mention(path, text, index, kind) for index in self._in_words(text))

    def _in_words(self, prose: str) -> Iterator[int]:
        pattern = self.word if self._distinctive else self._quoted
        yield from (found.start() for found in pattern.finditer(prose))

    def _in_script(self, path: str, text: str) -> Iterator[Mention]:
        for comment in _HASH_COMMENT.finditer(text):
            yield from self._words(path, text, comment.span(), MentionKind.COMMENT)
        body = _HASH_COMMENT.sub(_blank, text)
        for found in (self.word if self._distinctive else self._selection).finditer(body):
            yield self.mention(path, text, found.end() - 1, MentionKind.USE)

    def _in_yaml(self, path: str, text: str) -> Iterator[Mention]:
        strict = PurePosixPath(path).stem in _STRICT
        try:
            root = compose(text)
        except ProposalError:
            yield from self._in_script(path, text)
            return
        scalars = list(_scalars(root, ()))
        spans = [(node.start_mark.index, node.end_mark.index) for _, node, _ in scalars]
        for comment in _HASH_COMMENT.finditer(text):
            if not any(start <= comment.start() < end for start, end in spans):
                yield from self._words(path, text, comment.span(), MentionKind.COMMENT)
        if not strict and not path.startswith(self._documented or ("",)):
            yield from self._in_script(path, text)
            return
        for keys, node, is_key in scalars:
            if self.word.search(node.value) and self._is_use(keys, node.value, strict=strict, is_key=is_key):
                yield self.mention(path, text, node.start_mark.index, MentionKind.USE)

    def _is_use(self, keys: tuple[str, ...], value: str, *, strict: bool, is_key: bool) -> bool:
        bare = _SOURCE_CALL.sub(_blank, value)
        exact = bare.strip().lower() == self._name.lower()
        if strict:
            return (
                bool(self.word.search(bare))
                and keys not in (("name",), ("profile",))
                and not (is_key and len(keys) <= 1)
            )
        if is_key:
            return False
        if keys[-1:] == ("name",):
            return exact and keys == ("models", "name")
        if keys[-1:] == ("description",):
            return any(True for _ in self._in_words(bare)) or bool(self._ref.search(bare))
        if keys[-1:] and keys[-1] in _NO_MODELS:
            return False
        return exact or bool(self._ref.search(bare)) or any(True for _ in self._relations(bare))

    def _words(self, path: str, text: str, span: tuple[int, int], kind: MentionKind) -> Iterator[Mention]:
        for found in self.word.finditer(text, *span):
            yield self.mention(path, text, found.start(), kind)


def _scalars(node: Node | None, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], ScalarNode, bool]]:
    if isinstance(node, ScalarNode):
        yield keys, node, False
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from _scalars(item, keys)
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield keys, key, True
                yield from _scalars(value, (*keys, key.value))


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _placeholder(found: re.Match[str]) -> str:
    """Keep the length, and a word in the place of an expression, which may be part of a relation's name."""
    return _blank(found) if found[0].startswith("{%") else "_" + re.sub(r"[^\n]", "_", found[0][1:])
