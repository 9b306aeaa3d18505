"""What holds for every valid document, by random ones of every kind with every option, on the local Snowflake."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from snowflake_components.applying.account import AccountPlan
from snowflake_components.applying.export import adopt, export_objects
from snowflake_components.authoring.written import written
from snowflake_components.describing.definitions import MODELS
from snowflake_components.identifiers import Identifier
from snowflake_components.planning.change import Action
from snowflake_components.statements.kinds import Definition, ObjectType
from tests.fakes.local_snowflake import FOREIGN_WARNING
from tests.fakes.planned_account import Account
from tests.fakes.random_documents import KINDS, edited

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)

DOCUMENTS = int(os.environ.get("HOURGLASS_RANDOM_DOCUMENTS", "2000"))
"""Random documents of `make test-long`, over all kinds."""
EXPORTED = 100
_SHARES = {"file format": 0.3, "stage": 0.3, "external table": 0.1, "table": 0.3}
"""Of the documents: the local Snowflake needs a second to make an external table."""
SOME = [pytest.param(30, id="some"), pytest.param(DOCUMENTS, id="all", marks=pytest.mark.long)]
FEW = [pytest.param(4, id="some"), pytest.param(EXPORTED // len(KINDS), id="all", marks=pytest.mark.long)]
_suffixes = st.sampled_from(["", "_x", " y", "é", '""', "%", "_", "$"])
_PLANNED_AS = {"file_extension": "file_format"}
"""The extension of a stage is an option of its file format."""


def _fields(found: AccountPlan) -> list[set[str]]:
    """Return the fields that a plan names, for each object that differs."""
    return [{reason.partition(" (")[0] for reason in one.change.reasons} for one in found.pending]


def _changed(former: Definition, definition: Definition) -> set[str]:
    """Return the fields in which two definitions of one object differ."""
    there, wanted = former.fields, definition.fields
    return {name for name in {*there, *wanted} if there.get(name, "") != wanted.get(name, "")}


def _of_hours(field: str, options: dict[str, Any]) -> set[str]:
    is_used = any(column["as"] == "hour_of_path" for column in options.get("columns", []))
    return {"columns"} if field == "location" and is_used else set()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("documents", SOME)
def test_a_document_that_was_applied_needs_nothing_and_an_edit_is_named(
    account: Account, kind: str, documents: int
) -> None:
    """The plan after apply is empty, and one edited field is the one field of the next plan.

    A location of another depth also changes the expressions of `hour_of_path`, so the columns are named with it.
    """

    @settings(max_examples=round(documents * _SHARES[kind]), deadline=None, database=None, phases=[Phase.generate])
    @given(edited(kind), _suffixes)
    def holds(pair: tuple[dict[str, Any], str, dict[str, Any]], suffix: str) -> None:
        before, field, after = pair
        name = account.new_name(suffix)
        described = account.read(kind, name, before)
        try:
            account.apply(described)
            for deep in (False, True):
                assert [] == _fields(account.plan(described, deep=deep))
            former, described = described[0].spec.definition, account.read(kind, name, after)
            wanted = _changed(former, described[0].spec.definition)
            assert wanted <= {_PLANNED_AS.get(field, field) if kind == "stage" else field} | _of_hours(field, after)
            for deep in (False, True):
                found = account.plan(described, deep=deep)
                assert ([wanted] if wanted else []) == _fields(found)
            if all(one.change.action is not Action.BY_HAND for one in found.pending):
                account.apply(described)
                assert [] == _fields(account.plan(described))
        finally:
            account.drop(described)

    holds()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("examples", FEW)
def test_the_documents_of_objects_that_were_made_by_hand_need_nothing(
    account: Account, kind: str, examples: int
) -> None:
    """Export gives documents whose plan is empty, before and after their marks are written; comments are kept."""

    @settings(max_examples=examples, deadline=None, database=None, phases=[Phase.generate])
    @given(KINDS[kind], _suffixes)
    def holds(options: dict[str, Any], suffix: str) -> None:
        documents = account.read(kind, account.new_name(suffix), options)
        definition = documents[0].spec.definition
        schema = Identifier("AWS"), Identifier(account.schema)
        try:
            account.session.execute(definition.sql)
            found = export_objects(account.session, schema, [definition.name.name], "@base/")
            assert () == found.left_out
            again = account.read_text(written(one.document for one in found.exported))
            assert [(definition.name, definition.comment or None)] == [
                (one.spec.name, one.spec.definition.comment) for one in again
            ]
            assert [] == _fields(account.plan(again))
            assert 1 == len(list(adopt(account.session, found.exported)))
            for deep in (False, True):
                assert [] == _fields(account.plan(again, deep=deep))
        finally:
            account.drop(documents)

    holds()


def test_random_documents_have_every_field_of_every_kind() -> None:
    """A field that the generator lacks would be tested by nobody."""
    drawn: Counter[str] = Counter()

    def note(options: dict[str, Any], inside: str) -> None:
        for field, value in options.items():
            drawn[f"{inside}.{field}"] += 1
            for held in value if isinstance(value, list) else [value]:
                if isinstance(held, dict):
                    note(held, f"{inside}.{field}")

    # one kind at a time: Hypothesis draws the later parts of a large example more sparsely
    for kind, documents in KINDS.items():

        @settings(max_examples=300, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
        @given(st.tuples(st.just(kind), documents))
        def draw(drawn_as: tuple[str, dict[str, Any]]) -> None:
            of_kind, options = drawn_as
            MODELS[ObjectType(of_kind)].model_validate(options)
            note(options, of_kind)

        draw()
    wanted = {
        f"{kind}.{field.alias or name}" for kind, model in MODELS.items() for name, field in model.model_fields.items()
    }
    formats = {
        f"{kind}.file_format.{name}"
        for kind in ("stage", "external table", "table")
        for name in MODELS[ObjectType.FILE_FORMAT].model_fields
        if name != "comment"
    }
    assert set() == (wanted | formats) - drawn.keys()
