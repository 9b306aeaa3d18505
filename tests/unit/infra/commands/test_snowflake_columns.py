from __future__ import annotations

import gzip
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
import zstandard
from typer.testing import CliRunner, Result

from infra.commands.snowflake_columns import columns
from orchestration.landing.clients import s3
from snowflake_components.authoring.columns import LinesError
from snowflake_components.scaffold import scaffolded

LINE = b'{"amount": 1, "text": "a\xe2\x80\xa8b"}\n'
PROPOSED = """\
columns:
  - {name: AMOUNT, type: INTEGER, as: "value:amount::integer"}
  - {name: TEXT, type: VARCHAR, as: "value:text::varchar"}
"""


def run(*arguments: str, stdin: bytes = b"") -> Result:
    """Run `hourglass snowflake columns`."""
    app = typer.Typer()
    app.command()(columns)
    return CliRunner().invoke(app, list(arguments), input=stdin)


def test_lines_are_read_from_files_of_every_codec_and_from_standard_input(tmp_path: Path) -> None:
    """The suffix names the codec, as the landing job writes it; several zstd frames are one file."""
    packed = {"a.jsonl": LINE, "b.jsonl.gz": gzip.compress(LINE), "c.jsonl.zst": zstandard.compress(LINE) * 2}
    for name, body in packed.items():
        (tmp_path / name).write_bytes(body)
        assert PROPOSED == run(str(tmp_path / name)).stdout
    assert PROPOSED == run("-", stdin=LINE).stdout


def test_the_newest_objects_of_a_prefix_are_read_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of hours grow, and a new field is in the newest one; what is enough is read, no more."""
    objects = {"x/landing/2025/08/01/03/a.jsonl": b'{"old": 1}\n', "x/landing/2025/08/01/04/a.jsonl": LINE}
    read: list[str] = []

    def get(keys: list[str]) -> tuple[bytes, ...]:
        read.extend(keys)
        return tuple(objects[key] for key in keys)

    def bucket(_name: str, _access: object) -> SimpleNamespace:
        return SimpleNamespace(list=lambda prefix: [SimpleNamespace(key=k) for k in objects if prefix in k], get=get)

    monkeypatch.setattr(s3, "S3Bucket", bucket)
    assert PROPOSED == run("s3://lake/x/landing/", "--lines", "1").stdout
    assert ["x/landing/2025/08/01/04/a.jsonl"] == read


def test_the_patch_of_a_document_has_its_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So `git apply` finds the file from here."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "defs.yaml").write_text(scaffolded("orders"))
    ran = run("-", "--document", str(tmp_path / "defs.yaml"), "--table", "orders", stdin=LINE)
    assert ["--- a/defs.yaml", "+++ b/defs.yaml"] == ran.stdout.splitlines()[:2]
    assert '+      - {name: AMOUNT, type: INTEGER, as: "$1:amount::integer"}' in ran.stdout.splitlines()


@pytest.mark.parametrize("body", [b"\xff\n", b"\n"])
def test_what_holds_no_lines_is_named(tmp_path: Path, body: bytes) -> None:
    """With the name of the file."""
    (tmp_path / "a.jsonl").write_bytes(body)
    ran = run(str(tmp_path / "a.jsonl"))
    assert isinstance(ran.exception, LinesError)
    assert "a.jsonl" in str(ran.exception)
