"""The recorded requests of each role: the operations, and where in the bucket, without names, hours and numbers.

`make record-requests` writes the files of `recorded/`; the fault and daemon tests hold them equal to what they record.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import yaml

from tests.policies.operations import Call

FOLDER, DESCRIBED = Path(__file__).parent / "recorded", Path(__file__).parent / "described"
VARIABLE = "HOURGLASS_RECORD_REQUESTS"
"""Set by `make record-requests`: the files are written instead of compared."""
STREAM = "{stream}"
_PLACE = r"(?P<flink>flink/)?{stream}/(?P<folder>[^/]*)(?P<rest>/.*)?"


def shape_of(place: str, stream: str) -> str:
    """Return where in the bucket a key or a prefix is: `{stream}/landing/*`, `flink/{stream}/leases/*`."""
    found = re.fullmatch(_PLACE.format(stream=re.escape(stream)), place)
    if found is None:
        return f"{place.partition('/')[0]}/*" if "/" in place else place
    return f"{found['flink'] or ''}{STREAM}/{found['folder']}{'/*' if found['rest'] else ''}"


def shapes_of(calls: Iterable[Call], stream: str) -> set[Call]:
    """Return the calls without names, hours and numbers."""
    return {Call(call.operation, shape_of(call.place, stream)) for call in calls}


def corpus(role: str) -> set[Call]:
    """Read the recorded requests of a role."""
    return _calls(_file(role))


def described(role: str) -> set[Call]:
    """Read the requests of a role that no test can record here; none where it has no file."""
    file = DESCRIBED / f"{role}.yaml"
    return _calls(file) if file.exists() else set()


def _calls(file: Path) -> set[Call]:
    return {Call(*one) for one in yaml.safe_load(file.read_text(encoding="utf-8"))["requests"]}


def require_recorded(role: str, calls: set[Call]) -> None:
    """Compare requests with the corpus of a role; write the corpus where `make record-requests` asks for it."""
    if os.environ.get(VARIABLE):
        lines = [f'- [{call.operation}, "{call.place}"]\n' for call in sorted(calls)]
        _file(role).write_text(f"# Written by `make record-requests`.\nrequests:\n{''.join(lines)}", encoding="utf-8")
    recorded = corpus(role)
    assert (set(), set()) == (calls - recorded, recorded - calls), "run `make record-requests` and review the policies"


def _file(role: str) -> Path:
    return FOLDER / f"{role}.yaml"
