"""SQL texts with their exact references: one line of reason, the text, what it reads.

A name is written with its parts as the warehouse stores them, joined by dots, so `HARBOR.SHIPS` in Snowflake and
`harbor.ships` in Postgres. `reads` and the other lists are separated by spaces; dynamic expressions by `|`.
"""

# ruff: noqa: E501, S608 (texts that are parsed and never run)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestration.metapipeline.bi.workspace import Template
from orchestration.metapipeline.sql.references import Verdict


@dataclass(frozen=True, slots=True)
class Case:
    """One text and what it refers to."""

    note: str
    sql: str
    reads: str = ""
    verdict: Verdict = Verdict.OK
    dialect: str = "snowflake"
    template: Template = Template.NONE
    writes: str = ""
    dynamic: str = ""
    stages: str = ""
    dbt: str = ""
    cards: str = ""
    definitions: Mapping[str, str] = field(default_factory=dict)


NO_RELATION, DYNAMIC, UNPARSABLE, EMPTY = Verdict.NO_RELATION, Verdict.DYNAMIC, Verdict.UNPARSABLE, Verdict.EMPTY

NAMES = [
    Case("bare name", "select * from ships", "SHIPS"),
    Case("two parts", "select * from harbor.ships", "HARBOR.SHIPS"),
    Case("three parts in mixed case", "SELECT * FROM Fleet.Harbor.Ships", "FLEET.HARBOR.SHIPS"),
    Case("quoted parts keep their case", 'select * from fleet."Harbor"."ships"', "FLEET.Harbor.ships"),
    Case("space in a quoted name", 'select * from harbor."cargo list"', "HARBOR.cargo list"),
    Case("doubled quote in a name", 'select * from harbor."a ""big"" one"', 'HARBOR.a "big" one'),
    Case("dot in a quoted name", 'select * from "harbor.ships"', "harbor.ships"),
    Case("keyword as a quoted name", 'select * from harbor."ORDER" o', "HARBOR.ORDER"),
    Case(
        "word of SQL that is no reserved name",
        "select * from snapshot s join harbor.date d using (i)",
        "SNAPSHOT HARBOR.DATE",
    ),
    Case("dollar in a name", "select * from harbor.ships$old", "HARBOR.SHIPS$OLD"),
    Case("same relation in two spellings", 'select * from ships a, SHIPS b, "SHIPS" c', "SHIPS"),
    Case("quoted name in another case is another one", 'select * from ships join "ships" using (i)', "SHIPS ships"),
    Case("empty schema", "select * from fleet..ships", "FLEET..SHIPS"),
    Case("four parts", "select * from a.b.c.d", "", UNPARSABLE),
    Case("path into a column", "select s.doc:captain.name::string from harbor.ships s", "HARBOR.SHIPS"),
    Case(
        "column with all its qualifiers", "select fleet.harbor.ships.id from fleet.harbor.ships", "FLEET.HARBOR.SHIPS"
    ),
    Case("name of many letters", "select * from ärger.Übersicht", "ÄRGER.ÜBERSICHT"),
]

FROM = [
    Case("comma join", "select * from a.x t1, a.y as t2, b.x t3", "A.X A.Y B.X"),
    Case(
        "every join",
        "select * from a join b using (i) left join c using (i) full outer join d on 1=1 cross join e natural join f",
        "A B C D E F",
    ),
    Case("joins without a condition", "select * from a join b join c cross join d", "A B C D"),
    Case("too many of them", "select * from a" + " join b" * 40, "", UNPARSABLE),
    Case("cross joins", "select * from a" + " cross join b" * 40, "A B"),
    Case("join tree in brackets", "select * from a left join (b join c on b.i = c.i) on a.i = b.i", "A B C"),
    Case("relation in brackets", "select * from (harbor.ships)", "HARBOR.SHIPS"),
    Case(
        "subquery",
        "select * from (select * from harbor.ships where id in (select id from harbor.late)) x",
        "HARBOR.SHIPS HARBOR.LATE",
    ),
    Case(
        "subqueries in every clause",
        "select (select max(t) from c1) m from t where exists (select 1 from c2) group by all having count(*) > (select min(n) from c3) order by (select 1 from c4)",
        "C1 C2 C3 C4 T",
    ),
    Case(
        "set operations",
        "select i from a union all select i from b except select i from c intersect select i from d",
        "A B C D",
    ),
    Case("minus", "select i from a minus select i from b", "A B"),
    Case(
        "lateral subquery", "select * from ships s, lateral (select * from calls c where c.ship = s.id)", "SHIPS CALLS"
    ),
    Case("ASOF", "select * from a asof join rates r match_condition (a.t >= r.t) on a.c = r.c", "A RATES"),
    Case(
        "QUALIFY",
        "select * from a qualify row_number() over (partition by i order by t) = (select min(n) from b)",
        "A B",
    ),
    Case(
        "PIVOT over a subquery of values",
        "select * from sales pivot (sum(n) for m in (select distinct m from months)) p",
        "SALES MONTHS",
    ),
    Case("UNPIVOT", "select * from sales unpivot (n for m in (jan, feb))", "SALES"),
    Case(
        "time travel",
        "select * from a at (timestamp => '2026-01-01'::timestamp) join b before (statement => 'x') using (i)",
        "A B",
    ),
    Case("CHANGES", "select * from a changes (information => default) at (offset => -60)", "A"),
    Case("sample", "select * from a sample (10) join b tablesample bernoulli (5) using (i)", "A B"),
    Case(
        "MATCH_RECOGNIZE",
        "select * from a match_recognize (partition by p order by t measures first(t) as s pattern (x+) define x as n > 1)",
        "A",
    ),
    Case("VALUES", "select * from (values (1, 'a')) v (i, c) join harbor.ships using (i)", "HARBOR.SHIPS"),
    Case("VALUES alone", "select * from values (1), (2)", "", NO_RELATION),
    Case("CONNECT BY", "select * from tree start with parent is null connect by prior id = parent", "TREE"),
    Case("select star options", "select * exclude (secret) rename (a as b) from ships", "SHIPS"),
    Case("trailing comma", "select a, b, from ships", "SHIPS"),
    Case("no relation at all", "select current_date()", "", NO_RELATION),
    Case("sequence", "select harbor.numbers.nextval, s.* from ships s", "SHIPS"),
    Case("information schema", "select * from fleet.information_schema.columns", "FLEET.INFORMATION_SCHEMA.COLUMNS"),
    Case(
        "semantic view",
        "select * from semantic_view(fleet.harbor.traffic metrics ships.calls dimensions ships.flag)",
        "FLEET.HARBOR.TRAFFIC",
    ),
]

FUNCTIONS = [
    Case("TABLE(FLATTEN)", "select f.value from ships s, table(flatten(s.crew)) f", "SHIPS"),
    Case("LATERAL FLATTEN", "select * from ships s, lateral flatten(input => s.crew) f", "SHIPS"),
    Case(
        "subquery in FLATTEN", "select * from table(flatten(input => (select crew from harbor.lists)))", "HARBOR.LISTS"
    ),
    Case("generator", "select seq4() from table(generator(rowcount => 10))", "", NO_RELATION),
    Case("table function of a schema", "select * from table(fleet.harbor.calls_of(1)) c join ships using (i)", "SHIPS"),
    Case("table function without TABLE", "select * from harbor.calls_of(1)", "", NO_RELATION),
    Case("query history", "select * from table(information_schema.query_history())", "", NO_RELATION),
    Case("former result", "select * from table(result_scan(last_query_id(-1)))", "", DYNAMIC, dynamic="RESULT_SCAN"),
    Case("IDENTIFIER of a text", "select * from identifier('fleet.harbor.ships')", "FLEET.HARBOR.SHIPS"),
    Case("IDENTIFIER of a quoted text", """select * from identifier('harbor."Ships"')""", "HARBOR.Ships"),
    Case(
        "IDENTIFIER of a variable",
        "select * from identifier($ships) join harbor.calls",
        "HARBOR.CALLS",
        DYNAMIC,
        dynamic="identifier($ships)",
    ),
    Case(
        "IDENTIFIER of a variable that the text sets",
        "set ships = 'harbor.ships'; select * from identifier($ships)",
        "HARBOR.SHIPS",
    ),
    Case("variable as a table", "select * from $ships", "", DYNAMIC, dynamic="$ships"),
    Case("TABLE of a text", "select * from table('fleet.harbor.ships')", "FLEET.HARBOR.SHIPS"),
    Case("TABLE of a variable", "select * from table($ships)", "", DYNAMIC, dynamic="table($ships)"),
    Case(
        "stage with a file format",
        "select t.$1 from @fleet.raw.landed/2026/ (file_format => fleet.raw.lines) t",
        "",
        NO_RELATION,
        stages="FLEET.RAW.LANDED",
    ),
    Case("stage as a text", "select $1 from '@raw.landed/a.csv'", "", NO_RELATION, stages="RAW.LANDED"),
    Case("stage of the user", "select $1 from @~/a.csv", "", NO_RELATION),
    Case(
        "stage beside a relation",
        "select * from @landed s join harbor.ships using (i)",
        "HARBOR.SHIPS",
        stages="LANDED",
    ),
]

TEXTS = [
    Case("line comments of both kinds", "// from a\n-- from b\nselect * from ships // join c", "SHIPS"),
    Case("block comment", "select /* from a; select * from b */ * from ships", "SHIPS"),
    Case("text that looks like SQL", "select 'it''s from a; select * from b' from ships", "SHIPS"),
    Case("backslash in a text", r"select '\' from a' from ships", "SHIPS"),
    Case("dollar-quoted text", "select $$ from a; -- $$ from ships", "SHIPS"),
    Case("nothing", "", "", EMPTY),
    Case("only comments", "-- from a\n/* from b */ ", "", EMPTY),
    Case("only semicolons", " ;; ", "", EMPTY),
    Case("misspelt keyword", "select * frm harbor.ships", "", UNPARSABLE),
    Case("prose", "Ask Ana about the tab 'Ships from harbor.ships'", "", UNPARSABLE),
    Case("cut text", "select * from harbor.ships where id in (select", "", UNPARSABLE),
    Case("open quote", "select * from harbor.ships where a = 'x", "", UNPARSABLE),
    Case("one statement of two is no SQL", "select * from ships; selct 1 frm x", "SHIPS", UNPARSABLE),
    Case("deep brackets", "select " + "(" * 1000 + "1" + ")" * 1000, "", UNPARSABLE),
    Case("too large", "select 1 -- " + "x" * 1_000_000, "", UNPARSABLE),
    Case("long list", f"select * from ships where id in ({', '.join(map(str, range(2000)))})", "SHIPS"),
    Case(
        "text on which sqlglot fails with a ValueError",
        "select * from h.ships s, s.cr@ew c left join s.calls",
        "",
        UNPARSABLE,
        dialect="redshift",
    ),
    Case("many unions", " union all ".join(["select * from ships"] * 300), "SHIPS"),
]

CTES = [
    Case("plain", "with late as (select * from harbor.ships) select * from late", "HARBOR.SHIPS"),
    Case("in another case", "with Late as (select * from ships) select * from LATE join late l2", "SHIPS"),
    Case(
        "quoted in another case is a relation", 'with "Late" as (select * from ships) select * from late', "SHIPS LATE"
    ),
    Case("chain", "with a as (select * from x), b as (select * from a join y) select * from b", "X Y"),
    Case("later name is a relation", "with a as (select * from b), b as (select * from x) select * from a", "B X"),
    Case("qualified name is no CTE", "with ships as (select 1) select * from ships join harbor.ships", "HARBOR.SHIPS"),
    Case(
        "invisible outside of its subquery",
        "select * from (with late as (select * from ships) select * from late) a join late b",
        "SHIPS LATE",
    ),
    Case(
        "visible in subqueries",
        "with late as (select * from ships) select * from (select * from (select * from late))",
        "SHIPS",
    ),
    Case(
        "shadowed inside",
        "with a as (select * from x) select * from (with a as (select * from y) select * from a) join a",
        "X Y",
    ),
    Case("named like its relation", "with ships as (select * from ships) select * from ships", "SHIPS"),
    Case("column list", "with t (i, n) as (select id, count(*) from ships group by 1) select * from t", "SHIPS"),
    Case("in a scalar subquery", "select (with a as (select * from x) select max(i) from a) from a", "X A"),
    Case(
        "recursive",
        "with recursive t as (select id from roots union all select c.id from children c join t on c.parent = t.id) select * from t",
        "ROOTS CHILDREN",
    ),
    Case(
        "recursive without the word",
        "with t as (select id from roots union all select c.id from children c join t on c.parent = t.id) select * from t",
        "ROOTS CHILDREN",
    ),
    Case("around a union", "with a as (select * from x) select * from a union all select * from a join y", "X Y"),
    Case("before INSERT", "with a as (select * from x) insert into w.t select * from a", "X", writes="W.T"),
    Case("inside INSERT", "insert into w.t with a as (select * from x) select * from a", "X", writes="W.T"),
    Case("Postgres: own name", "with ships as (select * from ships) select * from ships", "ships", dialect="postgres"),
    Case(
        "Postgres: recursive names see each other",
        "with recursive a as (select * from b), b as (select * from x) select * from a",
        "x",
        dialect="postgres",
    ),
    Case(
        "Postgres: a CTE that changes data",
        "with gone as (delete from w.t returning *) select * from gone",
        "",
        writes="w.t",
        dialect="postgres",
    ),
    Case(
        "BigQuery: no case in CTE names",
        "with Late as (select * from h.Ships) select * from late",
        "h.Ships",
        dialect="bigquery",
    ),
]

STATEMENTS = [
    Case("INSERT", "insert into w.t (a) select a from x", "X", writes="W.T"),
    Case("INSERT OVERWRITE", "insert overwrite into w.t select * from w.t", "W.T", writes="W.T"),
    Case("INSERT of values", "insert into w.t values (1)", "", writes="W.T"),
    Case(
        "multi-table INSERT", "insert all when n > 1 then into w.a else into w.b select n from x", "X", writes="W.A W.B"
    ),
    Case("UPDATE", "update w.t set n = (select max(n) from y) from x where x.i = t.i", "X Y", writes="W.T"),
    Case("DELETE USING", "delete from w.t using harbor.gone g where g.i = t.i", "HARBOR.GONE", writes="W.T"),
    Case("DELETE with a subquery", "delete from w.t where i in (select i from x)", "X", writes="W.T"),
    Case(
        "MERGE",
        "merge into w.t using (select * from x) s on t.i = s.i when matched then update set n = s.n when not matched then insert (i) values (s.i)",
        "X",
        writes="W.T",
    ),
    Case("TRUNCATE", "truncate table w.t", "", writes="W.T"),
    Case("CREATE TABLE AS", "create or replace table w.t as select * from x", "X", writes="W.T"),
    Case("CREATE VIEW", "create view w.v as with a as (select * from x) select * from a", "X", writes="W.V"),
    Case(
        "CREATE DYNAMIC TABLE",
        "create dynamic table w.t target_lag = '1 minute' warehouse = h as select * from x",
        "X",
        writes="W.T",
    ),
    Case("reads what it replaces", "create or replace table w.t as select * from w.t", "W.T", writes="W.T"),
    Case("CLONE", "create table w.t clone x", "X", writes="W.T"),
    Case("LIKE", "create table w.t like x", "X", writes="W.T"),
    Case("SWAP", "alter table w.a swap with w.b", "", writes="W.A W.B"),
    Case(
        "temporary table is none of the warehouse",
        "create temp table big as select * from x; select * from BIG join y",
        "X Y",
    ),
    Case(
        "temporary view that shadows", "create temporary view x as select * from harbor.x; select * from x", "HARBOR.X"
    ),
    Case(
        "temporary table beside one of its name in a schema",
        "create temp table x as select * from a; select * from x join harbor.x",
        "A HARBOR.X",
    ),
    Case("own table is no read", "create table w.t as select * from x; select * from w.t", "X", writes="W.T"),
    Case(
        "own table, dropped at last",
        "create temp table big as select 1; select * from big; drop table big",
        "",
        NO_RELATION,
    ),
    Case(
        "USE SCHEMA with a database",
        "use schema fleet.harbor; select * from ships join raw.calls",
        "FLEET.HARBOR.SHIPS FLEET.RAW.CALLS",
    ),
    Case("USE SCHEMA", "use schema harbor; select * from ships join raw.calls", "HARBOR.SHIPS RAW.CALLS"),
    Case(
        "USE DATABASE chooses PUBLIC",
        "use database fleet; select * from ships join raw.calls",
        "FLEET.PUBLIC.SHIPS FLEET.RAW.CALLS",
    ),
    Case("USE between queries", "select * from a; use schema x; select * from a", "A X.A"),
    Case("USE WAREHOUSE", "use warehouse big; use role reader; select * from ships", "SHIPS"),
    Case("variable as a value", "set since = '2026-01-01'; select * from ships where t > $since", "SHIPS"),
    Case("SET with a query", "set newest = (select max(t) from clock); select $newest", "CLOCK"),
    Case("EXPLAIN", "explain using text select * from harbor.ships", "HARBOR.SHIPS"),
    Case("EXECUTE IMMEDIATE", "execute immediate 'select * from ships'", "", DYNAMIC, dynamic="EXECUTE IMMEDIATE"),
    Case("CALL", "call refresh_ships(1)", "", DYNAMIC, dynamic="CALL"),
    Case("SHOW", "show tables in schema fleet.harbor", "", NO_RELATION),
    Case("DESCRIBE", "describe table harbor.ships", "", NO_RELATION),
    Case("GRANT", "grant select on harbor.ships to role reader", "", NO_RELATION),
    Case("COMMENT", "comment on table harbor.ships is 'from x'", "", NO_RELATION),
    Case("transaction", "begin; select * from ships; commit", "SHIPS"),
    Case("session setting", "alter session set timezone = 'UTC'; select * from ships", "SHIPS"),
    Case("function body", "create function f() returns int as $$ select 1 from ships $$", "", NO_RELATION),
    Case(
        "COPY INTO a table",
        "copy into w.t from @raw.landed/x file_format = (type = csv)",
        "",
        writes="W.T",
        stages="RAW.LANDED",
    ),
    Case("COPY INTO a stage", "copy into @raw.out from harbor.ships", "HARBOR.SHIPS", stages="RAW.OUT"),
    Case(
        "COPY INTO a stage from a query",
        "copy into @raw.out from (select * from harbor.ships)",
        "HARBOR.SHIPS",
        stages="RAW.OUT",
    ),
]

DIALECTS = [
    Case(
        "Postgres folds down",
        'select * from Harbor.Ships join "Calls" using (i)',
        "harbor.ships Calls",
        dialect="postgres",
    ),
    Case("ONLY", "select * from only harbor.ships", "harbor.ships", dialect="postgres"),
    Case("TABLE as a query", "table harbor.ships", "harbor.ships", dialect="postgres"),
    Case("TABLE in a CTE", "with a as (table x) select * from a union all table y", "x y", dialect="postgres"),
    Case(
        "set-returning functions",
        "select * from generate_series(1, 9) g, unnest(array[1]) u, f(1)",
        "",
        NO_RELATION,
        dialect="postgres",
    ),
    Case("search_path", "set search_path to harbor; select * from ships", "harbor.ships", dialect="postgres"),
    Case("EXPLAIN ANALYZE", "explain (analyze, buffers) select * from ships", "ships", dialect="postgres"),
    Case("SELECT INTO", "select * into temp late from ships; select * from late", "ships", dialect="postgres"),
    Case("row locks", "select * from ships s for update of s", "ships", dialect="postgres"),
    Case("DO", "do $$ begin perform 1 from x; end $$", "", DYNAMIC, dialect="postgres", dynamic="DO"),
    Case("Redshift: no case at all", 'select * from "Harbor".Ships', "harbor.ships", dialect="redshift"),
    Case(
        "Redshift: temporary by its name",
        "select * into #late from ships; select * from #late",
        "ships",
        dialect="redshift",
    ),
    Case("Redshift: array of the row", "select * from h.ships s, s.crew c", "h.ships", dialect="redshift"),
    Case(
        "Redshift: UNLOAD", "unload ('select * from x') to 's3://b'", "", DYNAMIC, dialect="redshift", dynamic="UNLOAD"
    ),
    Case("BigQuery: dash", "select * from my-fleet.h.Ships", "my-fleet.h.Ships", dialect="bigquery"),
    Case(
        "BigQuery: one quote around all",
        "select * from `my-fleet.h.Ships` join `my-fleet`.h.Calls",
        "my-fleet.h.Ships my-fleet.h.Calls",
        dialect="bigquery",
    ),
    Case(
        "BigQuery: wildcard",
        "select * from `fleet.h.calls_*` join h.ships",
        "h.ships",
        DYNAMIC,
        dialect="bigquery",
        dynamic="fleet.h.calls_*",
    ),
    Case(
        "BigQuery: array of the row",
        "select * from h.ships s, s.crew c left join s.calls",
        "h.ships",
        dialect="bigquery",
    ),
    Case(
        "BigQuery: array of an element",
        "select * from h.ships s cross join unnest(s.crew) c left join c.papers",
        "h.ships",
        dialect="bigquery",
    ),
    Case(
        "BigQuery: array in a subquery",
        "select (select count(*) from s.crew), array(select c from unnest(s.calls) c) from h.ships s",
        "h.ships",
        dialect="bigquery",
    ),
    Case(
        "BigQuery: information schema",
        "select * from h.INFORMATION_SCHEMA.TABLES",
        "h.INFORMATION_SCHEMA.TABLES",
        dialect="bigquery",
    ),
    Case("BigQuery: comment", "select * from h.ships # join h.x", "h.ships", dialect="bigquery"),
    Case(
        "BigQuery: model", "select * from ml.predict(model h.m, (select * from h.ships))", "h.ships", dialect="bigquery"
    ),
    Case("DuckDB: files", "select * from 'a/*.parquet' join read_csv('b.csv') join ships", "ships", dialect="duckdb"),
    Case("DuckDB: FROM first", "from harbor.ships select a", "harbor.ships", dialect="duckdb"),
    Case("DuckDB: PIVOT", "pivot ships on flag using count(*)", "ships", dialect="duckdb"),
    Case("MySQL: quotes and comment", "select * from `harbor`.`Ships` # from x", "harbor.Ships", dialect="mysql"),
    Case("MySQL: USE", "use harbor; select * from Ships", "harbor.Ships", dialect="mysql"),
    Case(
        "MySQL: changes over joins",
        "update a join b using (i) set a.x = 1; delete c from c join d using (i)",
        "b d",
        dialect="mysql",
        writes="a c",
    ),
    Case("SQLite", "select * from [Cargo List] join ships", "cargo list ships", dialect="sqlite"),
]

PLAIN = [*NAMES, *FROM, *FUNCTIONS, *TEXTS, *CTES, *STATEMENTS, *DIALECTS]
