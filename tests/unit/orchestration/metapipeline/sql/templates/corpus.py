"""Templated SQL texts with their exact references; see `corpus` for how they are written."""

# ruff: noqa: E501, S608 (texts that are parsed and never run)

from __future__ import annotations

from functools import partial

from orchestration.metapipeline.bi.workspace import Template
from orchestration.metapipeline.sql.references import Verdict
from tests.unit.orchestration.metapipeline.sql.corpus import DYNAMIC, EMPTY, UNPARSABLE, Case

mode = partial(Case, template=Template.LIQUID)
superset = partial(Case, template=Template.JINJA)
metabase = partial(Case, template=Template.METABASE, dialect="postgres")
looker = partial(Case, template=Template.LOOKER)
grafana = partial(Case, template=Template.GRAFANA, dialect="postgres")
sisense = partial(Case, template=Template.SISENSE, dialect="redshift")

FORM = """
{% form %}
since:
  type: date
  default: {{ 'now' | date: '%s' | minus: 3600 }}
  description: don't forget; taken from harbor.other
{% endform %}
"""
LATE = {
    "late": "select * from harbor.ships -- all of them\n;",
    "worse": "select * from {{ @late as l }} join harbor.calls",
}
ROUND = {"a": "select * from {{ @b }}", "b": "select * from {{ @c }}", "c": "select * from {{ @a }} join harbor.ships"}

LIQUID = [
    mode("parameters as values", "select * from ships where a = '{{ a }}' and b in ({{ b }}) limit {{ n }}", "SHIPS"),
    mode("parameter as a column", "select {{ what }}, sum({{ n }}) from ships group by {{ what }}", "SHIPS"),
    mode("parameter as a direction", "select * from ships order by a {{ direction }}, b {{ other }}", "SHIPS"),
    mode("parameter as an operator", "select * from ships where a {{ op }} 5", "SHIPS"),
    mode("parameter as one more condition", "select * from ships where a = 1 {{ more }}", "SHIPS"),
    mode("parameter as half a number", "select * from ships where y = 20{{ yy }}", "SHIPS"),
    mode("filters with quotes", "select '{{ d | date: '%Y' }}', {{ x | default: 'a' }} from ships", "SHIPS"),
    mode("parameter as a relation", "select * from {{ t }} join ships", "SHIPS", DYNAMIC, dynamic="{{ t }}"),
    mode("parameter as a schema", "select * from {{ s }}.ships", "", DYNAMIC, dynamic="{{ s }}.ships"),
    mode("parameter in a quoted part", 'select * from harbor."{{ t }}"', "", DYNAMIC, dynamic="harbor.{{ t }}"),
    mode(
        "parameter as the end of a name",
        "select * from harbor.ships_{{ y }}",
        "",
        DYNAMIC,
        dynamic="harbor.ships_{{ y }}",
    ),
    mode(
        "parameter in IDENTIFIER", "select * from identifier('harbor.{{ t }}')", "", DYNAMIC, dynamic="harbor.{{ t }}"
    ),
    mode("parameter as the whole text", "{{ q }}", "", DYNAMIC, dynamic="{{ q }}"),
    mode(
        "parameter that may define CTEs",
        "{{ ctes }} select * from a join harbor.ships",
        "HARBOR.SHIPS",
        DYNAMIC,
        dynamic="{{ ctes }}",
    ),
    mode("name of a CTE", "with {{ n }} as (select * from ships) select * from {{ n }}", "SHIPS"),
    mode("form behind a semicolon", f"select * from ships;\n{FORM}", "SHIPS"),
    mode("form before the query", f"{FORM}select * from ships where t > '{{{{ since }}}}'", "SHIPS"),
    mode("only a form", FORM, "", EMPTY),
    mode(
        "if, elsif, else",
        "select * from {% if d == 'day' %} by_day {% elsif d == 'week' %} by_week {% else %} by_month {% endif %}",
        "BY_DAY BY_WEEK BY_MONTH",
    ),
    mode(
        "unless", "select * from {% unless old %} new_ships {% else %} old_ships {% endunless %}", "NEW_SHIPS OLD_SHIPS"
    ),
    mode(
        "case", "select * from {% case d %}{% when 'a', 'b' %}t1{% when 'c' %}t2{% else %}t3{% endcase %}", "T1 T2 T3"
    ),
    mode(
        "if around a join",
        "select * from ships {%- if x %} join harbor.calls using (i) {%- endif %} where 1 = 1",
        "SHIPS HARBOR.CALLS",
    ),
    mode(
        "if inside if", "select * from {% if a %}{% if b %}t1{% else %}t2{% endif %}{% else %}t3{% endif %}", "T1 T2 T3"
    ),
    mode(
        "the same condition twice goes the same way",
        "{% if x %} with late as (select * from harbor.a) {% endif %} select * from {% if x %} late {% else %} harbor.b {% endif %}",
        "HARBOR.A HARBOR.B",
    ),
    mode(
        "so does its negation",
        "{% if x == 'a' %} with late as (select * from harbor.a) {% endif %} select * from {% if x != 'a' %} harbor.b {% else %} late {% endif %}",
        "HARBOR.A HARBOR.B",
    ),
    mode(
        "two values of one variable exclude each other",
        "{% if x == 'a' %} with u as (select * from t1) {% endif %}{% if x == 'b' %} with v as (select * from t2) {% endif %}"
        " select * from {% if x == 'a' %} u {% elsif x == 'b' %} v {% else %} t3 {% endif %}",
        "T1 T2 T3",
    ),
    mode(
        "a value excludes the others of its variable",
        "{% unless x == 'b' %} with late as (select * from harbor.a) {% endunless %} select * from {% if x == 'a' %} late {% else %} harbor.c {% endif %}",
        "HARBOR.A HARBOR.C",
    ),
    mode(
        "condition without else in WHERE",
        "select * from ships where {% if a and b or c %} x = 1 {% elsif d %} y in (select i from calls) {% endif %}",
        "SHIPS CALLS",
    ),
    mode(
        "many conditions",
        "select * from ships where 1 = 1 "
        + "".join(f"{{% if c{i} %}} and i in (select i from t{i}) {{% endif %}}" for i in range(12)),
        "SHIPS " + " ".join(f"T{i}" for i in range(12)),
    ),
    mode(
        "for around values",
        "select * from ships where a in ({% for a in all %}'{{ a }}'{% unless forloop.last %}, {% endunless %}{% endfor %})",
        "SHIPS",
    ),
    mode(
        "for around names",
        "{% for t in all %} select * from harbor.{{ t }} {% unless forloop.last %} union all {% endunless %} {% endfor %}",
        "",
        DYNAMIC,
        dynamic="harbor.{{ t }}",
    ),
    mode(
        "for around a fixed name",
        "select * from ships {% for t in all %} join harbor.calls c{{ t }} using (i) {% endfor %}",
        "SHIPS HARBOR.CALLS",
    ),
    mode("for with else", "select * from {% for t in all %} ships {% else %} nobody {% endfor %}", "SHIPS NOBODY"),
    mode("assigned text", "{% assign s = 'harbor' %}select * from {{ s }}.ships", "HARBOR.SHIPS"),
    mode(
        "assigned in branches",
        "{% if p %}{% assign s = 'prod.ships' %}{% else %}{% assign s = 'dev.ships' %}{% endif %}select * from {{ s }}",
        "PROD.SHIPS DEV.SHIPS",
    ),
    mode(
        "assigned from a filter", "{% assign s = x | downcase %}select * from {{ s }}", "", DYNAMIC, dynamic="{{ s }}"
    ),
    mode("captured text", "{% capture s %}harbor.ships{% endcapture %}select * from {{ s }}", "HARBOR.SHIPS"),
    mode("comment block", "{% comment %} from x; don't {% endcomment %}select * from ships", "SHIPS"),
    mode("raw block", "select * from ships where a = {% raw %}'{{ x }}'{% endraw %}", "SHIPS"),
    mode("tag in an SQL comment", "-- {{ d }} {% if x %} here\nselect * from ships /* {% endif %} {{ y }} */", "SHIPS"),
    mode("open tag in an SQL comment", "select * from ships -- was {% if x %}\nwhere 1 = 1", "SHIPS"),
    mode(
        "branches behind comment marks",
        "-- {% if x %}\nselect * from a\n-- {% else %}\nselect * from b\n-- {% endif %}",
        "A B",
    ),
    mode("open tag", "select * from ships {% if x %} where 1 = 1", "", UNPARSABLE),
    mode("tag that closes nothing", "select * from ships {% endif %}", "", UNPARSABLE),
    mode("misspelt in one branch", "select * from ships {% if x %} whre a = 1 join {% endif %}", "SHIPS", UNPARSABLE),
    mode("definition", "select * from {{ @late }}", "HARBOR.SHIPS", definitions=LATE),
    mode(
        "definition with an alias",
        "select * from {{ @late as l }} join calls using (i)",
        "HARBOR.SHIPS CALLS",
        definitions=LATE,
    ),
    mode("definition in a definition", "select * from {{ @worse }} w", "HARBOR.SHIPS HARBOR.CALLS", definitions=LATE),
    mode(
        "definition as a list", "select * from calls where ship in {{ @late }}", "CALLS HARBOR.SHIPS", definitions=LATE
    ),
    mode("definitions in a circle", "select * from {{ @a }}", "HARBOR.SHIPS", DYNAMIC, dynamic="@a", definitions=ROUND),
    mode(
        "missing definition",
        "select * from {{ @gone as g }} join ships",
        "SHIPS",
        DYNAMIC,
        dynamic="@gone",
        definitions=LATE,
    ),
    mode("definition in an SQL comment", "-- {{ @worse }}\nselect * from ships", "SHIPS", definitions=LATE),
    mode(
        "definition that doubles",
        "select * from {{ @d0 }}",
        "",
        UNPARSABLE,
        definitions={f"d{i}": f"select * from {{{{ @d{i + 1} }}}} a, {{{{ @d{i + 1} }}}} b" for i in range(30)}
        | {"d30": "select 1"},
    ),
    mode(
        "dbt's ref",
        "select * from {{ ref('ships') }} join {{ source('app', 'calls') }}",
        "",
        Verdict.DBT,
        dbt="ships app.calls",
    ),
    mode(
        "dbt metric in a raw block",
        "{% raw %}select * from {{ metrics.calculate(metric('late_ships'), grain='day') }}{% endraw %}",
        "",
        Verdict.DBT,
        dbt="late_ships",
    ),
]

JINJA = [
    superset(
        "filters and times",
        "select * from ships where t >= '{{ from_dttm }}' {% if filter_values('c') %} and c in {{ filter_values('c') | where_in }} {% endif %}",
        "SHIPS",
    ),
    superset(
        "quotes in a call",
        """select * from ships where u = '{{ url_param("x") }}' and v = {{ metric('m', 1) }}""",
        "SHIPS",
    ),
    superset("dataset", "select * from {{ dataset(12) }} d join ships", "SHIPS", DYNAMIC, dynamic="{{ dataset(12) }}"),
    superset(
        "loop with an inline condition",
        "select {% for c in cs %}{{ c }}{{ ', ' if not loop.last }}{% endfor %} from ships",
        "SHIPS",
    ),
    superset("inline choice of a relation", "select * from {{ 'a' if day == 'x' else 'b' }}", "A B"),
    superset("set", "{% set s = 'harbor' %}select * from {{ s }}.ships", "HARBOR.SHIPS"),
    superset("elif", "select * from {% if a %}t1{% elif b %}t2{% else %}t3{% endif %}", "T1 T2 T3"),
    superset(
        "not and brackets",
        "{% if not (a and b) %}with u as (select * from t1) {% endif %}select * from {% if a and b %}t2{% else %}u{% endif %}",
        "T1 T2",
    ),
    superset("macro", "{% macro f(x) %} from y {% endmacro %}select {{ f(1) }} from ships {# from z #}", "SHIPS"),
    superset("dict in a call", "select * from ships where a = {{ f({'a': {'b': 1}}) }}", "SHIPS"),
    superset("no template at all", "select * from harbor.ships", "HARBOR.SHIPS"),
    superset(
        "dbt model",
        "{{ config(materialized='table') }} select * from {{ ref('fleet', 'ships', v=2) }} where a in (select a from harbor.x)",
        "HARBOR.X",
        Verdict.DBT,
        dbt="fleet.ships.v2",
    ),
    Case("dbt's ref without a template language", "select * from {{ ref('ships') }}", "", Verdict.DBT, dbt="ships"),
    Case("template without a template language", "select * from {{ ships }}", "", UNPARSABLE),
]

OTHERS = [
    metabase("optional condition", "select * from ships [[where s = {{s}}]]", "ships"),
    metabase(
        "optional join",
        "select * from ships [[join calls on calls.i = {{i}}]] where 1 = 1 [[and a = {{a}}]]",
        "ships calls",
    ),
    metabase("array in brackets", "select array[[1, 2], [3]] from ships", "ships"),
    metabase("field filter", "select * from ships where {{created}} and n > {{n}}", "ships"),
    metabase("card as a relation", "select * from {{#12-late-ships}} c join ships", "ships", cards="12"),
    metabase("card as a CTE", "with c as {{#5}} select * from c", "", cards="5"),
    metabase("snippet", "select * from ships where {{snippet: late}}", "ships"),
    metabase(
        "snippet with its text",
        "select * from ships where {{snippet: late}}",
        "ships calls",
        definitions={"late": "i in (select i from calls)"},
    ),
    metabase("snippet as a relation", "select * from {{snippet: t}}", "", DYNAMIC, dynamic="{{snippet: t}}"),
    metabase("template of another tool", "select * from <%t%> where id > 1", "", UNPARSABLE),
    looker(
        "condition and fields",
        "select * from ships where {% condition day %} ships.day {% endcondition %} and ${TABLE}.a = 1",
        "SHIPS",
    ),
    looker(
        "parameter in a name",
        "select * from harbor.{% parameter grain %}_calls",
        "",
        DYNAMIC,
        dynamic="harbor.{% parameter grain %}_calls",
    ),
    looker(
        "another view",
        "select * from ${ships.SQL_TABLE_NAME} s join calls",
        "CALLS",
        DYNAMIC,
        dynamic="${ships.SQL_TABLE_NAME}",
    ),
    looker("constant", "select * from @{db}.harbor.ships", "", DYNAMIC, dynamic="@{db}.harbor.ships"),
    looker(
        "branches",
        "select * from {% if ships.day._is_filtered %} by_day {% else %} by_month {% endif %} where t > {% date_start day %}",
        "BY_DAY BY_MONTH",
    ),
    grafana(
        "macros", "select $__timeGroup(t, '1h'), $__interval from ships where $__timeFilter(t) group by 1", "ships"
    ),
    grafana("variables as values", "select * from ships where h in ($host) and z = '${z:csv}'", "ships"),
    grafana(
        "variable as a relation",
        "select * from $table join [[schema]].calls",
        "",
        DYNAMIC,
        dynamic="$table|[[schema]].calls",
    ),
    sisense(
        "view",
        "select [t:week], a[0] from [late_ships] v join calls where [region=r]",
        "calls",
        DYNAMIC,
        dynamic="[late_ships]",
    ),
]

TEMPLATED = [*LIQUID, *JINJA, *OTHERS]
