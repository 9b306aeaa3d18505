import pytest

from orchestration.metapipeline.bi.workspace import Place
from orchestration.metapipeline.relations import RelationName
from orchestration.metapipeline.sql.lineage import Column, LineageFault, read_lineage

PLACE = Place("snowflake", "FLEET", "HARBOR")
COLUMNS = {
    RelationName.parse("fleet.harbor.a"): ["X", "Y", "Z"],
    RelationName.parse("fleet.harbor.b"): ["X", "W"],
}


def short(columns: frozenset[Column]) -> str:
    return " ".join(sorted(f"{relation.parts[-1]}.{name}".lower() for relation, name in columns))


@pytest.mark.parametrize(
    ("sql", "outputs", "always", "named"),
    [
        ("select x as k, y || z as v from a", {"K": "a.x", "V": "a.y a.z"}, "", "a.x a.y a.z"),
        ("select x from a where y > 1", {"X": "a.x"}, "a.y", "a.x a.y"),
        ("select a.x from a join b on a.x = b.x", {"X": "a.x"}, "a.x b.x", "a.x b.x"),
        ("select x, count(*) as n from a group by 1 having max(z) > 1", {"X": "a.x", "N": ""}, "a.x a.z", "a.x a.z"),
        ("select x, sum(y) as n from a group by all", {"X": "a.x", "N": "a.y"}, "a.x a.y", "a.x a.y"),
        ("select distinct x from a", {"X": "a.x"}, "a.x", "a.x"),
        ("select x from a union all select w from b", {"X": "a.x b.w"}, "", "a.x b.w"),
        ("select x from a union select w from b", {"X": "a.x b.w"}, "a.x b.w", "a.x b.w"),
        (
            "select x from a qualify row_number() over (partition by y order by z) = 1",
            {"X": "a.x"},
            "a.y a.z",
            "a.x a.y a.z",
        ),
        ("with c as (select * from a) select x from c", {"X": "a.x"}, "", "a.x"),
        ("with c as (select x, y from a) select x from c", {"X": "a.x"}, "", "a.x a.y"),
        (
            "with c as (select x, y from a), d as (select * from c) select * from d",
            {"X": "a.x", "Y": "a.y"},
            "",
            "a.x a.y",
        ),
        (
            "with c as (select x from a where z = 1) select b.w from b join c on c.x = b.x",
            {"W": "b.w"},
            "a.x a.z b.x",
            "a.x a.z b.w b.x",
        ),
        (
            "select x from a where exists (select 1 from b where b.x = a.x and w > 1)",
            {"X": "a.x"},
            "a.x b.w b.x",
            "a.x b.w b.x",
        ),
        ("select (select max(w) from b where b.x = a.y) as m from a", {"M": ""}, "a.y b.w b.x", "a.y b.w b.x"),
        ("select x, f.value as v from a, lateral flatten(input => a.y) f", {"X": "a.x", "V": ""}, "a.y", "a.x a.y"),
        ("select x as y, y as k from a", {"Y": "a.x", "K": "a.y"}, "", "a.x a.y"),
        (
            "select n.k, a.x from a join elsewhere n on n.k = a.x",
            {"K": "elsewhere.k", "X": "a.x"},
            "a.x elsewhere.k",
            "a.x elsewhere.k",
        ),
        ("select count(*) as n from a", {"N": ""}, "", ""),
    ],
)
def test_columns_are_followed(sql: str, outputs: dict[str, str], always: str, named: str) -> None:
    """What a column is made of, what decides about rows, and what the text writes out, each exactly."""
    found = read_lineage(sql, PLACE, COLUMNS)
    assert outputs == {name: short(made_of) for name, made_of in found.outputs.items()}
    assert always == short(found.always)
    assert named == short(found.named)
    assert found.starred == frozenset()


@pytest.mark.parametrize(
    ("sql", "starred"),
    [
        ("select * from a", {"A"}),
        ("select b.w, a.* from a join b on a.x = b.x", {"A"}),
        ("with c as (select * from a), d as (select * from c) select * from d", {"A"}),
        ("with c as (select x from a) select * from c join b on b.x = c.x", {"B"}),
        ("select * from a union all select x, w, w from b", {"A"}),
    ],
)
def test_a_star_that_reaches_the_result_is_noted(sql: str, starred: set[str]) -> None:
    """A star over columns that are written out inside is none."""
    assert starred == {relation.parts[-1] for relation in read_lineage(sql, PLACE, COLUMNS).starred}


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("insert into a select 1", "no SELECT"),
        ("select * from elsewhere", "which are not known"),
        ("select x from a, b", "could not be resolved"),
        ("select k from elsewhere e, nowhere n", "are not known"),
        ("select * exclude (x) from a", "EXCLUDE"),
        ("select * from a natural join b", "NATURAL"),
        ("select * from a pivot (sum(y) for z in (1, 2))", "PIVOT"),
        ("select x from a where", "Expected|Required|Invalid"),
        ("select " + "(" * 500 + "x" + ")" * 500 + " from a", "too deeply"),
    ],
)
def test_what_cannot_be_followed_is_refused(sql: str, reason: str) -> None:
    """No half answer: the caller doubts all columns that such a query reads."""
    with pytest.raises(LineageFault, match=reason):
        read_lineage(sql, PLACE, COLUMNS)
