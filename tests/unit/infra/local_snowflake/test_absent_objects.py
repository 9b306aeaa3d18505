"""Statements on kinds of objects that cannot be created here."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("kind", ["PIPE", "STREAM", "TASK", "TAG", "MASKING POLICY", "DYNAMIC TABLE", "ALERT"])
def test_there_is_none_of_a_kind_that_cannot_be_created(client: Any, kind: str) -> None:
    """CREATE is unsupported, so DROP and DESCRIBE find nothing, and IF EXISTS succeeds.

    A plan asks for pipes and streams, so these are listed.
    """
    assert 2003 == client.refused(f"DROP {kind} x")[0]
    assert 2003 == client.refused(f"DESCRIBE {kind} x")[0]
    assert ["Drop statement executed successfully (X already dropped)."] == client.values(f"DROP {kind} IF EXISTS x")
    listed = f"SHOW {kind.removesuffix('Y') + 'IES' if kind.endswith('Y') else kind + 'S'}"
    if kind in {"PIPE", "STREAM"}:
        assert [] == client.rows(listed)
    else:
        assert 2 == client.refused(listed)[0]


def test_a_task_or_a_stream_needs_its_objects(client: Any) -> None:
    """A task is looked for; a stream is unsupported over a table that exists, and 2003 over another."""
    client.rows("CREATE TABLE t (a INT)")
    assert 2003 == client.refused("EXECUTE TASK x")[0]
    assert 2003 == client.refused("ALTER TASK x RESUME")[0]
    assert 2 == client.refused("CREATE STREAM s ON TABLE t")[0]
    assert 2003 == client.refused("CREATE OR REPLACE STREAM s COPY GRANTS ON TABLE nope APPEND_ONLY = TRUE")[0]


@pytest.mark.parametrize("kind", ["STAGE", "FILE FORMAT", "STORAGE INTEGRATION", "EXTERNAL TABLE", "TABLE", "SEQUENCE"])
def test_if_exists_names_what_is_not_there(client: Any, kind: str) -> None:
    """The text of a DROP that has nothing to do."""
    assert ["Drop statement executed successfully (X already dropped)."] == client.values(f"DROP {kind} IF EXISTS x")
