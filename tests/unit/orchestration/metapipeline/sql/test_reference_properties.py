from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.metapipeline.bi.workspace import Place, Template
from orchestration.metapipeline.sql.references import Verdict, read_references

TABLES = ("ships", "harbor.calls", "fleet.harbor.crews", "raw.events", "late")
CTE_NAMES = ("ships", "late", "u", "v")
NOISE = (
    " -- from nowhere; join x\n",
    " /* from nowhere */ ",
    " /* it's from nowhere */ ",
    " // from nowhere, don't\n",
    "\n\t",
    " /* {{ x }} */ ",
)


@dataclass(frozen=True)
class Written:
    """A query and the relations that it reads, built together."""

    words: tuple[str, ...]
    reads: frozenset[str]

    def text(self) -> str:
        """Return the query as SQL."""
        return " ".join(self.words)


@st.composite
def queries(draw: st.DrawFn, visible: frozenset[str] = frozenset(), depth: int = 3) -> Written:
    """Draw a query; a bare name that a visible CTE has reads nothing of its own."""
    reads: set[str] = set()
    words: list[str] = []
    inner = visible
    if depth and draw(st.booleans()):
        for index, name in enumerate(draw(st.lists(st.sampled_from(CTE_NAMES), min_size=1, max_size=2, unique=True))):
            body = draw(queries(inner, depth - 1))
            words += [",", name] if index else ["with", name]
            words += ["as", "(", *body.words, ")"]
            reads |= body.reads
            inner |= {name}
    words += ["select", "*", "from"]
    for index in range(draw(st.integers(1, 3))):
        words += [draw(st.sampled_from([",", "cross join"]))] if index else []
        if depth and draw(st.integers(0, 2)) == 0:
            body = draw(queries(inner, depth - 1))
            words += ["(", *body.words, ")", f"q{index}"]
            reads |= body.reads
        else:
            table = draw(st.sampled_from(TABLES + CTE_NAMES))
            words += [table, f"t{index}"]
            reads |= set() if table in inner else {table.upper()}
    if depth and draw(st.booleans()):
        body = draw(queries(inner, depth - 1))
        words += ["where", "exists", "(", *body.words, ")"]
        reads |= body.reads
    return Written(tuple(words), frozenset(reads))


def reads_of(sql: str, template: Template = Template.NONE) -> frozenset[str]:
    found = read_references(sql, Place(), template)
    assert found.verdict is Verdict.OK or (found.verdict is Verdict.NO_RELATION and not found.reads), found.reason
    return frozenset(str(name) for name in found.reads)


@settings(max_examples=150, deadline=None)
@given(queries())
def test_nested_queries_read_what_they_were_built_from(query: Written) -> None:
    """A CTE hides the relation of its name where it is visible and nowhere else."""
    assert query.reads == reads_of(query.text())


@settings(max_examples=60, deadline=None)
@given(queries(depth=2), st.randoms(use_true_random=False))
def test_case_and_quotes_change_nothing(query: Written, random: object) -> None:
    """An unquoted name in any case, and the stored name in quotes, are the same name."""

    def spelt(word: str) -> str:
        if not word.replace(".", "").isalnum() or word in {"(", ")"}:
            return word
        keyword = word in {"with", "as", "select", "from", "where", "exists"}
        choice = random.randrange(3)  # type: ignore[attr-defined]
        if choice == 0 and not keyword:
            return ".".join(f'"{part.upper()}"' for part in word.split("."))
        return word.upper() if choice == 1 else word.title()

    assert query.reads == reads_of(" ".join(spelt(word) for word in query.words))


@settings(max_examples=60, deadline=None)
@given(queries(depth=2), st.lists(st.sampled_from(NOISE), min_size=1, max_size=8), st.data())
def test_comments_change_nothing(query: Written, noise: list[str], data: st.DataObject) -> None:
    """What stands in a comment is no reference, with and without a template language."""
    words = list(query.words)
    for comment in noise:
        words.insert(data.draw(st.integers(0, len(words))), comment)
    template = data.draw(st.sampled_from([Template.NONE, Template.LIQUID, Template.JINJA]))
    assert query.reads == reads_of(" ".join(words), template)


@settings(max_examples=60, deadline=None)
@given(queries(depth=2), st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_strings_change_nothing(query: Written, content: str) -> None:
    """What stands in a string is no reference."""
    string = content.replace("\\", "").replace("'", "''")
    assert query.reads == reads_of(f"select * from ({query.text()}) outermost where a = '{string}'")  # noqa: S608


@settings(max_examples=60, deadline=None)
@given(queries(depth=1), queries(depth=1), queries(depth=1))
def test_branches_read_the_union(first: Written, second: Written, third: Written) -> None:
    """Each branch of a template is read by some run."""
    sql = f"{{% if a %}}{first.text()}{{% elsif b == 'x' %}}{second.text()}{{% else %}}{third.text()}{{% endif %}}"
    assert first.reads | second.reads | third.reads == reads_of(sql, Template.LIQUID)


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="{}%[]()'\"`;-/*$@#.,\\ \nabcselect from join with if endif", max_size=80),
    st.sampled_from(Template),
)
def test_no_text_raises(text: str, template: Template) -> None:
    """Text from the world gets a verdict, whatever it is, and no marker becomes a name."""
    found = read_references(text, Place(), template)
    assert not any("ZZHOLE" in part.upper() for name in found.reads for part in name.parts)
    assert not any("zzhole" in expression.lower() for expression in found.dynamic)
