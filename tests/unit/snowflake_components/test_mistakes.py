"""A mistake in the YAML fails when it loads, with file, line, field and a suggestion."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dagster.components.resolved.errors import ResolutionException

from snowflake_components.documents.reading import refuse_duplicate_keys
from tests.fakes.component_documents import mistakes_in

pytestmark = [
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated"),  # Dagster's own
    pytest.mark.filterwarnings("ignore:.*is currently in beta"),  # Dagster's own
]

STAGE = """\
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes:
  name: stage_a
  database_name: aws
  schema_name: dev
  type: stage
  role: WRITER
  options:
    url: s3://bucket/stream/landing/
    storage_integration: AWS_INTEGRATION
    directory: {enable: true}
    file_format: {type: JSON}
    comment: "a stage"
  asset_attributes:
    group_name: stages
    deps: ["writer"]
"""
TABLE = """\
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes:
  name: ext_a
  database_name: aws
  schema_name: dev
  type: external table
  options:
    location: "@stage_a"
    partition_by: HOUR
    columns:
      - {name: HOUR, type: TIMESTAMP, as: hour_of_path}
      - name: EVENT_ID
        type: VARCHAR
        as: "value:event:event_id::varchar"
    file_format: {type: JSON}
    pattern: ".*"
    stage_url: s3://bucket/stream/landing/
  asset_attributes:
    partitions_def: {type: hourly, start_date: "2025-01-01-00:00"}
"""


@pytest.mark.parametrize("document", [STAGE, TABLE, f"{STAGE}---\n{TABLE}"])
def test_the_documents_of_the_corpus_load_before_they_are_broken(document: str) -> None:
    """Each mistake below is the only one of its document."""
    assert mistakes_in(document) == ""


@pytest.mark.parametrize(
    ("written", "instead", "line", "said"),
    [
        # unknown fields, at every depth, with a suggestion
        ("  role: WRITER", "  rol: WRITER", 7, r"attributes\.rol\b.*did you mean 'role'"),
        ("    url:", "    uri:", 9, r"attributes\.options\.uri: unknown field; did you mean 'url'"),
        ("    storage_integration:", "    storage-integration:", 10, "did you mean 'storage_integration'"),
        ("{enable: true}", "{enabled: true}", 11, r"options\.directory\.enabled: .*did you mean 'enable'"),
        ("{type: JSON}", "{type: JSON, strip_array: true}", 12, r"file_format\.strip_array: .*'strip_outer_array'"),
        ("    group_name:", "    groupname:", 15, r"asset_attributes\.groupname.*did you mean 'group_name'"),
        # kinds
        ("type: stage", "type: Stage", 6, r"attributes\.type: not a kind of object: 'Stage'; did you mean 'stage'"),
        ("type: stage", "type: External Table", 6, "did you mean 'external table'"),
        ("type: stage", "type: external table", 9, r"attributes\.options\.url: unknown field"),
        ("  type: stage\n", "", 2, r"attributes\.type\b.*is missing"),
        # names
        ("name: stage_a", "name: 'x; DROP TABLE y'", 3, r"attributes\.name: .*put it in double quotes"),
        ("name: stage_a", "name: 7", 3, r"attributes\.name: must be text, not 7: put it in quotes"),
        ("name: stage_a", "name:", 3, r"attributes\.name"),
        ("schema_name: dev", "schema_name: no", 5, r"attributes\.schema_name: must be text, not false"),
        ("schema_name: dev", "schema_name: '{{ env(\"X\") }}'", 5, r"schema_name: .*the template in target_schema"),
        ("name: stage_a", "name: '{{ env(\"X\") }}'", 3, r"attributes\.name: no template is resolved here"),
        ("role: WRITER", "role:", 7, r"attributes\.role.*must not be empty"),
        ("role: WRITER", "role: \"{{ env('HOURGLASS_TEST_UNSET') }}\"", 7, "HOURGLASS_TEST_UNSET is not set"),
        # a stage's options
        ("storage_integration: AWS_INTEGRATION", "storage_integration:", 10, r"storage_integration: must not be empty"),
        ("storage_integration: AWS_INTEGRATION", "storage_integration: ''", 10, "must not be empty"),
        ("storage_integration: AWS_INTEGRATION", "storage_integration: a'b", 10, "put it in double quotes"),
        ("s3://bucket/stream/landing/", "https://b.s3.eu-west-1.amazonaws.com/x/", 9, r"url: .*write 's3://b/x/'"),
        ("s3://bucket/stream/landing/", "file:///etc/", 9, "only s3:// is supported"),
        ("s3://bucket/stream/landing/", "s3://bucket/../other/", 9, "s3://bucket/directory/"),
        ("    url: s3://bucket/stream/landing/\n", "", 8, r"options\.url: is missing"),
        ("enable: true", "enable: 'yes'", 11, r"directory\.enable: must be true or false, not 'yes'"),
        ("enable: true", "auto_refresh: true", 11, r"directory\.enable: is missing"),
        ("{type: JSON}", "{type: XML}", 12, r"file_format\.type: .*one of AVRO, CSV.*XML is not supported"),
        ("{type: JSON}", "{type: CSV, strip_outer_array: true}", 12, "strip_outer_array is an option of JSON, not of"),
        ("{type: JSON}", "{type: PARQUET, skip_header: 1}", 12, "skip_header is an option of CSV, not of PARQUET"),
        ("{type: JSON}", "{type: PARQUET, compression: GZIP}", 12, "PARQUET has AUTO, LZO, NONE, SNAPPY"),
        ("{type: JSON}", "{type: JSON, compression: SNAPPY}", 12, "SNAPPY is of PARQUET"),
        ("{type: JSON}", "{type: CSV, parse_header: true, skip_header: 1}", 12, "exclude each other"),
        ("{type: JSON}", "{}", 12, "needs either a type, such as type: JSON, or format_name"),
        ("{type: JSON}", "{type: JSON, format_name: f}", 12, "needs either a type, such as type: JSON, or"),
        ("{type: JSON}", "{format_name: f, strip_outer_array: true}", 12, "belong.* to the named file format"),
        ("{type: JSON}", "{type: JSON, compression: LZ4}", 12, r"file_format\.compression: .*ZSTD"),
        ("    file_format: {type: JSON}\n", "    file_extension: .jsonl\n", 8, "file_extension is an option of"),
        (
            "{type: JSON}",
            "{type: ORC, file_extension: .orc}",
            12,
            "file_extension is an option of CSV and JSON, not of",
        ),
        ("{type: JSON}", "{type: ORC}\n    file_extension: .orc", 8, "file_extension is no option of ORC"),
        ('comment: "a stage"', "comment: 7", 13, r"options\.comment: must be text, not 7: put it in quotes"),
        ('comment: "a stage"', "columns: []", 13, r"options\.columns: unknown field; a stage has no columns"),
        ('comment: "a stage"', "credentials: {aws_secret_key: s3cr3t}", 13, "a storage_integration gives the access"),
        ("  options:\n", "  options: []\n  other:\n", 8, r"attributes\.options"),
        # fields that Dagster describes
        ('deps: ["writer"]', "deps: writer", 16, r"asset_attributes\.deps.*must be a list"),
        ('deps: ["writer"]', "partitions_def: {type: static, partition_keys: [a]}", 16, "whole UTC hours"),
        ('deps: ["writer"]', "automation_condition: '{{ automation_condition.on_corn(1) }}'", 16, "on_corn"),
        # YAML itself
        ("  role: WRITER", "  name: stage_b", 7, "name: is written twice"),
    ],
)
def test_a_mistake_in_a_stage(written: str, instead: str, line: int, said: str) -> None:
    """The message has the file, the line of the mistake, the field, and the repair."""
    assert written in STAGE
    _assert_said(STAGE.replace(written, instead, 1), line, said)


@pytest.mark.parametrize(
    ("written", "instead", "line", "said"),
    [
        ('location: "@stage_a"', "location: '@{{ x }}'", 8, r"location: no template is resolved in this name"),
        ('location: "@stage_a"', "location: stage_a", 8, "location: must start with @"),
        ('location: "@stage_a"', 'location: "@stage_a/../b/"', 8, "not a directory relative to its stage"),
        ('location: "@stage_a"', 'location: "@stage_a\'; x"', 8, "put it in double quotes"),
        ('    location: "@stage_a"\n', "", 7, r"options\.location: is missing"),
        ("    file_format: {type: JSON}\n", "", 7, r"options\.file_format: is missing"),
        ("partition_by: HOUR", "partition_by: HOUR, DAY", 9, r"several columns are a list: \[HOUR, DAY\]"),
        ("partition_by: HOUR", "partition_type: USER_SPECIFIED", 9, "unknown field; not supported: partitions are"),
        ('pattern: ".*"', "pattern: '*.jsonl'", 16, r"a glob is no pattern, write '\.\*\[\.\]jsonl'"),
        ("type: VARCHAR", "data_type: VARCHAR", 13, r"columns\.1\.data_type: unknown field; write type"),
        ("type: TIMESTAMP,", "type: number(10,2),", 11, "put the type in quotes"),
        ("partition_by: HOUR", "partition_by: DAY", 7, "partition_by: there is no column DAY"),
        ("partition_by: HOUR", "partition_by: EVENT_ID", 7, "not computed from METADATA\\$FILENAME"),
        ("type: TIMESTAMP,", "type: VARCHAR,", 11, r"columns\.0: hour_of_path is a TIMESTAMP"),
        ("type: TIMESTAMP,", "type: TIMESTAP,", 11, r"columns\.0\.type: not a Snowflake data type: 'TIMESTAP'"),
        ("type: VARCHAR", "type: VARCHAR) AS (1", 13, r"columns\.1\.type: not a Snowflake data type"),
        ("        type: VARCHAR\n", "", 12, r"columns\.1\.type: is missing"),
        ("        as: ", "        sa: ", 14, r"columns\.1\.sa: unknown field; Known: as, name, type"),
        ("event_id::varchar", "event_id::varchar, 1", 14, r"columns\.1\.as: more than one expression"),
        ("event_id::varchar", "event_id::varchar; drop table t", 14, r"columns\.1\.as: .*a semicolon"),
        ("event_id::varchar", "{{ env('X') }}", 14, r"columns\.1\.as: .*a template"),
        ("name: EVENT_ID", "name: HOUR", 7, "columns named twice: HOUR"),
        ("name: EVENT_ID", "name: 'EVENT\"ID'", 12, r"columns\.1\.name: .*double quotes"),
        ("    stage_url: s3://bucket/stream/landing/\n", "", 10, "describe it, or write its URL as stage_url"),
        ("type: hourly,", "type: hourly, minute_offset: 30,", 19, "not whole UTC hours"),
        ('"2025-01-01-00:00"}', '"2025-01-01-00:00", timezone: Asia/Kolkata}', 19, "not whole UTC hours"),
    ],
)
def test_a_mistake_in_an_external_table(written: str, instead: str, line: int, said: str) -> None:
    """The same holds for an external table; expressions and types are checked, too."""
    assert written in TABLE
    _assert_said(TABLE.replace(written, instead, 1), line, said)


def test_every_document_of_a_file_is_validated_not_only_the_last() -> None:
    """A mistake in the first of two documents of one type is found."""
    broken = STAGE.replace("    url:", "    uri:")
    assert "defs.yaml:9" in mistakes_in(f"{broken}---\n{TABLE}")
    assert "defs.yaml:29" in mistakes_in(f"{TABLE}---\n{broken}")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("comment: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
        ("comment: *nowhere", "found undefined alias"),
        ('comment: "open', "while parsing a block mapping"),
        ("  comment: x", "expected <block end>"),
        ("\tcomment: x", "indent with spaces, not with tabs"),
        ('comment: "a\\.b"', "put the text in single quotes"),
    ],
)
def test_text_that_is_not_plain_yaml_is_refused_with_its_line(written: str, said: str) -> None:
    """A tag does not create an object, and the parser's message names the file and the line."""
    message = mistakes_in(STAGE.replace('comment: "a stage"', written, 1))
    assert said in message
    assert re.search(r'defs\.yaml(:|", line )\d+', message), message[-3000:]


def test_aliases_that_multiply_are_visited_once(tmp_path: Path) -> None:
    """Nine levels of nine aliases are a hundred nodes, not 400 million; a duplicate key behind them is still found."""
    levels = "\n".join(f"- &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10))
    file = tmp_path / "defs.yaml"
    file.write_text(f"- &l0 [x]\n{levels}\n- {{a: 1, a: 2}}\n", encoding="utf-8")
    with pytest.raises(ResolutionException, match=r"defs\.yaml:11 - a: is written twice"):
        refuse_duplicate_keys(file)


def test_several_mistakes_are_reported_at_once() -> None:
    """One load reports one list of mistakes."""
    said = mistakes_in(STAGE.replace("s3://", "http://").replace("enable: true", "enable: 1"))
    assert re.search(r"defs\.yaml:9 - attributes\.options\.url", said)
    assert re.search(r"defs\.yaml:11 - attributes\.options\.directory\.enable", said)


def test_a_document_names_all_of_its_mistakes_once_and_without_the_text_of_a_library() -> None:
    """Names, kinds of fields and options are read before the first error is raised; a secret is not repeated."""
    broken = STAGE.replace("  role:", "  rol:").replace("name: dev", "name: 7").replace("    url:", "    uri:")
    said = mistakes_in(broken.replace("comment:", "credentials:").replace("group_name:", "groupname:"))
    lines = [line.rpartition("defs.yaml:")[2] for line in said.splitlines() if "defs.yaml:" in line]
    assert ["5 - ", "7 - ", "8 - ", "9 - ", "13 -", "15 -"] == [line[:4] for line in lines]
    assert "pydantic" not in said
    assert "a stage" not in said.replace("a stage has", "")


SLIDE = TABLE.replace(
    """\
  options:
    location: "@stage_a"
    partition_by: HOUR
    columns:
      - {name: HOUR, type: TIMESTAMP, as: hour_of_path}
      - name: EVENT_ID
        type: VARCHAR
        as: "value:event:event_id::varchar"
""",
    """\
  partition_by: [HOUR]
  columns:
    - {name: HOUR, type: TIMESTAMP, as: hour_of_path}
    - {name: EVENT_ID, type: VARCHAR, as: "value:event:event_id::varchar"}
  options:
    location: "@stage_a"
""",
)


def test_columns_and_partitions_may_stand_beside_the_role() -> None:
    """The layout of the slides loads, its mistakes have the lines of that layout, and both layouts are refused."""
    assert mistakes_in(SLIDE) == ""
    _assert_said(SLIDE.replace("type: TIMESTAMP,", "type: TIMESTAP,"), 9, r"attributes\.columns\.0\.type: not a Snow")
    both = SLIDE.replace("    pattern:", "    partition_by: HOUR\n    pattern:")
    _assert_said(both, 7, r"attributes\.partition_by: is written twice; write both fields in one of the two places")
    stage = STAGE.replace("  role: WRITER", "  columns: []")
    _assert_said(stage, 7, "a stage has no columns")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "the file is empty"),
        (f"{STAGE.partition('attributes:')[0]}attributes: [a]\n", 2, "attributes: must be a mapping of fields"),
        (
            STAGE.replace("type: stage", "on_change: yes\n  type: stage"),
            6,
            "on_change: must be refuse or apply, not true",
        ),
        (f"{STAGE}---\n", 17, "the document is empty: remove the ---"),
        (STAGE.replace("snowflake_components.", "platform.lib."), 1, "did you mean 'snowflake_components.Snowflake"),
        (STAGE.replace("RefreshComponent", "RefreshComponnt"), 1, "did you mean 'snowflake_components.Snowflake"),
        (STAGE.replace("type: snowflake_components.SnowflakeCreateOrRefreshComponent\n", ""), 1, "type: is missing"),
        (STAGE.partition("attributes:")[0], 1, r"attributes\.name: is missing"),
        (f"{STAGE}---\n{STAGE.replace('stage_a', 'STAGE_A')}", 3, "the stage AWS.DEV.STAGE_A has two documents"),
        (STAGE.replace('deps: ["writer"]', "owners: [bob]"), 16, r"asset_attributes\.owners: .*owner"),
    ],
)
def test_a_mistake_in_a_file(text: str, line: int, said: str) -> None:
    """What no component would see has file and line as well."""
    _assert_said(text, line, said)


@pytest.mark.parametrize(
    "formats",
    [
        "{type: PARQUET}",
        "{type: AVRO, null_if: ['']}",
        "{type: ORC}",
        "{type: CSV, skip_header: 1, field_delimiter: '|', field_optionally_enclosed_by: '\"', null_if: 'NULL'}",
        "{format_name: db.schema.lines}",
        "lines",
    ],
)
def test_every_format_that_a_table_can_read_loads(formats: str) -> None:
    """Inline options of each type, or the name of a file format."""
    assert mistakes_in(TABLE.replace("{type: JSON}", formats)) == ""


@pytest.mark.parametrize("url", ["s3://bucket/data/Activity", "s3://bucket", "s3://bucket/My Data+x/a=b/"])
def test_a_url_may_be_a_prefix(url: str) -> None:
    """A URL without a slash at its end is a prefix, as Snowflake says."""
    assert mistakes_in(STAGE.replace("s3://bucket/stream/landing/", url)) == ""


def _assert_said(document: str, line: int, said: str) -> None:
    message = mistakes_in(document)
    assert re.search(said, message, re.DOTALL), message[-3000:]
    assert f"defs.yaml:{line}" in message, message[-3000:]
