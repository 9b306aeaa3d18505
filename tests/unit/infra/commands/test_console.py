"""What the commands print as data."""

from __future__ import annotations

import pytest

from infra.commands.console import print_pairs


def test_the_values_stand_below_each_other_behind_the_longest_name(capsys: pytest.CaptureFixture[str]) -> None:
    print_pairs({"lag": 7, "checkpoint_milliseconds": 8})
    assert "lag                      7\ncheckpoint_milliseconds  8\n" == capsys.readouterr().out
