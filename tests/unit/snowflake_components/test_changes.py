"""The plan of one object: what differs from its document, and what Snowflake must be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snowflake_components.identifiers import Expression, Identifier, QualifiedName, StagePath, Word
from snowflake_components.planning.change import NO_MARK, Action, Change
from snowflake_components.planning.changes import plan_change
from snowflake_components.planning.differences import Found
from snowflake_components.planning.marks import mark_of, marked, split_comment
from snowflake_components.statements.external_tables import CreateExternalTable, VirtualColumn
from snowflake_components.statements.kinds import Definition
from snowflake_components.statements.stages import CreateStage

NAME = QualifiedName(Identifier("D"), Identifier("S"), Identifier("X"))
STAGE = CreateStage(
    NAME,
    "s3://b/p/",
    storage_integration=Identifier("INT"),
    directory_auto_refresh=False,
    file_format={"TYPE": Word("JSON")},
    comment="words",
)
TABLE = CreateExternalTable(
    NAME,
    tuple(VirtualColumn(Identifier(name), "VARCHAR", Expression(f"value:{name}")) for name in ("A", "B", "C")),
    StagePath(NAME),
    {"TYPE": Word("JSON")},
    pattern=".*",
    comment="words",
)


def _found(definition: Definition, **changed: Any) -> Found:
    """Return the object as SHOW prints it after its creation."""
    shown = {("directory_enabled" if name == "directory" else name): value for name, value in definition.shown.items()}
    row = {"name": "X", "comment": marked(definition).comment, **shown} | changed
    return Found.from_row(definition.object_type, row)


def _sql(change: Change) -> list[str]:
    return [statement.sql for statement in change.statements]


def _mark(definition: Definition) -> str:
    return mark_of(definition).text


def test_an_object_that_was_created_from_its_document_needs_nothing() -> None:
    """The mark and what SHOW prints agree."""
    for definition in (STAGE, TABLE, replace(STAGE, comment=None), replace(TABLE, columns=(), comment=None)):
        assert Action.UNCHANGED is plan_change(definition, _found(definition)).action


def test_what_a_stage_can_set_is_set_in_place_and_the_mark_comes_last() -> None:
    """A statement that fails in between leaves the former mark, so that the plan finds the rest again."""
    wanted = replace(STAGE, file_format={"TYPE": Word("CSV")}, directory_auto_refresh=None, comment="new")
    change = plan_change(wanted, _found(STAGE))
    assert Action.ALTER is change.action
    assert (
        "directory (removed from the document)",
        "file_format (changed in the document)",
        "comment (changed in the document)",
    ) == tuple(
        sorted(change.reasons, key=lambda reason: ("directory", "file_format", "comment").index(reason.split()[0]))
    )
    assert [
        'ALTER STAGE "D"."S"."X" SET\n  DIRECTORY = (ENABLE = FALSE)',
        f'ALTER STAGE "D"."S"."X" SET\n  FILE_FORMAT = (TYPE = CSV)\n  COMMENT = \'new {_mark(wanted)}\'',
    ] == _sql(change)


def test_a_stage_that_moves_is_never_altered_silently() -> None:
    """Its external tables become invalid, so a person must allow it."""
    change = plan_change(replace(STAGE, url="s3://b/q/"), _found(STAGE))
    assert Action.MOVE is change.action
    assert change.is_breaking
    assert "become invalid" in change.risk
    assert "URL = 's3://b/q/'" in _sql(change)[-1]


def test_what_snowflake_cannot_alter_is_by_hand() -> None:
    """An integration cannot be taken from a stage; nothing is sent."""
    change = plan_change(replace(STAGE, storage_integration=None), _found(STAGE))
    assert (Action.BY_HAND, []) == (change.action, _sql(change))
    assert "CREATE OR REPLACE STAGE" in change.risk


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"pattern": None}, "pattern (removed from the document)"),
        ({"partition_by": (Identifier("A"),)}, "partition_by (added to the document)"),
        ({"location": StagePath(NAME, "x/")}, "location (changed in the document)"),
        ({"columns": TABLE.columns[:2]}, "columns (1 removed)"),
        ({"columns": TABLE.columns[::-1]}, "columns (another order)"),
        (
            {"columns": (*TABLE.columns[:2], VirtualColumn(Identifier("C"), "INT", Expression("1")))},
            "columns (changed C)",
        ),
        (
            {"columns": (*TABLE.columns[1:], VirtualColumn(Identifier("N"), "INT", Expression("1")))},
            "columns (added N; 1 removed)",
        ),
    ],
)
def test_an_external_table_is_replaced_with_its_grants(changed: dict[str, Any], reason: str) -> None:
    """Snowflake alters neither columns nor format; the reason names the field, and the column."""
    wanted = replace(TABLE, **changed)
    change = plan_change(wanted, _found(TABLE))
    assert (Action.REPLACE, (reason,)) == (change.action, change.reasons)
    (sql,) = _sql(change)
    assert sql.startswith('CREATE OR REPLACE EXTERNAL TABLE "D"."S"."X"')
    assert sql.endswith(f"COPY GRANTS\n  COMMENT = 'words {_mark(wanted)}'")


def test_the_comment_and_the_notifications_of_a_table_are_set_in_place() -> None:
    """Its registered files stay."""
    wanted = replace(TABLE, auto_refresh=True, comment="it's new")
    assert [
        'ALTER EXTERNAL TABLE "D"."S"."X" SET AUTO_REFRESH = TRUE',
        f'COMMENT ON TABLE "D"."S"."X" IS \'it\'\'s new {_mark(wanted)}\'',
    ] == _sql(plan_change(wanted, _found(TABLE)))


def test_columns_at_the_end_of_an_external_table_are_added_in_place() -> None:
    """Its registered files stay; a column between others would change the order of `SELECT *`."""
    new = VirtualColumn(Identifier("N"), "INT", Expression("value:n"))
    wanted = replace(TABLE, columns=(*TABLE.columns, new))
    change = plan_change(wanted, _found(TABLE))
    assert (Action.ALTER, ("columns (added N)",), False) == (change.action, change.reasons, change.is_breaking)
    assert [
        'ALTER TABLE "D"."S"."X" ADD COLUMN IF NOT EXISTS "N" INT AS (value:n)',
        f'COMMENT ON TABLE "D"."S"."X" IS \'words {_mark(wanted)}\'',
    ] == _sql(change)
    assert Action.REPLACE is plan_change(replace(TABLE, columns=(new, *TABLE.columns)), _found(TABLE)).action
    both = replace(wanted, pattern="other")
    assert Action.REPLACE is plan_change(both, _found(TABLE)).action


def test_a_change_by_hand_beside_the_mark_is_found_by_the_description() -> None:
    """The mark says what the object was made with, and the description what it is."""
    there = replace(STAGE, file_format={"TYPE": Word("CSV")}, directory_auto_refresh=True)
    change = plan_change(STAGE, _found(STAGE).with_present(there))
    assert (
        "directory (enabled, auto_refresh true in the account, not enabled, auto_refresh false)",
        "file_format (TYPE=CSV in the account, not TYPE=JSON)",
    ) == tuple(sorted(change.reasons))
    lacking = replace(TABLE, columns=TABLE.columns[:2])
    assert Action.ALTER is plan_change(TABLE, _found(TABLE).with_present(lacking)).action
    more = replace(TABLE, columns=(*TABLE.columns, VirtualColumn(Identifier("N"), "INT", Expression("1"))))
    assert ("columns (the account has N)",) == plan_change(TABLE, _found(TABLE).with_present(more)).reasons


def test_snowflakes_form_of_an_expression_is_no_difference_where_there_is_a_mark() -> None:
    """Snowflake prints `value:a::varchar` as a CAST; without a mark nobody knows what it was."""
    printed = replace(
        TABLE, columns=tuple(replace(one, expression=Expression("CAST(1 AS INT)")) for one in TABLE.columns)
    )
    assert Action.UNCHANGED is plan_change(TABLE, _found(TABLE).with_present(printed)).action
    unmarked = _found(TABLE, comment="words")
    assert ("columns (changed A, B, C)",) == plan_change(TABLE, unmarked.with_present(printed)).reasons
    assert Action.UNCHANGED is plan_change(TABLE, unmarked.with_present(TABLE)).action


def test_words_that_people_add_stay() -> None:
    """The mark alone is compared; a change of another field keeps the words of the account."""
    words = f"see the runbook. {marked(STAGE).comment} Owner: Ada"
    assert Action.UNCHANGED is plan_change(STAGE, _found(STAGE, comment=words)).action
    (sql,) = _sql(plan_change(replace(STAGE, file_format={"TYPE": Word("CSV")}), _found(STAGE, comment=words)))
    assert "COMMENT = 'see the runbook. words Owner: Ada [hourglass 1" in sql


def test_what_is_changed_by_hand_is_found() -> None:
    """The document's definition is unchanged, and SHOW prints another one."""
    change = plan_change(STAGE, _found(STAGE, url="s3://b/elsewhere/"))
    assert (Action.MOVE, ("url (s3://b/elsewhere/ in the account, not s3://b/p/)",)) == (change.action, change.reasons)
    change = plan_change(STAGE, _found(STAGE, directory_enabled="N"))
    assert ("directory (N in the account, not Y)",) == change.reasons


def test_an_object_without_a_mark_is_never_taken_for_ours() -> None:
    """A stage gets every property again; a table is replaced, or adopted where a person knows what it is."""
    stage = plan_change(STAGE, _found(STAGE, comment="made by hand"))
    assert (Action.ALTER, (NO_MARK,)) == (stage.action, stage.reasons)
    assert "FILE_FORMAT = (TYPE = JSON)" in _sql(stage)[-1]
    found = _found(TABLE, comment="made by hand")
    assert Action.REPLACE is plan_change(TABLE, found).action
    adopted = plan_change(TABLE, found, adopt=True)
    assert (Action.ALTER, [f'COMMENT ON TABLE "D"."S"."X" IS \'words {_mark(TABLE)}\'']) == (
        adopted.action,
        _sql(adopted),
    )


def test_an_invalid_table_is_replaced() -> None:
    """Its stage was replaced or moved by hand."""
    change = plan_change(TABLE, _found(TABLE, invalid="true", invalid_reason="Stage altered."))
    assert (Action.REPLACE, ("it is invalid: Stage altered",)) == (change.action, change.reasons)


_any_text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)


@given(_any_text, _any_text)
def test_the_words_of_a_comment_survive_the_mark(words: str, behind: str) -> None:
    """Any text is found again, with its brackets; white space next to the mark may go."""
    definition = replace(STAGE, comment=words)
    found, mark = split_comment(f"{marked(definition).comment}{behind}")
    assert mark_of(definition) == mark
    assert f"{words}{behind}".split() == found.split() or f"{words} {behind}".split() == found.split()


_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
_names = st.lists(st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True), min_size=1, max_size=6, unique=True)
_types = st.sampled_from(["VARCHAR", "INT", "VARIANT", "TIMESTAMP_NTZ"])


@st.composite
def _tables(draw: st.DrawFn) -> CreateExternalTable:
    columns = tuple(
        VirtualColumn(Identifier(name), draw(_types), Expression(f"value:{draw(st.integers(0, 99))}"))
        for name in draw(_names)
    )
    return CreateExternalTable(
        NAME,
        columns,
        StagePath(NAME, draw(st.sampled_from(["", "a/", "b/"]))),
        {"TYPE": Word(draw(st.sampled_from(["JSON", "CSV", "PARQUET"])))},
        pattern=draw(st.none() | _texts),
        auto_refresh=draw(st.booleans()),
        comment=draw(st.none() | _texts.filter(lambda text: bool(text.strip()))),
    )


@settings(max_examples=60)
@given(
    _tables(), _tables(), st.sampled_from(["columns", "location", "file_format", "pattern", "auto_refresh", "comment"])
)
def test_a_plan_names_the_changed_field_and_no_other(
    one: CreateExternalTable, other: CreateExternalTable, field: str
) -> None:
    """For every definition: nothing differs after its creation, and one edit is one reason."""
    assert Action.UNCHANGED is plan_change(one, _found(one)).action
    wanted = replace(one, **{field: getattr(other, field)})
    reasons = plan_change(wanted, _found(one)).reasons
    assert ([field] if getattr(one, field) != getattr(other, field) else []) == [
        reason.split()[0] for reason in reasons
    ]
