from __future__ import annotations

import json
import re

import pytest

from flink_jobs.deploy.elsewhere import kubernetes_changes, require_own_flink
from flink_jobs.errors import SetupError
from flink_jobs.settings import FlinkTarget, LandingSettings

SETTINGS = LandingSettings(_env_file=None, stream="s")


@pytest.mark.parametrize("target", [FlinkTarget.LOCAL, FlinkTarget.SESSION])
def test_commands_apply_to_a_flink_that_they_control(target: FlinkTarget) -> None:
    """One machine and a session cluster are started and stopped by `hourglass job`."""
    require_own_flink(SETTINGS.model_copy(update={"flink_target": target}), "start")


@pytest.mark.parametrize("command", kubernetes_changes("s"))
def test_under_the_operator_each_command_names_what_does_it(command: str) -> None:
    """The message is a command to run, or a change to make."""
    with pytest.raises(SetupError, match=r"kubectl|spec\.job"):
        require_own_flink(SETTINGS.model_copy(update={"flink_target": FlinkTarget.KUBERNETES}), command)


def test_a_stop_suspends_with_a_savepoint() -> None:
    """What `kubectl` gets is JSON with the operator's words."""
    [patch] = re.findall(r"'(.*)'", kubernetes_changes("s")["stop"])
    assert {"spec": {"job": {"state": "suspended", "upgradeMode": "savepoint"}}} == json.loads(patch)


def test_the_managed_service_runs_its_own() -> None:
    """No command of ours starts or stops an application there."""
    with pytest.raises(SetupError, match="SKIP_RESTORE_FROM_SNAPSHOT"):
        require_own_flink(SETTINGS.model_copy(update={"flink_target": FlinkTarget.MANAGED}), "stop")
