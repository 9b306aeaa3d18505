"""The archive of classes makes starts quicker, and is never in their way."""

from __future__ import annotations

import subprocess
from pathlib import Path

from flink_jobs.class_archive import archive_of, options_to_use


def test_a_home_without_an_archive_starts_as_before(tmp_path: Path) -> None:
    assert [] == options_to_use(tmp_path)


def test_an_archive_that_does_not_fit_is_passed_over_without_a_word(tmp_path: Path) -> None:
    """Of another Java, other jars, or broken: what a failed start prints must stay the reason of its failure."""
    archive_of(tmp_path).write_bytes(b"of another Java")
    options = options_to_use(tmp_path)
    plain, told = (
        subprocess.run(["java", *more, "-version"], capture_output=True, text=True, check=True)
        for more in ([], options)
    )
    assert f"-XX:SharedArchiveFile={archive_of(tmp_path)}" == options[0]
    assert (plain.stdout, plain.stderr.splitlines()[:2]) == (told.stdout, told.stderr.splitlines()[:2])
