from benchmarks.landing.peers.quixstreams_sink import PEER


def test_hour_is_read_from_the_directory() -> None:
    """The directory names the hour; files are named by partition and first offset."""
    assert "2025-08-01T03" == PEER.hour_of("run-1/2025/08/01/03/2.0000000000000001234.jsonl.zst")


def test_directory_itself_holds_no_records() -> None:
    """A listing may contain directories."""
    assert PEER.hour_of("run-1/2025/08/01/03/") is None
