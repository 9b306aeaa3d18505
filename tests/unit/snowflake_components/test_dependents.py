"""What depends on an object, and which object a document renames."""

from __future__ import annotations

from dataclasses import replace

from snowflake_components.identifiers import Expression, Identifier, QualifiedName
from snowflake_components.planning.change import Action
from snowflake_components.planning.dependents import AccountLists, dependents_of, grants_in
from snowflake_components.planning.marks import mark_of
from snowflake_components.planning.renames import Orphan, former_of, rename_to
from snowflake_components.statements.kinds import ObjectType
from snowflake_components.statements.stages import CreateStage
from snowflake_components.statements.tables import CreateTable, TableColumn


def _name(name: str) -> QualifiedName:
    return QualifiedName(Identifier("D"), Identifier("S"), Identifier(name))


def _row(name: str, **more: str) -> dict[str, str]:
    return {"database_name": "D", "schema_name": "P", "name": name, **more}


LISTS = AccountLists(
    external_tables=(
        _row("E", stage='"D"."S"."X"', file_format_name="D.S.F"),
        _row("OTHER", stage='"D"."S"."X2"', file_format_name=""),
    ),
    pipes=(
        _row(
            "LOADS", definition="copy into D.S.T from (select $1 from @D.S.X/2025/) file_format=(format_name='D.S.F')"
        ),
        _row("NEAR", definition="COPY INTO T FROM @X"),
    ),
    streams=(
        _row("CHANGES", table_name="D.S.T"),
        _row("FILES", table_name="D.S.X"),
        _row("LOST", table_name="No privilege"),
    ),
)


def test_tables_pipes_and_streams_that_read_an_object_are_named() -> None:
    """A short name in a pipe is of the pipe's schema, and similar names are other objects."""
    found = {
        kind: dependents_of(kind, _name(name), LISTS)
        for kind, name in ((ObjectType.STAGE, "X"), (ObjectType.TABLE, "T"), (ObjectType.FILE_FORMAT, "F"))
    }
    assert {
        ObjectType.STAGE: ("external table D.P.E", "pipe D.P.LOADS", "stream D.P.FILES"),
        ObjectType.TABLE: ("pipe D.P.LOADS", "stream D.P.CHANGES"),
        ObjectType.FILE_FORMAT: ("external table D.P.E", "pipe D.P.LOADS"),
    } == found
    assert () == dependents_of(ObjectType.STAGE, _name("x"), LISTS)


def test_grants_are_named_without_the_ownership() -> None:
    """The owner has it anyway."""
    rows = [
        {"privilege": "OWNERSHIP", "grantee_name": "SYSADMIN"},
        {"privilege": "SELECT", "grantee_name": "READER"},
        {"privilege": "SELECT", "grantee_name": "READER"},
    ]
    assert ("grant SELECT to READER",) == grants_in(rows)


STAGE = CreateStage(_name("NEW"), "s3://b/p/", comment="c")


def _orphan(definition: CreateStage, name: str = "OLD") -> Orphan:
    return Orphan(definition.object_type, _name(name), mark_of(definition))


def test_an_orphan_with_the_mark_of_a_new_document_is_renamed() -> None:
    """Its definition is the same, and its rows and grants stay."""
    former = former_of(STAGE, [STAGE], [_orphan(STAGE)])
    assert former is not None
    change = rename_to(STAGE, former)
    assert change is not None
    assert (Action.RENAME, ("name (OLD in the account, not NEW)",)) == (change.action, change.reasons)
    assert ['ALTER STAGE "D"."S"."OLD" RENAME TO "D"."S"."NEW"'] == [one.sql for one in change.statements]
    assert change.is_breaking
    assert _name("OLD") == change.present_name


def test_what_may_be_another_object_is_not_renamed() -> None:
    """Two orphans, two new documents, another definition or another schema: a person must say which."""
    assert former_of(STAGE, [STAGE], [_orphan(STAGE), _orphan(STAGE, "OLDER")]) is None
    assert former_of(STAGE, [STAGE, replace(STAGE, name=_name("TWIN"))], [_orphan(STAGE)]) is None
    assert former_of(STAGE, [STAGE], [_orphan(replace(STAGE, url="s3://b/q/"))]) is None
    elsewhere = replace(_orphan(STAGE), name=QualifiedName(Identifier("D"), Identifier("T"), Identifier("OLD")))
    assert former_of(STAGE, [STAGE], [elsewhere]) is None


def test_an_external_table_is_not_renamed() -> None:
    """Snowflake has no such statement: the old one stays an orphan."""
    table = CreateTable(_name("NEW"), (TableColumn(Identifier("A"), "INT", Expression("$1")),))
    orphan = Orphan(ObjectType.TABLE, _name("OLD"), mark_of(table))
    assert rename_to(table, orphan) is not None
    assert rename_to(table, replace(orphan, object_type=ObjectType.EXTERNAL_TABLE)) is None
