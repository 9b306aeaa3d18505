"""A job that something else starts and stops: what does there what `hourglass job` does on one machine."""

from __future__ import annotations

import json

from flink_jobs.errors import SetupError
from flink_jobs.settings import FlinkTarget, LandingSettings

_MANAGED = "the managed service starts and stops this job, with SKIP_RESTORE_FROM_SNAPSHOT: see docs/kubernetes.md"


def require_own_flink(settings: LandingSettings, command: str) -> None:
    """Refuse a command about a job that Flink's Kubernetes operator or the managed service runs.

    Args:
        settings: of the job.
        command: without `hourglass job`, its option included.

    Raises:
        SetupError: the message names what does the same there.
    """
    if settings.flink_target is FlinkTarget.KUBERNETES:
        instead = kubernetes_changes(settings.stream)[command]
        raise SetupError(f"Flink's Kubernetes operator runs this job: {instead}")
    if settings.flink_target is FlinkTarget.MANAGED:
        raise SetupError(_MANAGED)


def kubernetes_changes(stream: str) -> dict[str, str]:
    """Say for each command which change of the stream's FlinkDeployment does the same."""
    return {
        "start": _patch(stream, job={"state": "running", "upgradeMode": "last-state"}),
        "start --from-ledger": _anew("ledger"),
        "start --new-topic": _anew("new-topic"),
        "start --from-offsets": _anew("group"),
        "start --savepoint": "set spec.job.initialSavepointPath, and raise spec.job.savepointRedeployNonce",
        "stop": _patch(stream, job={"state": "suspended", "upgradeMode": "savepoint"}),
        "stop --without-savepoint": _patch(stream, job={"state": "suspended", "upgradeMode": "last-state"}),
        "restart": f"{_patch(stream, restartNonce=1)}, with another number each time",
        "upgrade": "set newTag of the image in the stream's kustomization.yaml, and `kubectl apply -k` it",
    }


def _patch(stream: str, **spec: object) -> str:
    patch = json.dumps({"spec": spec})
    return f"kubectl patch flinkdeployment {stream}-landing-job --type merge --patch '{patch}'"


def _anew(offsets: str) -> str:
    return (
        f"set HOURGLASS_STARTING_OFFSETS={offsets} and `upgradeMode: stateless` in the stream's kustomization.yaml, "
        "`kubectl apply -k` it, and take both back when the job runs"
    )
