"""Models that became slow: their newest runs against those before, with a rule that noise does not meet.

A model is flagged when, in one deployment, all of this holds for its succeeded runs of known time:

1. there are enough of them in the newest days and enough before (`runs_recent_min`, `runs_before_min`);
2. the median of the newest ones is at least `ratio_min` times and `seconds_min` above the median before;
3. the newest ones rank so high among all, by the rank sum test, that of all models that were judged, with times that
   only vary, fewer than 0.01 would be flagged (`false_flags_max`, shared among the models).

Medians and ranks do not move with single slow runs, or with one bad day of seven. Deployments are compared with
themselves, so a move of runs between two of them is no slowness. Runs with another number of partitions than most runs
of the model have are left out: a backfill takes longer for another reason.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from statistics import median

from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.usage.model_runs import ModelRun, RunState
from orchestration.metapipeline.usage.ours import name_of

_EXACT_STEPS_MAX = 200_000
"""Steps of counting up to which the probability is exact, 0.1 s; beyond, it is that of the normal curve."""


@dataclass(frozen=True, slots=True)
class SlowRule:
    """When a model became slow; see the module.

    Args:
        recent_days: the newest days, back from the newest hour of the given runs.
        runs_recent_min: succeeded runs in these days.
        runs_before_min: succeeded runs before.
        ratio_min: of the two medians.
        seconds_min: difference of the two medians.
        false_flags_max: expected number of flags among stable models of one call.
    """

    recent_days: float = 7
    runs_recent_min: int = 7
    runs_before_min: int = 14
    ratio_min: float = 1.3
    seconds_min: float = 5
    false_flags_max: float = 0.01


@dataclass(frozen=True, slots=True)
class Slowdown:
    """The times of a model that became slow, in the deployment where it did most."""

    model: str
    organization: str
    deployment: str
    recent_seconds: float
    before_seconds: float
    recent_runs: int
    before_runs: int

    @property
    def ratio(self) -> float:
        """The median of the newest runs over the median before."""
        return self.recent_seconds / self.before_seconds if self.before_seconds else math.inf


def find_slow(
    runs: Iterable[ModelRun], rule: SlowRule | None = None, owners: Mapping[str, tuple[str, ...]] | None = None
) -> Found | Withheld:
    """List the models that became slow, most added seconds first.

    Args:
        runs: of the models that may be flagged.
        rule: when a model became slow.
        owners: model -> whom to tell.

    Returns:
        Withheld when no model has enough runs to judge.
    """
    rule = rule or SlowRule()
    judged = _judged(_comparable(runs), rule)
    if not judged:
        reason = (
            f"no model has {rule.runs_recent_min} timed runs in the newest {rule.recent_days:g} days and "
            f"{rule.runs_before_min} before them: read more days of events"
        )
        return Withheld(FindingKind.SLOW_MODEL, reason)
    slow: dict[str, Slowdown] = {}
    for place, (recent, before) in judged.items():
        one = Slowdown(*place, median(recent), median(before), len(recent), len(before))
        enough = _added(one) >= rule.seconds_min and one.ratio >= rule.ratio_min
        if enough and rank_probability(recent, before) <= rule.false_flags_max / len(judged):
            slow[one.model] = max(one, slow.get(one.model, one), key=_added)
    ordered = sorted(slow.values(), key=lambda one: (-_added(one), one.model))
    return Found(tuple(_finding(one, (owners or {}).get(one.model, ())) for one in ordered))


def important_and_slow(slow: Found | Withheld, scores: Mapping[str, float], top_share: float = 0.1) -> Found | Withheld:
    """List the slow models that are among the most important ones, the most important first.

    Args:
        slow: of `find_slow`.
        scores: importance by model; only their order counts.
        top_share: of the models with a score that counts as important, between 0 and 1; at least one model.
    """
    if isinstance(slow, Withheld):
        return Withheld(FindingKind.IMPORTANT_MODEL, slow.reason)
    if not scores:
        return Withheld(FindingKind.IMPORTANT_MODEL, "no model has an importance: build the graph first")
    least = sorted(scores.values(), reverse=True)[max(math.ceil(len(scores) * top_share), 1) - 1]
    found = [one for one in slow.findings if scores.get(one.subject, -math.inf) >= least]
    found.sort(key=lambda one: (-scores[one.subject], one.subject))
    return Found(tuple(_important(one, scores[one.subject], sorted(scores.values())) for one in found))


def _comparable(runs: Iterable[ModelRun]) -> Mapping[tuple[str, str, str], Sequence[ModelRun]]:
    """Group timed runs by model, organization and deployment; keep those with the usual number of partitions."""
    by_place: defaultdict[tuple[str, str, str], list[ModelRun]] = defaultdict(list)
    for run in runs:
        if run.state is RunState.SUCCEEDED and run.seconds is not None:
            by_place[run.model, run.step.organization, run.step.deployment].append(run)
    return {place: tuple(_usual(found)) for place, found in by_place.items()}


def _usual(runs: Sequence[ModelRun]) -> Iterator[ModelRun]:
    ((usual, _),) = Counter(len(run.partitions) for run in runs).most_common(1)
    return (run for run in runs if len(run.partitions) == usual)


def _judged(
    by_place: Mapping[tuple[str, str, str], Sequence[ModelRun]], rule: SlowRule
) -> dict[tuple[str, str, str], tuple[list[float], list[float]]]:
    """Return the newest times and those before, where there are enough of both."""
    hours = [run.hours[-1] for found in by_place.values() for run in found]
    since = max(hours) - timedelta(days=rule.recent_days) if hours else None
    judged = {}
    for place, found in by_place.items():
        recent: list[float] = []
        before: list[float] = []
        for run in found:
            if run.seconds is not None and since is not None:
                (recent if run.hours[-1] > since else before).append(run.seconds)
        if len(recent) >= rule.runs_recent_min and len(before) >= rule.runs_before_min:
            judged[place] = recent, before
    return judged


def _added(one: Slowdown) -> float:
    return one.recent_seconds - one.before_seconds


def rank_probability(recent: Sequence[float], before: Sequence[float]) -> float:
    """Return how probable it is that times of one distribution let `recent` rank this high or higher (Mann-Whitney)."""
    ascending = sorted(before)
    wins = sum(bisect_left(ascending, one) + bisect_right(ascending, one) for one in recent) / 2
    n, m = len(recent), len(before)
    if min(n, m) * n * m > _EXACT_STEPS_MAX:
        deviation = math.sqrt(n * m * (n + m + 1) / 12)
        return 0.5 * math.erfc((wins - 0.5 - n * m / 2) / deviation / math.sqrt(2))
    ways = _rank_sums(min(n, m), max(n, m))
    return sum(ways[math.floor(wins) :]) / sum(ways)  # the distribution is symmetric, and a tie counts as half a win


@lru_cache(maxsize=256)
def _rank_sums(n: int, m: int) -> tuple[int, ...]:
    """Count the orders of n and m values by the number of pairs that the first ones win: a Gaussian binomial."""
    ways = [1] + [0] * (n * m)
    for part in range(1, n + 1):
        for wins in range(n * m, m + part - 1, -1):
            ways[wins] -= ways[wins - m - part]
        for wins in range(part, n * m + 1):
            ways[wins] += ways[wins - part]
    return tuple(ways)


def _finding(one: Slowdown, owners: tuple[str, ...]) -> Finding:
    times = f"{one.ratio:.1f} times as long as before" if math.isfinite(one.ratio) else "and no measurable time before"
    return Finding(
        kind=FindingKind.SLOW_MODEL,
        subject=one.model,
        name=name_of(one.model),
        reason=f"Its newest runs take {one.recent_seconds:,.1f} s, {times}.",
        evidence=(
            f"The median of the {one.recent_runs} newest runs is {one.recent_seconds:,.1f} s.",
            f"The median of the {one.before_runs} runs before is {one.before_seconds:,.1f} s.",
            f"Measured in {one.organization}/{one.deployment}.",
        ),
        numbers={
            "recent_seconds": round(one.recent_seconds, 3),
            "before_seconds": round(one.before_seconds, 3),
            "ratio": round(one.ratio, 3) if math.isfinite(one.ratio) else None,
            "recent_runs": one.recent_runs,
            "before_runs": one.before_runs,
        },
        owners=owners,
    )


def _important(slow: Finding, score: float, ascending: Sequence[float]) -> Finding:
    place = sum(other > score for other in ascending) + 1
    return Finding(
        kind=FindingKind.IMPORTANT_MODEL,
        subject=slow.subject,
        name=slow.name,
        reason=f"It became slow, and it is number {place} of {len(ascending)} by importance.",
        evidence=(slow.reason, *slow.evidence),
        numbers={**slow.numbers, "score": round(score, 6), "place": place},
        owners=slow.owners,
    )
