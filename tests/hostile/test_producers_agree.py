"""Our producers give bytes the verdict of the landing job before they send them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random, SystemRandom

import pytest

from infra.local.settings import LocalSettings
from producers.events import EventError, PlatformEvent, landing_contract
from producers.identities import ID_BLANK, ID_CHARACTERS_MAX, ID_REFUSED
from tests.hostile.corpus import ACCEPTED, Hostile, corpus, event

CORPUS = corpus()
TEXTS = 20_000
JUDGE = Path(__file__).parent / "java" / "Judge.java"
Judge = Callable[[Sequence[bytes]], list[str]]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """Return the operator's own scanner: it takes values and returns `accepted` or a reason code for each."""
    contract = tmp_path_factory.mktemp("contract") / "contract.json"
    contract.write_text(json.dumps(landing_contract()))
    runtime = LocalSettings().runtime_dir
    jars = [*(runtime / "landing").glob("*.jar"), *(runtime / "flink" / "lib").glob("flink-dist*.jar")]

    def verdicts(values: Sequence[bytes]) -> list[str]:
        done = subprocess.run(
            ["java", "-cp", os.pathsep.join(map(str, jars)), JUDGE, contract],
            input="\n".join(value.hex() for value in values),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    return verdicts


def random_text(random: Random) -> str:
    """Make a text of any characters, mostly of one script and often at the edges of the contract's ranges."""
    edges = [end + step for first, last in (*ID_REFUSED, *ID_BLANK) for end in (first, last) for step in (-1, 0, 1)]
    scripts = [(0x20, 0x7E), (0x20, 0x7E), (0xA0, 0x17F), (0x400, 0x4FF), (0x600, 0x6FF), (0x4E00, 0x9FFF)]
    scripts += [(0x1F300, 0x1FAFF), (0, 0x10FFFF)]
    length = random.choice((0, 1, 1, 2, 7, 8, 9, 40, ID_CHARACTERS_MAX, ID_CHARACTERS_MAX + 1))
    first, last = random.choice(scripts)
    odd = random.choice((0, 0, 1, 1, 2))
    points = [random.randint(first, last) for _ in range(max(0, length - odd))]
    for _ in range(min(odd, length)):
        points.insert(random.randint(0, len(points)), max(0, random.choice(edges)))
    return "".join(map(chr, points))


def test_both_languages_give_an_identity_the_same_verdict(judge: Judge) -> None:
    """20,000 random Unicode texts, raw and escaped, as `event_id` and `run_id`: accepted by both, or `bad_id`."""
    seed = int(os.environ.get("HOURGLASS_TEST_SEED", SystemRandom().randrange(2**32)))
    print(f"repeat with HOURGLASS_TEST_SEED={seed}")  # noqa: T201  pytest shows it if the run fails
    random = Random(seed)  # noqa: S311  texts, not secrets
    values = []
    for _ in range(TEXTS):
        text = random_text(random)
        escaped = random.random() < 0.5 or any("\ud800" <= character <= "\udfff" for character in text)
        written = json.dumps(text, ensure_ascii=escaped).encode()
        values.append(event(**{random.choice(("event_id", "run_id")): written}))
    of_job = judge(values)
    assert {"accepted", "bad_id"} <= set(of_job) <= {"accepted", "bad_id", "lone_surrogate"}
    assert [] == [
        (value, verdict)
        for value, verdict in zip(values, of_job, strict=True)
        if accepts(value) != (verdict == ACCEPTED)
    ]


def test_the_corpus_has_the_fates_that_the_job_gives(judge: Judge) -> None:
    """The scanner agrees with the list on every record that has a value, without a broker."""
    known = {one.name: one for one in CORPUS if one.value}
    fates = judge([one.value or b"" for one in known.values()])
    assert {name: one.fate for name, one in known.items()} == dict(zip(known, fates, strict=True))


def accepts(value: bytes) -> bool:
    try:
        PlatformEvent.from_json(value)
    except EventError:
        return False
    return True


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
