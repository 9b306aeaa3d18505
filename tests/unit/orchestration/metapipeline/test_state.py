"""What is kept between two runs, in a folder and in a bucket: one set of rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.metapipeline.errors import StateError
from orchestration.metapipeline.pipeline.clients import open_state
from orchestration.metapipeline.state import BucketState, FolderState, State
from tests.fakes.bucket import FakeBucket

NAME = "reports/mode-acme.json"


@pytest.fixture
def bucket() -> FakeBucket:
    return FakeBucket()


@pytest.fixture(params=["folder", "bucket"])
def state(request: pytest.FixtureRequest, tmp_path: Path, bucket: FakeBucket) -> State:
    made: dict[str, Callable[[], State]] = {
        "folder": lambda: FolderState(tmp_path / "new"),
        "bucket": lambda: BucketState(bucket, "meta/"),
    }
    return made[request.param]()


def test_what_is_written_is_read(state: State) -> None:
    """Nothing is there before the first write."""
    assert state.read(NAME) is None
    state.write(NAME, b"one")
    state.write(NAME, b"two")
    kept = state.read(NAME)
    assert kept is not None
    assert b"two" == kept.content
    assert state.address(NAME).endswith(f"/{NAME}")


def test_a_run_replaces_what_it_read_and_what_it_wrote(state: State) -> None:
    """The first version is that no file is there."""
    version = state.replace(NAME, b"one", None)
    version = state.replace(NAME, b"two", version)
    kept = state.read(NAME)
    assert (b"two", version) == kept


@pytest.mark.parametrize("read", [True, False])
def test_the_second_of_two_runs_is_refused(state: State, read: bool) -> None:
    """Both read the same version; what the first one wrote stays."""
    if read:
        state.write(NAME, b"before")
    kept = state.read(NAME)
    version = kept.version if kept else None
    state.replace(NAME, b"first", version)
    with pytest.raises(StateError, match="another run changed"):
        state.replace(NAME, b"second", version)
    found = state.read(NAME)
    assert found is not None
    assert b"first" == found.content


def test_a_file_that_is_gone_is_not_made_again(state: State, tmp_path: Path, bucket: FakeBucket) -> None:
    """Somebody removed it after it was read."""
    version = state.replace(NAME, b"one", None)
    (tmp_path / "new" / NAME).unlink(missing_ok=True)
    bucket.objects.clear()
    with pytest.raises(StateError):
        state.replace(NAME, b"two", version)


def test_a_write_whose_answer_was_lost_is_our_own(bucket: FakeBucket) -> None:
    """The client writes again, and the server finds the version of the first attempt."""
    state = BucketState(bucket, "")
    version = state.replace(NAME, b"one", None)
    bucket.rivals.append((NAME, b"two"))
    version = state.replace(NAME, b"two", version)
    assert (b"two", version) == state.read(NAME)


def test_a_bucket_keeps_everything_below_its_prefix(bucket: FakeBucket) -> None:
    """The address is the URL of the object."""
    state = BucketState(bucket, "meta/acme/")
    state.write(NAME, b"one")
    assert [f"meta/acme/{NAME}"] == list(bucket.objects)
    assert f"s3://hourglass/meta/acme/{NAME}" == state.address(NAME)


@pytest.mark.parametrize("place", ["s3://lake/meta", "s3://lake/meta/"])
def test_a_url_is_a_prefix_of_a_bucket(place: str) -> None:
    """Nothing is asked of a server before the first read."""
    assert f"s3://lake/meta/{NAME}" == open_state(place).address(NAME)
    assert f"kept/{NAME}" == open_state("kept").address(NAME)
