from __future__ import annotations

import pytest

from orchestration.metapipeline.changing.proposals.reading.mentions import (
    MentionKind,
    built_refs,
    mentions,
    relation_mentions,
    version_mentions,
)

FOLDERS = ("models", "macros", "tests", "analyses", "snapshots", "seeds")

USES = {
    "a macro that only run-operation calls": ("macros/m.sql", "{% macro m() %}{{ ref('stg_gone') }}{% endmacro %}"),
    "a branch of if execute": ("models/a.sql", "{% if execute %}{{ ref('stg_gone') }}{% endif %}select 1"),
    "a ref with a package": ("models/a.sql", 'select * from {{ ref("shop", "stg_gone") }}'),
    "a ref in a comment of SQL, which dbt renders": ("models/a.sql", "-- depends_on: {{ ref('stg_gone') }}"),
    "a list in a macro": ("macros/m.sql", "{% for t in ['x', 'stg_gone'] %}{{ ref(t) }}{% endfor %}"),
    "a node of the graph variable": ("macros/m.sql", "{{ graph.nodes['model.shop.stg_gone'] }}"),
    "a version of the graph variable": ("macros/m.sql", "{{ graph.nodes['model.shop.stg_gone.v2'] }}"),
    "a relation by its schema": ("models/a.sql", "select * from analytics.stg_gone"),
    "a relation in a built schema": ("models/a.sql", "select * from {{ target.schema }}.STG_GONE g"),
    "a relation of the search path": ("analyses/a.sql", "select 1 from x join stg_gone using (id)"),
    "an input of a unit test": (
        "models/u.yml",
        "unit_tests:\n- name: u\n  model: a\n  given:\n  - input: ref('stg_gone')\n",
    ),
    "the model of a unit test": ("models/u.yml", "unit_tests:\n- name: u\n  model: stg_gone\n"),
    "a test argument": ("models/u.yaml", "models:\n- name: a\n  data_tests:\n  - r:\n      to: ref('stg_gone')\n"),
    "an entry": ("models/u.yml", "models:\n- name: stg_gone\n"),
    "an expression of a test": (
        "models/u.yml",
        "models:\n- name: a\n  data_tests:\n  - e:\n      q: id in (select id from stg_gone)\n",
    ),
    "a selector": ("selectors.yml", "selectors:\n- name: s\n  definition:\n    union:\n    - stg_gone+\n"),
    "a selector with a method": (
        "selectors.yml",
        "selectors:\n- name: s\n  definition: {method: fqn, value: stg_gone}\n",
    ),
    "a hook": ("dbt_project.yml", "name: shop\non-run-end: [\"grant select on {{ ref('stg_gone') }} to x\"]\n"),
    "a folder of the configuration": (
        "dbt_project.yml",
        "name: shop\nmodels:\n  shop:\n    stg_gone:\n      +tags: x\n",
    ),
    "a variable": ("dbt_project.yml", "name: shop\nvars:\n  list: [stg_gone]\n"),
    "a description": ("models/u.yml", "models:\n- name: a\n  description: made of stg_gone\n"),
    "a docs block": ("models/d.md", "{% docs a %}\nsee stg_gone\n{% enddocs %}"),
    "a model in Python": ("models/a.py", "def model(dbt, s):\n    return dbt.ref('stg_gone')\n"),
    "a job": (".github/workflows/x.yml", "jobs: {a: {steps: [{run: dbt build -s stg_gone}]}}"),
    "a script": ("run.sh", "dbt run --select stg_gone\n"),
    "a snapshot": ("snapshots/s.sql", "{% snapshot s %}select * from {{ref('stg_gone')}}{% endsnapshot %}"),
}

COMMENTS = {
    "a comment of SQL": ("models/a.sql", "select 1 -- once from stg_gone"),
    "a block comment": ("models/a.sql", "/* from stg_gone */ select 1"),
    "a comment of Jinja": ("models/a.sql", "{# {{ ref('stg_gone') }} #}select 1"),
    "a comment of YAML": ("models/u.yml", "models:\n# after stg_gone\n- name: a\n"),
    "a comment of Python": ("models/a.py", "# like stg_gone\nx = 1\n"),
    "a text outside of the project": ("README.md", "stg_gone was here"),
}

OTHERS = {
    "a longer name": ("models/a.sql", "select * from {{ ref('stg_gone_daily') }}"),
    "a source": ("models/a.sql", "select * from {{ source('raw', 'orders') }}"),
    "a CTE": ("models/a.sql", "with orders as (select 1) select * from orders"),
    "a column in a string": ("models/a.sql", "{{ key(['orders.id']) }}"),
    "a column": ("models/a.sql", "select t.orders, orders from t"),
    "an alias": ("models/a.sql", "select * from {{ ref('b') }} as orders"),
    "the entry of a source": ("models/s.yml", "sources:\n- name: raw\n  tables:\n  - name: orders\n"),
    "the entry of a column": ("models/s.yml", "models:\n- name: a\n  columns:\n  - name: orders\n    tags: [orders]\n"),
    "a plain word": ("models/s.yml", "models:\n- name: a\n  description: the orders of a day\n"),
    "a word of a page": ("models/d.md", "{% docs a %}all orders{% enddocs %}"),
    "a script": ("run.sh", "echo orders\n"),
}


@pytest.mark.parametrize("case", USES)
def test_uses_are_found(case: str) -> None:
    """Every way to name a model that dbt's full parse does, or does not, see."""
    path, text = USES[case]

    assert [MentionKind.USE] == [found.kind for found in mentions({path: text}, "stg_gone", FOLDERS)]


@pytest.mark.parametrize("case", COMMENTS)
def test_comments_are_listed_only(case: str) -> None:
    path, text = COMMENTS[case]

    assert {MentionKind.COMMENT} == {found.kind for found in mentions({path: text}, "stg_gone", FOLDERS)}


@pytest.mark.parametrize("case", OTHERS)
def test_the_same_word_with_another_meaning_is_no_use(case: str) -> None:
    path, text = OTHERS[case]

    assert () == mentions({path: text}, "orders", FOLDERS) + mentions({path: text}, "stg_gone", FOLDERS)


def test_a_plain_word_is_found_where_it_means_the_model() -> None:
    files = {
        "models/a.sql": "select * from {{ ref('orders') }}",
        "models/b.sql": "select * from prod.orders",
        "models/d.md": "{% docs a %}all of `orders`{% enddocs %}",
        "run.sh": "dbt run -s +orders\n",
    }

    assert sorted(files) == [found.path for found in mentions(files, "orders", FOLDERS)]


def test_the_place_is_named() -> None:
    found = mentions({"models/a.sql": "select 1\nfrom {{ ref('stg_gone') }}\n"}, "stg_gone", FOLDERS)[0]

    assert ("models/a.sql", 2, "from {{ ref('stg_gone') }}") == (found.path, found.line, found.excerpt)


def test_a_version_is_named_by_its_number() -> None:
    files = {
        "a.sql": "{{ ref('shared', v=1) }}",
        "b.sql": "{{ ref('shared', version=2) }}",
        "c.sql": "{{ ref('shared') }} {{ ref('shared', v=11) }}",
        "d.sql": "select * from prod.shared_v1",
    }

    assert ["a.sql", "d.sql"] == [found.path for found in version_mentions(files, "shared", "1")]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("{{ ref('stg_' ~ entity) }}", [MentionKind.USE]),
        ("{{ ref('shop', 'stg_' ~ entity) }}", [MentionKind.USE]),
        ("{% set x = ref(prefix ~ '_gone') %}", [MentionKind.USE]),
        ("{{ ref('dim_' ~ entity) }}", []),
        ("{{ ref(model_name) }}", [MentionKind.COMMENT]),
        ("{{ ref('dim_orders') }} {{ ref('shop', 'dim_orders') }} {{ ref('dim_orders', v=2) }}", []),
    ],
)
def test_names_that_are_built_when_dbt_runs(code: str, expected: list[MentionKind]) -> None:
    """A part in quotes that fits is a use; a name that is only a variable is for the reviewer."""
    assert expected == [found.kind for found in built_refs({"macros/m.sql": code}, "stg_gone")]


def test_a_relation_is_read_by_its_alias() -> None:
    files = {
        "models/a.sql": "select * from prod.old_orders",
        "models/b.sql": "with old_orders as (select 1) select * from old_orders",
        "models/c.sql": "select 1 -- from prod.old_orders",
    }

    assert ["models/a.sql"] == [found.path for found in relation_mentions(files, "old_orders")]
