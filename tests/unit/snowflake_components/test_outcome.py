"""Read the report of a refresh: a failed file is never a success."""

from __future__ import annotations

import pytest

from snowflake_components.errors import FilesNotRegisteredError
from snowflake_components.planning.outcome import FileStatus, read_changes, require_registered


def _row(file: str, status: str, description: str = "") -> dict[str, str]:
    return {"file": file, "status": status, "description": description}


def test_every_file_is_read_with_its_status() -> None:
    """The statuses are Snowflake's, in upper or lower case."""
    changes = read_changes([_row("a", "REGISTERED_NEW"), _row("b", "unregistered"), _row("c", "REGISTERED_UPDATE")])
    assert [(change.file, change.status) for change in changes] == [
        ("a", FileStatus.REGISTERED_NEW),
        ("b", FileStatus.UNREGISTERED),
        ("c", FileStatus.REGISTERED_UPDATE),
    ]
    require_registered(changes)


def test_an_answer_without_files_is_no_change() -> None:
    """Snowflake reports no change as no rows or as one status line."""
    assert read_changes([]) == []
    assert read_changes([{"status": "Statement executed successfully."}]) == []


@pytest.mark.parametrize("status", ["REGISTER_FAILED", "UNREGISTER_FAILED", "SOMETHING_NEW", ""])
def test_a_file_that_failed_is_an_error_that_names_it(status: str) -> None:
    """An unknown status is an error, too."""
    changes = read_changes([_row("good", "REGISTERED_NEW"), _row("bad.jsonl", status, "no such bucket")])
    with pytest.raises(FilesNotRegisteredError, match=r"1 of 2 files .*bad\.jsonl: .*no such bucket") as caught:
        require_registered(changes, sql="ALTER ...", query_id="q1")
    assert (caught.value.sql, caught.value.query_id) == ("ALTER ...", "q1")


def test_many_failed_files_are_counted_and_the_first_named() -> None:
    """A message stays readable with a thousand failures."""
    changes = read_changes([_row(f"f{index}", "REGISTER_FAILED") for index in range(1000)])
    with pytest.raises(FilesNotRegisteredError, match=r"1000 of 1000 .*f4: REGISTER_FAILED and 995 more"):
        require_registered(changes)
