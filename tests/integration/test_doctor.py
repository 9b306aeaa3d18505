"""`hourglass doctor` on the running stack: every server is asked, and nothing is wrong after the chain has run."""

from __future__ import annotations

import json

from infra.doctor.checks import Area
from infra.local.stack import Stack
from tests.integration.test_command_line import run


def test_a_stack_that_has_published_hours_is_whole(stack: Stack) -> None:
    """Exit code 0, with answers of all areas; the objects in Snowflake are those that the chain's runs have made."""
    assert 0 == run(stack.settings, "snowflake", "apply", "--yes").returncode
    done = run(stack.settings, "doctor", "--json")
    found = json.loads(done.stdout)
    assert 0 == done.returncode, [one for one in found if one["verdict"] != "ok"]
    assert set(Area) == {one["area"] for one in found}


def test_a_server_that_refuses_us_is_named(stack: Stack) -> None:
    """Exit code 1, and the rest of the area waits for that repair."""
    wrong = stack.settings.model_copy(update={"s3_access_key_id": "nobody"})
    done = run(wrong, "doctor", "bucket", "--json")
    first, *others = json.loads(done.stdout)
    assert (1, "wrong") == (done.returncode, first["verdict"])
    assert {"unknown"} == {one["verdict"] for one in others}
