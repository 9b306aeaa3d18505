"""Metadata of the assets: tables of their first rows, counts, sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from orchestration.metapipeline.findings import Found, Withheld

ROWS_SHOWN = 50


def table(rows: Iterable[Mapping[str, Any]]) -> dg.TableMetadataValue | dg.TextMetadataValue:
    """Return the first rows as a table, or a text for none: a table of Dagster needs at least one."""
    shown = [
        dg.TableRecord({name: None if value is None else _plain(value) for name, value in row.items()})
        for row, _ in zip(rows, range(ROWS_SHOWN), strict=False)
    ]
    return dg.MetadataValue.table(shown) if shown else dg.MetadataValue.text("no rows")


def answer(found: Found | Withheld) -> dict[str, Any]:
    """Describe an answer: its findings, or why it is withheld."""
    if isinstance(found, Withheld):
        return {"withheld": found.reason}
    rows = (
        {
            "name": finding.name or finding.subject,
            "reason": finding.reason,
            "removable": str(finding.removable),
            "owners": ", ".join(finding.owners),
            **finding.numbers,
        }
        for finding in found.findings
    )
    return {"findings": len(found.findings), "shown": table(rows)}


def _plain(value: Any) -> str | int | float:
    if isinstance(value, float):
        return round(value, 6)
    return value if isinstance(value, int) else str(value)
