"""The passage that shows a column in the last SELECT of a model."""

from __future__ import annotations

import pytest

from orchestration.metapipeline.changing.proposals.reading.select_items import passage_of
from orchestration.metapipeline.errors import ProposalError


def without(sql: str, column: str) -> str:
    passage = passage_of(sql, column, "snowflake")
    assert 1 == sql.count(passage)
    return sql.replace(passage, "")


@pytest.mark.parametrize(
    ("sql", "column", "left"),
    [
        ("select a, b, c from t", "b", "select a, c from t"),
        ("select a, b, c from t", "A", "select b, c from t"),
        ("select a, t.b as b, c from t", "b", "select a, c from t"),
        ("select a, b, c from t", "c", "select a, b from t"),
        ("select\n    a,\n    x.y as b,\n    c\nfrom t", "b", "select\n    a,\n    c\nfrom t"),
        ("select\n    a\n  , x.y as b\n  , c\nfrom t", "b", "select\n    a\n  , c\nfrom t"),
        ('select a, max_of(b, c) + 1 as d, "E" from t', "e", "select a, max_of(b, c) + 1 as d from t"),
        ("select a, coalesce(b, 'x, y', 1) as d from t", "d", "select a from t"),
        (
            "{{ config(tags=['d']) }}\nwith d as (select b from {{ ref('x') }}) select a, b::int as e from d",
            "e",
            "{{ config(tags=['d']) }}\nwith d as (select b from {{ ref('x') }}) select a from d",
        ),
        (
            "select a -- ours\n, b\n, c from {{ source('x', 'y') }}",
            "c",
            "select a -- ours\n, b from {{ source('x', 'y') }}",
        ),
    ],
)
def test_the_item_goes_with_its_comma(sql: str, column: str, left: str) -> None:
    """Nothing else changes, in both styles of commas, and strings, brackets and Jinja count as one."""
    assert left == without(sql, column)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select a from t union all select b from t", "one SELECT"),
        ("select 1; select a, b from t", "one SELECT"),
        ("select a, b frm t where", "cannot be parsed"),
        ("select *, b from t", "`*`"),
        ("select t.*, b from t", "`*`"),
        ("select distinct a, b from t", "DISTINCT"),
        ("select a, b from t group by 1, 2", "by the place"),
        ("select a, b from t group by all", "by the place"),
        ("select a, b from t order by 2", "by the place"),
        ("select a, count(*) as b from t", "function"),
        ("select a, row_number() over (order by a) as b from t", "function"),
        ("select a, mine(a) as b from t", "function"),
        ("select a, (select 1) as b from t", "function"),
        ("select a, c as b, b + 1 as d from t", "twice"),
        ("select a, c as b from t where b > 0", "twice"),
        ("select c as b, d as b from t", "once"),
        ("select a, c from t", "once"),
        ("select b from t", "no other column"),
        ("select a, -- why\n b from t", "comment"),
        ("select a, {{ cents('c') }} as b from t", "Jinja"),
        ("select a {% if x %}, b {% endif %} from t", "Jinja"),
        ("select a, b, from t", "told apart"),
    ],
)
def test_what_is_not_certain_is_refused(sql: str, said: str) -> None:
    """Rows, other columns or comments may hang on the item, or it is not found."""
    with pytest.raises(ProposalError, match=said):
        passage_of(sql, "b", "snowflake")
