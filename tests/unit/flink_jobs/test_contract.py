from __future__ import annotations

import json
import re
from pathlib import Path

from producers.events import ID_PATTERN, landing_contract

RESOURCES = Path(__file__).parents[3] / "flink_jobs/java/src/test/resources"


def test_the_java_tests_read_the_contract_of_today() -> None:
    """The operator is tested against this copy: when it changes, write `json.dumps(landing_contract())` there."""
    assert landing_contract() == json.loads((RESOURCES / "landing_contract.json").read_text())


def test_both_languages_agree_on_what_an_identity_is() -> None:
    """The Java tests read the same lists: the operator knows the pattern as a loop over bytes."""
    identities = json.loads((RESOURCES / "identities.json").read_text())
    assert identities["valid"] == [text for text in identities["valid"] if re.search(ID_PATTERN, text)]
    assert [] == [text for text in identities["invalid"] if re.search(ID_PATTERN, text)]
