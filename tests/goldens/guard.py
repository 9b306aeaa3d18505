"""Refuse, in tests, a statement of the product that has no golden: nobody has compared it with the documentation."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from tests.goldens.shapes import shape_of

_PRODUCT = ("snowflake_components.", "orchestration.")
_OF_ITS_CALLER = "snowflake_components.connection"
"""Its `query` sends what a person, or a test, wrote."""


class UnreviewedStatementError(AssertionError):
    """The product sent a statement of a shape that no golden has."""


def require_golden(sql: str) -> None:
    """Raise `UnreviewedStatementError` for a statement of a shape that no golden has."""
    if shape_of(sql) is None:
        raise UnreviewedStatementError(
            "this statement has no golden: compare it with Snowflake's documentation, add its shape to "
            f"tests/goldens/shapes and its text to tests/goldens/rendered.py\n{sql}"
        )


@contextmanager
def goldens_only() -> Iterator[None]:
    """Let sessions refuse every statement of the product that has no golden, for a block."""
    # the connector costs a second to import, and most tests send nothing
    from snowflake_components.session import ConnectorSession  # noqa: PLC0415

    sent = ConnectorSession.execute

    def execute(session: ConnectorSession, sql: str, params: Sequence[Any] | None = None) -> Any:
        if _is_of_product(inspect.currentframe()):
            require_golden(sql)
        return sent(session, sql, params)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ConnectorSession, "execute", execute)
        yield


def _is_of_product(frame: FrameType | None) -> bool:
    """Whether the caller of a function is a module of the product."""
    assert frame is not None
    assert frame.f_back is not None
    caller = str(frame.f_back.f_globals["__name__"])
    return caller.startswith(_PRODUCT) and caller != _OF_ITS_CALLER
