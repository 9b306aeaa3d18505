"""Read the template around an SQL text: what is text, what is filled in, what is chosen, what is repeated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestration.metapipeline.bi.workspace import Template
from orchestration.metapipeline.sql.dialects import Dialect
from orchestration.metapipeline.sql.templates.conditions import CONDITION_CHARACTERS_MAX
from orchestration.metapipeline.sql.templates.scanner import Piece, PieceKind, scan


class TemplateFault(Exception):  # noqa: N818 (it never leaves the package)
    """The tags of a text do not close each other."""


@dataclass(frozen=True, slots=True)
class Text:
    """SQL as written."""

    text: str


@dataclass(frozen=True, slots=True)
class Hole:
    """Something that is filled in when the query runs.

    Args:
        source: the whole tag, as written.
        expression: inside of it.
    """

    source: str
    expression: str


@dataclass(frozen=True, slots=True)
class Branches:
    """The first arm whose condition holds; a condition is text, "" always holds."""

    arms: tuple[tuple[str, Body], ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """A body for each item of something."""

    over: str
    body: Body
    otherwise: Body


@dataclass(frozen=True, slots=True)
class Assign:
    """A variable takes a value.

    Args:
        name: of the variable.
        value: a quoted string, or an expression that only the tool can compute; None when the body is the value.
        body: see value.
    """

    name: str
    value: str | None
    body: Body = ()


Element = Text | Hole | Branches | Loop | Assign
Body = tuple[Element, ...]

_TAGGED = frozenset({Template.LIQUID, Template.JINJA, Template.LOOKER, Template.METABASE})
_FLAT = {
    Template.GRAFANA: re.compile(r"\$\{\w+(?::\w+)?\}|\[\[\w+(?::\w+)?\]\]|\$[A-Za-z_]\w*"),
    Template.SISENSE: re.compile(r"(?<![\w\])\"])\[[A-Za-z_][^\[\]\n]*\]"),
    Template.LOOKER: re.compile(r"\$\{[^{}]*\}|@\{[^{}]*\}"),
}


def read_template(text: str, template: Template, dialect: Dialect) -> Body:
    """Read a text.

    Raises:
        TemplateFault: a tag outside of SQL comments is not closed, or closes nothing.
    """
    pieces = list(scan(text, dialect, templated=template in _TAGGED))
    try:
        return _Reader(template, dialect, comments_count=True).read(pieces)
    except TemplateFault:
        return _Reader(template, dialect, comments_count=False).read(pieces)


@dataclass(slots=True)
class _Block:
    """An open tag, and what was read since."""

    word: str
    rest: str = ""
    arms: list[tuple[str, Body]] = field(default_factory=list)
    condition: str = ""
    elements: list[Element] = field(default_factory=list)

    def next_arm(self, condition: str) -> None:
        self.arms.append((self.condition, tuple(self.elements)))
        self.condition = condition
        self.elements = []


_TAG_WORDS = re.compile(r"\{%[-+]?\s*(\w+|#)?\s*(.*?)\s*[-+]?%\}", re.DOTALL)
_ASSIGNED = re.compile(r"([\w.]+)\s*=\s*(.*)", re.DOTALL)
_OPENING = frozenset(
    {"if", "unless", "case", "for", "tablerow", "capture", "condition", "macro", "call", "filter", "block", "with"}
)
_SILENT = frozenset({"break", "continue", "do", "import", "from", "#", "extends", "debug"})


class _Reader:
    """Reads the pieces of one text into a tree."""

    def __init__(self, template: Template, dialect: Dialect, *, comments_count: bool) -> None:
        self._template = template
        self._dialect = dialect
        self._comments_count = comments_count
        self._blocks = [_Block("")]

    def read(self, pieces: list[Piece]) -> Body:
        for piece in pieces:
            self._read(piece)
        if len(self._blocks) > 1:
            raise TemplateFault(f"the tag `{self._blocks[-1].word}` is not closed")
        body = tuple(self._blocks[0].elements)
        return _with_optional_parts(body) if self._template is Template.METABASE else body

    def _add(self, *elements: Element) -> None:
        self._blocks[-1].elements.extend(elements)

    def _read(self, piece: Piece) -> None:
        match piece.kind:
            case PieceKind.CODE:
                self._add(*_flat(piece.text, self._template))
            case PieceKind.COMMENT | PieceKind.STRING:
                self._add(Text(piece.text))
            case PieceKind.OUTPUT:
                self._add(Text(_safe(piece.text)) if piece.commented else _output(piece.text))
            case PieceKind.CLOSED:
                self._read_closed(piece.text)
            case PieceKind.TAG if piece.commented and not self._comments_count:
                self._add(Text(_safe(piece.text)))
            case PieceKind.TAG:
                self._read_tag(piece.text)

    def _read_closed(self, text: str) -> None:
        opening = _TAG_WORDS.match(text)
        if opening and opening[1] == "raw":
            inner = text[opening.end() : text.rindex("{%")]
            self._add(*read_template(inner, Template.JINJA, self._dialect))
        else:
            self._add(Text(" "))

    def _read_tag(self, text: str) -> None:
        found = _TAG_WORDS.fullmatch(text)
        word, rest = (found[1] or "", found[2]) if found else ("", "")
        if word in _OPENING:
            self._open(word, rest)
        elif word.startswith("end") and len(self._blocks) > 1 and word[3:] == self._blocks[-1].word:
            self._close()
        elif word.startswith("end"):
            raise TemplateFault(f"the tag `{word}` closes nothing")
        elif word in {"elsif", "elif", "else", "when"}:
            self._next_arm(word, rest)
        elif word in {"assign", "set"}:
            self._assign(rest)
        elif word not in _SILENT:
            self._add(Hole(text, f"{word} {rest}"))

    def _open(self, word: str, rest: str) -> None:
        condition = f"not ({rest})" if word == "unless" else rest
        self._blocks.append(_Block(word, rest, condition="" if word == "case" else condition))

    def _assign(self, rest: str) -> None:
        if assigned := _ASSIGNED.fullmatch(rest):
            self._add(Assign(assigned[1], assigned[2].strip()))
        else:
            self._blocks.append(_Block("set", rest))

    def _next_arm(self, word: str, rest: str) -> None:
        block = self._blocks[-1]
        if block.word not in {"if", "unless", "case", "for"}:
            raise TemplateFault(f"the tag `{word}` belongs to nothing")
        if word == "when":
            values = re.split(r"\s*,\s*|\s+or\s+", rest)
            block.next_arm(" or ".join(f"{block.rest} == {value}" for value in values))
        else:
            block.next_arm(rest if word in {"elsif", "elif"} else "")

    def _close(self) -> None:
        block = self._blocks.pop()
        block.next_arm("")
        first = block.arms[0][1]
        match block.word:
            case "if" | "unless":
                self._add(Branches(tuple(block.arms)))
            case "case":
                self._add(Branches(tuple(block.arms[1:])))
            case "for" | "tablerow":
                self._add(Loop(block.rest, first, block.arms[1][1] if len(block.arms) > 1 else ()))
            case "capture" | "set":
                self._add(Assign(block.rest.strip(), None, first))
            case "condition":
                self._add(Hole(f"{{% condition {block.rest} %}}", f"condition {block.rest}"))
            case "call":
                self._add(Hole(f"{{% call {block.rest} %}}", block.rest))
            case "filter" | "block" | "with":
                self._add(*first)
            case _:  # a macro prints nothing where it is defined
                pass


_INLINE_IF = re.compile(r"""(["'])((?:(?!\1).)*)\1\s+if\s+(.+?)(?:\s+else\s+(["'])((?:(?!\4).)*)\4)?""", re.DOTALL)
_LITERAL = re.compile(r"""(["'])((?:(?!\1).)*)\1""", re.DOTALL)


def _output(source: str) -> Element:
    expression = source[2:-2].strip("-+").strip()
    if len(expression) > CONDITION_CHARACTERS_MAX:
        return Hole(source, expression)
    if literal := _LITERAL.fullmatch(expression):
        return Text(literal[2])
    if inline := _INLINE_IF.fullmatch(expression):
        return Branches(((inline[3], (Text(inline[2]),)), ("", (Text(inline[5] or ""),))))
    if re.match(r"config\s*\(", expression):
        return Text(" ")
    return Hole(source, expression)


def _safe(commented: str) -> str:
    """Return a tag in a comment as text that cannot end the comment."""
    return commented.replace("*/", "* /")


def _flat(text: str, template: Template) -> Iterator[Element]:
    pattern = _FLAT.get(template)
    position = 0
    for found in pattern.finditer(text) if pattern else ():
        yield Text(text[position : found.start()])
        yield Hole(found[0], found[0])
        position = found.end()
    yield Text(text[position:])


_OPTIONAL_ENDS = re.compile(r"\[\[|\]\]")


def _with_optional_parts(body: Body) -> Body:
    """Turn Metabase's `[[ … ]]` around at least one parameter into branches."""
    levels: list[list[Element]] = [[]]
    for element in body:
        if not isinstance(element, Text):
            levels[-1].append(element)
            continue
        position = 0
        for found in _OPTIONAL_ENDS.finditer(element.text):
            levels[-1].append(Text(element.text[position : found.start()]))
            position = found.end()
            if found[0] == "[[":
                levels.append([])
            elif len(levels) > 1:
                levels[-2].append(_optional(tuple(levels.pop())))
            else:
                levels[-1].append(Text("]]"))
        levels[-1].append(Text(element.text[position:]))
    while len(levels) > 1:
        unclosed = levels.pop()
        levels[-1].extend([Text("[["), *unclosed])
    return tuple(levels[0])


def _optional(part: Body) -> Element:
    names = sorted({element.expression for element in part if isinstance(element, Hole)})
    if not names:
        return Branches((("", (Text("[["), *part, Text("]]"))),))
    return Branches(((f"set({', '.join(names)})", part),))
