from __future__ import annotations

import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from benchmarks.landing import __main__ as main
from benchmarks.landing import paired
from benchmarks.landing.__main__ import app
from benchmarks.landing.campaign import MeasurementFailed
from benchmarks.landing.paired import Pairing, Side, ratio_of, require_checkout, run_pairs
from benchmarks.landing.settings import BenchmarkSettings

OURS = Side("this", "hourglass", Path("/ours"))
THEIRS = Side("that", "hourglass", Path("/theirs"))


def test_a_busy_hour_moves_no_ratio() -> None:
    """A pair that took twice as long on both sides does not change the ratio."""
    found = ratio_of([(20.0, 18.0), (40.0, 36.0)])
    assert {"ratio": 0.9, "standard_error": 0.0, "ratio_each_pair": [0.9, 0.9]} == found


def test_a_ratio_and_its_inverse_cancel() -> None:
    """A ratio in one pair and its inverse in the next give 1, because the mean is geometric."""
    found = ratio_of([(10.0, 20.0), (20.0, 10.0)])
    assert 1.0 == found["ratio"]
    assert found["standard_error"] == pytest.approx(0.693, abs=0.001)


def test_one_pair_has_no_error_to_tell() -> None:
    assert ratio_of([(10.0, 11.0)])["standard_error"] is None


class FakeRun:
    """A run with configured costs and errors."""

    effects: list[str]
    found: dict[str, list[str]]
    broken: set[str]
    interrupted: list[str]

    def __init__(self, side: Side, pairing: Pairing, _settings: BenchmarkSettings) -> None:
        self._side = side
        self._cost = {"this": 20.0, "that": 19.0}[side.name] * pairing.pairs

    def begin(self, core: int, flink_port: int) -> None:
        """Record the call."""
        self.effects.append(f"{self._side.name} begins on {core}, port {flink_port}")

    def end(self) -> float:
        """Record the call, and return the cost."""
        self.effects.append(f"{self._side.name} ends")
        if self._side.name in self.broken:
            raise MeasurementFailed(f"{self._side.name} broke off")
        return self._cost

    def interrupt(self) -> None:
        """Record the call."""
        self.interrupted.append(self._side.name)

    def errors(self) -> list[str]:
        """Return the configured errors."""
        return self.found.get(self._side.name, [])


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {5, 4, 6})
    monkeypatch.setattr(paired, "Run", FakeRun)
    monkeypatch.setattr(FakeRun, "effects", [], raising=False)
    monkeypatch.setattr(FakeRun, "found", {}, raising=False)
    monkeypatch.setattr(FakeRun, "broken", set(), raising=False)
    monkeypatch.setattr(FakeRun, "interrupted", [], raising=False)


@pytest.mark.usefixtures("two_cores")
def test_both_run_at_once_on_cores_that_are_swapped() -> None:
    said: list[str] = []
    found = run_pairs(Pairing(OURS, THEIRS, "zstd-1", 1000, 2), BenchmarkSettings(flink_port=7), said.append)
    assert [
        "this begins on 4, port 7",
        "that begins on 5, port 8",
        "this ends",
        "that ends",
        "this begins on 5, port 7",
        "that begins on 4, port 8",
        "this ends",
        "that ends",
    ] == FakeRun.effects
    assert (0.95, True, []) == (found["ratio"], found["good"], found["errors"])
    assert 2 == len(said)


@pytest.mark.usefixtures("two_cores")
def test_what_did_not_land_makes_no_good_pair() -> None:
    FakeRun.found["that"] = ["that: 3 missing"]
    found = run_pairs(Pairing(OURS, THEIRS, "zstd-1", 1000, 1), BenchmarkSettings(), lambda _line: None)
    assert (False, ["that: 3 missing"]) == (found["good"], found["errors"])


@pytest.mark.usefixtures("two_cores")
def test_one_that_breaks_off_leaves_no_other_running() -> None:
    FakeRun.broken.add("this")
    with pytest.raises(MeasurementFailed, match="this broke off"):
        run_pairs(Pairing(OURS, THEIRS, "zstd-1", 1000, 4), BenchmarkSettings(), lambda _line: None)
    assert ["this", "that"] == FakeRun.interrupted


def test_one_core_is_too_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0})
    with pytest.raises(MeasurementFailed, match="two cores"):
        run_pairs(Pairing(OURS, THEIRS, "zstd-1", 1000, 1), BenchmarkSettings(), lambda _line: None)


def test_a_folder_that_cannot_be_measured_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementFailed, match="no checkout"):
        require_checkout(tmp_path)
    (tmp_path / "benchmarks" / "landing").mkdir(parents=True)
    with pytest.raises(MeasurementFailed, match="make setup"):
        require_checkout(tmp_path)


@pytest.mark.parametrize("arguments", [[], ["--other", ".", "--peer", "tuned"], ["--peer", "nobody"]])
def test_a_command_that_names_no_second_is_refused(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["pair", *arguments])
    assert 2 == result.exit_code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--peer", "tuned", "--codec", "zstd"], "tuned writes no zstd: zstd-1, gzip-1, plain"),
        (["--peer", "flink-sql"], "flink-sql writes no zstd-1: plain"),
        (["--other", ".", "--codec", "lz4"], "hourglass writes no lz4: zstd-1, gzip-1, plain"),
    ],
    ids=["unknown", "not the peer's", "not ours"],
)
def test_a_codec_that_cannot_be_written_is_refused(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused before any server starts; the message names the valid codecs."""
    monkeypatch.setattr(main, "running_servers", lambda *_: pytest.fail("servers started"))
    monkeypatch.setattr(main, "require_checkout", Path)
    result = CliRunner().invoke(app, ["pair", *arguments], standalone_mode=False)
    assert isinstance(result.exception, typer.BadParameter)
    assert said == result.exception.message


def test_a_process_starts_on_its_core_and_its_parent_stays_free() -> None:
    before = os.sched_getaffinity(0)
    with paired.on_core(min(before)):
        assert {min(before)} == os.sched_getaffinity(0)
    assert before == os.sched_getaffinity(0)
