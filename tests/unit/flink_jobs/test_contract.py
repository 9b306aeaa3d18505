from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field

from producers.events import PlatformEvent, Timestamp, landing_contract
from producers.identities import check_identity

RESOURCES = Path(__file__).parents[3] / "flink_jobs/java/src/test/resources"


def test_the_java_tests_read_the_contract_of_today() -> None:
    """The operator is tested against this copy; after a change, write `json.dumps(landing_contract())` to it."""
    assert landing_contract() == json.loads((RESOURCES / "landing_contract.json").read_text())


def test_both_languages_agree_on_what_an_identity_is() -> None:
    """The Java tests read the same lists, because each language has a loop of its own over the contract's ranges."""
    identities = json.loads((RESOURCES / "identities.json").read_text())
    assert identities["valid"] == [text for text in identities["valid"] if is_identity(text)]
    assert [] == [text for text in identities["invalid"] if is_identity(text)]


def is_identity(text: str) -> bool:
    try:
        return check_identity(text) == text
    except ValueError:
        return False


class Grown(PlatformEvent):
    """An event with three more fields than the platform's, described only here."""

    count: Annotated[int, Field(ge=-3, le=9)]
    label: Annotated[str, Field(max_length=7)] | None = None
    ended_at: Timestamp | None = None


def test_a_field_of_the_model_is_checked_by_the_job_without_another_edit() -> None:
    """`ContractTest` gives this text to the scanner and checks each limit; the text comes from the model only."""
    grown = json.loads((RESOURCES / "grown_contract.json").read_text())
    assert landing_contract(Grown) == grown
    assert {"count", "label", "ended_at"} == grown["fields"].keys() - landing_contract()["fields"].keys()
