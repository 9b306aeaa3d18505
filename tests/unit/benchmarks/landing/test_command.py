"""A wrong argument is refused before a server starts; the message names the valid ones."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from benchmarks.landing import __main__ as main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--codecs", "zstd-1,lz4"], "no codec lz4: zstd-1, gzip-1, plain"),
        (["--peers", "hourglass,connect"], "no peer connect: hourglass, "),
        (["--slow", "slowest"], "no peer slowest: hourglass, "),
        (["--sizes", "500000,many"], "500000,many: numbers of records with commas between"),
    ],
)
def test_what_is_not_known_is_refused(arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "running_servers", lambda *_: pytest.fail("servers started"))
    result = CliRunner().invoke(main.app, ["run", *arguments], standalone_mode=False)
    assert isinstance(result.exception, typer.BadParameter)
    assert result.exception.message.startswith(said)
