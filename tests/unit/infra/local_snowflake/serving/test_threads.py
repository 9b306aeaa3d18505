"""What a statement costs beside its work: each switch to a thread and back is a tenth of a small statement."""

from __future__ import annotations

from typing import Any

import pytest
from anyio import to_thread


@pytest.mark.parametrize("sql", ["SELECT 1", "SHOW TABLES LIKE 'nothing'", "CREATE TABLE t (a INT)"])
def test_a_statement_is_read_in_one_thread_and_executed_in_one(
    client: Any, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No step in between returns to the event loop."""
    run, switches = to_thread.run_sync, []

    async def counted(work: Any, *given: Any, **named: Any) -> Any:
        switches.append(work.__name__)
        return await run(work, *given, **named)

    monkeypatch.setattr(to_thread, "run_sync", counted)
    client.rows(sql)
    monkeypatch.undo()
    assert 2 == len(switches), switches
