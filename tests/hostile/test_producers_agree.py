"""Our producers give bytes the verdict of the landing job before they send them."""

from __future__ import annotations

import pytest

from producers.events import EventError, PlatformEvent
from tests.hostile.corpus import ACCEPTED, Hostile, corpus

CORPUS = corpus()


def test_each_record_of_the_corpus_has_a_name_of_its_own() -> None:
    """A failed test shows the name."""
    assert len(CORPUS) == len({hostile.name for hostile in CORPUS})


@pytest.mark.parametrize("hostile", [one for one in CORPUS if one.value is not None], ids=lambda one: one.name[:40])
def test_a_producer_refuses_what_the_job_rejects_and_a_type_that_nobody_knows(hostile: Hostile) -> None:
    """Producers also refuse an unknown type, which the job accepts with a flag."""
    assert hostile.value is not None
    if hostile.fate == ACCEPTED and "unknown_type" not in hostile.flags:
        assert PlatformEvent.from_json(hostile.value).to_json()
    else:
        with pytest.raises(EventError):
            PlatformEvent.from_json(hostile.value)
