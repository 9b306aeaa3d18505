import subprocess
import sys

import pytest

from orchestration.metapipeline.bi.workspace import Place
from orchestration.metapipeline.errors import DialectError
from orchestration.metapipeline.relations import RelationName
from orchestration.metapipeline.sql.references import Verdict, read_references
from tests.unit.orchestration.metapipeline.sql.corpus import PLAIN, Case
from tests.unit.orchestration.metapipeline.sql.templates.corpus import TEMPLATED

CASES = [*PLAIN, *TEMPLATED]


def names(relations: tuple[RelationName, ...]) -> list[str]:
    return sorted(".".join(relation.parts) for relation in relations)


def listed(text: str) -> list[str]:
    """Split an expectation; a name with spaces stands alone or last."""
    known = ("HARBOR.cargo list", 'HARBOR.a "big" one', "cargo list ships")
    if text in known:
        return ["cargo list", "ships"] if text == known[2] else [text]
    return sorted(text.split())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.note)
def test_the_references_of_a_text_are_exact(case: Case) -> None:
    """Every list is equal, not only a part of it: a missing reference hides a use, a wrong one makes an edge."""
    found = read_references(case.sql, Place(case.dialect), case.template, case.definitions)
    dbt = [*found.dbt_refs, *(".".join(pair) for pair in found.dbt_sources), *found.dbt_metrics]
    assert (listed(case.reads), case.verdict) == (names(found.reads), found.verdict)
    assert listed(case.writes) == names(found.writes)
    assert listed(case.stages) == names(found.stages)
    assert sorted(part for part in case.dynamic.split("|") if part) == sorted(found.dynamic)
    assert sorted(case.dbt.split()) == sorted(dbt)
    assert case.cards.split() == [str(card) for card in found.cards]
    assert bool(found.reason) is (found.verdict is not Verdict.OK)


def test_the_corpus_has_at_least_150_texts() -> None:
    """A kind of text without an example is a kind that nobody checked; no text stands there twice."""
    assert len(CASES) >= 150
    assert len({(case.sql, case.dialect, case.template, tuple(case.definitions)) for case in CASES}) == len(CASES)


def test_more_ways_than_are_tried_are_reported() -> None:
    """A template is never half read without a word."""
    arms = "".join(f"{{% elsif d == '{i}' %}} t{i}" for i in range(100))
    sql = f"select * from {{% if d == 'x' %}} t {arms} {{% endif %}}"  # noqa: S608 (parsed, never run)
    found = read_references(sql, Place(), template=TEMPLATED[0].template)
    assert found.verdict is Verdict.UNPARSABLE
    assert "more than 64 ways" in found.reason


def test_an_unknown_dialect_is_named() -> None:
    """The error lists the dialects that are known."""
    with pytest.raises(DialectError, match=r"'access' is not known; known are .*snowflake"):
        read_references("select 1", Place("access"))


def test_the_module_does_not_import_sqlglot() -> None:
    """Every run process imports the definitions; sqlglot costs a part of a second."""
    code = "import sys, orchestration.metapipeline.sql.resolution; sys.exit('sqlglot' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
