"""What holds for every valid document, by random ones of every kind with every option, on the local Snowflake."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from snowflake_components.applying.account import AccountPlan
from snowflake_components.applying.export import adopt, export_objects
from snowflake_components.authoring.written import written
from snowflake_components.describing.definitions import MODELS
from snowflake_components.identifiers import Identifier, QualifiedName
from snowflake_components.planning.change import Action
from snowflake_components.statements.kinds import Definition, ObjectType
from tests.fakes.local_snowflake import FOREIGN_WARNING
from tests.fakes.planned_account import Account
from tests.fakes.random_documents import FORMATS, KINDS, edited

Edit: TypeAlias = tuple[dict[str, Any], str, dict[str, Any]]
"""A document, the name of one field, and the document with another value of it."""
_Example = TypeVar("_Example")

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)

DOCUMENTS = int(os.environ.get("HOURGLASS_RANDOM_DOCUMENTS", "2000"))
"""Random documents of `make test-long`, over all kinds; as many edits."""
EXPORTED = 100
SOME = [pytest.param(24, id="some"), pytest.param(DOCUMENTS, id="all", marks=pytest.mark.long)]
FEW = [pytest.param(4, id="some"), pytest.param(EXPORTED // len(KINDS), id="all", marks=pytest.mark.long)]
_suffixes = st.sampled_from(["", "_x", " y", "é", '""', "%", "_", "$"])
ROUNDS_MAX = 50
"""Of 300 documents: a rare field is absent from some of them, but not from all."""
PLANNED_AT_ONCE = 20
"""Documents of one folder: they share the lists of a plan."""
_PLANNED_AS = {"file_extension": "file_format"}
"""The extension of a stage is an option of its file format."""


def _drawn(strategy: st.SearchStrategy[_Example], examples: int, start: int | None = None) -> list[_Example]:
    """Draw so many examples at once, so that their plans share statements; a failing one is not made smaller."""
    found: list[_Example] = []

    @settings(max_examples=examples, deadline=None, database=None, phases=[Phase.generate])
    @given(strategy)
    def note(example: _Example) -> None:
        found.append(example)

    (note if start is None else seed(start)(note))()
    assert len(found) == examples
    return found


def _fields(found: AccountPlan) -> dict[QualifiedName, set[str]]:
    """Return the fields that a plan names, for each object that differs."""
    return {
        one.described.spec.name: {reason.partition(" (")[0] for reason in one.change.reasons} for one in found.pending
    }


def _changed(former: Definition, definition: Definition) -> set[str]:
    """Return the fields in which two definitions of one object differ."""
    there, wanted = former.fields, definition.fields
    return {name for name in {*there, *wanted} if there.get(name, "") != wanted.get(name, "")}


def _of_edit(kind: str, field: str, options: dict[str, Any]) -> set[str]:
    """Return the fields that an edit may change: a location of another depth changes the columns `hour_of_path`."""
    is_used = any(column["as"] == "hour_of_path" for column in options.get("columns", []))
    of_hours = {"columns"} if field == "location" and is_used else set()
    return of_hours | {_PLANNED_AS.get(field, field) if kind == "stage" else field}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("documents", SOME)
def test_a_document_that_was_applied_needs_nothing_and_an_edit_is_named(
    account: Account, kind: str, documents: int
) -> None:
    """The plan after apply is empty, and one edited field is the one field of the next plan."""
    edits = _drawn(st.tuples(edited(kind), _suffixes), documents // len(KINDS))
    for first in range(0, len(edits), PLANNED_AT_ONCE):
        _require_named(account, kind, edits[first : first + PLANNED_AT_ONCE])


def _require_named(account: Account, kind: str, edits: Sequence[tuple[Edit, str]]) -> None:
    """Apply the documents of one folder, edit a field in each, and apply them again."""
    names = [account.new_name(suffix) for _, suffix in edits]
    befores, fields, afters = zip(*(edit for edit, _ in edits), strict=True)
    described = account.read(kind, zip(names, befores, strict=True))
    try:
        account.apply(account.plan(described))
        for deep in (False, True):
            assert {} == _fields(account.plan(described, deep=deep))
        former, described = described, account.read(kind, zip(names, afters, strict=True))
        wanted: dict[QualifiedName, set[str]] = {}
        for there, one, field, after in zip(former, described, fields, afters, strict=True):
            changed = _changed(there.spec.definition, one.spec.definition)
            assert changed <= _of_edit(kind, field, after)
            wanted |= {one.spec.name: changed} if changed else {}
        for deep in (False, True):
            found = account.plan(described, deep=deep)
            assert wanted == _fields(found)
        account.apply(found)
        by_hand = {one.described.spec.name for one in found.pending if one.change.action is Action.BY_HAND}
        left = _fields(account.plan(described))
        assert by_hand <= left.keys()
        edits_of = dict(zip((one.spec.name for one in described), edits, strict=True))
        surplus = [f"{fields} differ after {edits_of[name]}" for name, fields in left.items() if name not in by_hand]
        assert not surplus, "\n".join(surplus)
    finally:
        account.drop(described)


def test_a_column_before_the_others_is_added_to_a_table_once(account: Account) -> None:
    """Snowflake adds it behind them, and cannot move it; the table is loaded by the names of its columns."""
    before, after = (
        {
            "location": "@base/",
            "file_format": FORMATS[0],
            "columns": [{"name": name, "as": "$1:id", "type": "VARCHAR"} for name in names],
        }
        for names in ("b", "ab")
    )
    edit: Edit = (before, "columns", after)
    _require_named(account, "table", [(edit, "")])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("examples", FEW)
def test_the_documents_of_objects_that_were_made_by_hand_need_nothing(
    account: Account, kind: str, examples: int
) -> None:
    """Export gives documents whose plan is empty, before and after their marks are written; comments are kept."""
    for options, suffix in _drawn(st.tuples(KINDS[kind], _suffixes), examples):
        documents = account.read(kind, [(account.new_name(suffix), options)])
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
            assert {} == _fields(account.plan(again))
            assert 1 == len(list(adopt(account.session, found.exported)))
            for deep in (False, True):
                assert {} == _fields(account.plan(again, deep=deep))
        finally:
            account.drop(documents)


def test_random_documents_have_every_field_of_every_kind() -> None:
    """A field that the generator lacks would be tested by nobody."""
    met: Counter[str] = Counter()

    def note(options: dict[str, Any], inside: str) -> None:
        for field, value in options.items():
            met[f"{inside}.{field}"] += 1
            for held in value if isinstance(value, list) else [value]:
                if isinstance(held, dict):
                    note(held, f"{inside}.{field}")

    wanted = {
        f"{kind}.{field.alias or name}" for kind, model in MODELS.items() for name, field in model.model_fields.items()
    }
    wanted |= {
        f"{kind}.file_format.{name}"
        for kind in ("stage", "external table", "table")
        for name in MODELS[ObjectType.FILE_FORMAT].model_fields
        if name != "comment"
    }
    # one kind at a time: Hypothesis draws the later parts of a large example more sparsely
    for kind, documents in KINDS.items():
        for number in range(ROUNDS_MAX):
            # a start of its own for each round: where CI is set, Hypothesis would draw the same documents again
            for options in _drawn(documents, 300, start=number):
                MODELS[ObjectType(kind)].model_validate(options)
                note(options, kind)
            if not any(field.startswith(f"{kind}.") for field in wanted - met.keys()):
                break
    assert set() == wanted - met.keys()
