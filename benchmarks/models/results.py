"""RESULTS.md, written from the measurements in `results/`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.models.simulation import PROVEN

HERE = Path(__file__).parent
_TITLE = "# Models by proven hours\n\nHow it is measured: [README.md](README.md)."


def write(name: str, measured: Any) -> None:
    """Store the measurement of one command, and write RESULTS.md from all of them."""
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(measured) + "\n", encoding="utf-8")
    texts = [_TITLE]
    for section, text in (("days", days_text), ("mutants", mutants_text), ("usage", usage_text)):
        stored = folder / f"{section}.json"
        if stored.exists():
            texts.append(text(json.loads(stored.read_text(encoding="utf-8"))))
    (HERE / "RESULTS.md").write_text("\n\n".join(texts) + "\n", encoding="utf-8")


def days_text(measured: Any) -> str:
    """Return the section of the simulated days."""
    by_model: dict[str, list[dict[str, Any]]] = {}
    for one in measured["builds"]:
        by_model.setdefault(one["model"], []).append(one)
    columns = [
        "model",
        "days equal to a full rebuild",
        "rows that differ at the end",
        "hours built",
        "hours that changed",
        "days that built exactly these",
    ]
    rows = [_days_row(model, found) for model, found in by_model.items()]
    return f"## {measured['days']} days, {measured['records']} records an hour\n\n{_table(columns, rows)}"


def _days_row(model: str, found: list[dict[str, Any]]) -> tuple[Any, ...]:
    wrong, exact = (sum(bool(one[name]) for one in found) for name in ("different", "exact"))
    exactly = f"{exact} of {len(found)}" if model in PROVEN else "-"
    built, touched = (sum(one[name] for one in found) for name in ("rebuilt", "touched"))
    return model, f"{len(found) - wrong} of {len(found)}", found[-1]["different"], built, touched, exactly


def mutants_text(measured: Any) -> str:
    """Return the section of the planted mistakes."""
    planted = [one for one in measured if one["kind"]]
    kinds, red = Counter(one["kind"] for one in planted), Counter(one["kind"] for one in planted if one["red"])
    rows = [(kind, count, red[kind]) for kind, count in sorted(kinds.items())]
    rows.append(("all", len(planted), red.total()))
    missed = [f"- {one['model']}: {one['kind']}, {one['what']}" for one in planted if not one["red"]]
    models = [one for one in measured if not one["kind"]]
    text = f"## {len(planted)} mistakes in {len(models)} views\n\n{_table(('mistake', 'planted', 'red'), rows)}"
    text += f"\n\nWithout a mistake {sum(bool(one['red']) for one in models)} of {len(models)} views are red."
    return text + ("\n\nNot found:\n\n" + "\n".join(missed) if missed else "")


def usage_text(measured: Any) -> str:
    """Return the section of usage."""
    columns = ("events", "seconds of the build and of both queries", "rows that are not those of the ledger")
    row = (f"{measured['events']:,}", f"{measured['seconds']:.1f}", measured["different"])
    return f"## Usage by organization, hour and day\n\n{_table(columns, [row])}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)
