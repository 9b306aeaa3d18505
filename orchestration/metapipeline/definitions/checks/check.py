"""A check as a function: it takes what it judges by name, and returns what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

import dagster as dg

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one asset.

    Args:
        complaint: returns what is wrong in one sentence, None when nothing is. Its parameters are names: of the asset
            itself, of the assets that it reads, `document`, and what the asset's function puts beside its value.
        severity: ERROR where an answer would be wrong, or a change failed; WARN otherwise.
    """

    complaint: Callable[..., str | None]
    severity: dg.AssetCheckSeverity

    @property
    def name(self) -> str:
        """The name of the check."""
        return self.complaint.__name__

    def spec(self, asset: str) -> dg.AssetCheckSpec:
        """Declare the check of an asset."""
        return dg.AssetCheckSpec(self.name, asset=asset, description=self.complaint.__doc__)

    def judge(self, seen: Mapping[str, Any]) -> dg.AssetCheckResult:
        """Judge values by their names."""
        wrong = self.complaint(**{name: seen[name] for name in signature(self.complaint).parameters})
        return dg.AssetCheckResult(
            passed=wrong is None, check_name=self.name, severity=self.severity, description=wrong
        )


def check(severity: dg.AssetCheckSeverity) -> Callable[[Callable[..., str | None]], Check]:
    """Return a decorator that makes a function a check of its name."""
    return lambda complaint: Check(complaint, severity)


def listed(texts: list[str], shown_max: int = 5) -> str | None:
    """Join the first texts for people; None for none."""
    more = f"; and {len(texts) - shown_max:,} more" if len(texts) > shown_max else ""
    return f"{'; '.join(texts[:shown_max])}{more}" if texts else None
