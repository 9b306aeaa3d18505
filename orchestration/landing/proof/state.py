"""The life of an hour."""

from __future__ import annotations

from enum import StrEnum

from orchestration.landing.errors import TransitionError


class HourState(StrEnum):
    """Where an hour stands: `open -> complete -> sealed -> registered -> published`, and `amended` back."""

    OPEN = "open"
    """Something that was produced may not have landed yet."""
    COMPLETE = "complete"
    """Every offset is landed and every promised object is listed."""
    SEALED = "sealed"
    """The newest seal names exactly these objects."""
    REGISTERED = "registered"
    """The external table knows exactly the sealed objects."""
    PUBLISHED = "published"
    """All blocking checks passed; readers see it."""
    AMENDED = "amended"
    """Records came after a seal; the next revision is to be proven."""

    def to(self, state: HourState) -> HourState:
        """Take one step of the life of an hour; any other step is a `TransitionError`."""
        if state not in _STEPS[self]:
            allowed = ", ".join(sorted(_STEPS[self]))
            raise TransitionError(f"an hour that is {self} cannot become {state}, only {allowed}")
        return state


_STEPS = {
    HourState.OPEN: {HourState.COMPLETE},
    HourState.COMPLETE: {HourState.SEALED},
    HourState.SEALED: {HourState.REGISTERED, HourState.AMENDED},
    HourState.REGISTERED: {HourState.PUBLISHED, HourState.AMENDED},
    HourState.PUBLISHED: {HourState.AMENDED},
    HourState.AMENDED: {HourState.COMPLETE},
}
