"""An application cluster with high availability: the JobManager runs the landing job's driver, as on Kubernetes.

Flink keeps in ZooKeeper what it keeps in config maps there: who leads, and the newest checkpoint of the job. The job's
id is set, as Flink's Kubernetes operator sets it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from shutil import rmtree
from typing import Any

import flink_jobs
from flink_jobs.flink.rest import SavepointState
from infra.local.ports import free_ports
from infra.local.processes import Program, port_answers
from infra.local.runtime import fetch_jar
from infra.local.settings import LOOPBACK, PROJECT
from tests.faults.cluster import JOB_MANAGER, WORKERS, Cluster
from tests.faults.landing_stack import LandingStack
from tests.integration.truth import wait_for
from tests.stacks.seam import Servers

ZOOKEEPER = "zookeeper"
ZOOKEEPER_JAR = "org.apache.flink:flink-shaded-zookeeper-3:3.8.4-20.0"
"""Flink's client of ZooKeeper, and the server, which the wheel has not."""
SERVER_CLASS = "org.apache.flink.shaded.zookeeper3.org.apache.zookeeper.server.ZooKeeperServerMain"
FIRST_JOB = "0" * 24 + "ab12cd34"
LAST_STATE = "KUBERNETES_OPERATOR_LAST_STATE"
"""What Flink's Kubernetes operator names as restore point where high availability has it."""


class ApplicationCluster(Cluster):
    """One job on a cluster of its own; a context manager.

    Args:
        servers: with broker and bucket.
        folder: of configurations and logs.
        stream: name of the stream.
        changes: fields of the job's settings.
    """

    names = (ZOOKEEPER, JOB_MANAGER, *WORKERS)

    def __init__(self, servers: Servers, folder: Path, stream: str, **changes: Any) -> None:
        super().__init__(servers, folder)
        self.landing = LandingStack(servers, stream, flink_rest=self.address, lease_seconds=5.0, **changes)
        self.job_id = FIRST_JOB
        self.restore_path: str | None = None
        self._deployments = 1
        [self._zookeeper_port] = free_ports(1)
        self._lib = self._libraries(folder / "lib")

    def restart_job_manager(self) -> None:
        """Kill -9 the JobManager and start it again as it was."""
        self.kill(JOB_MANAGER)
        self._table.start(self._program(JOB_MANAGER))

    def deploy(self, restore_path: str, job_id: str = FIRST_JOB) -> None:
        """Replace the JobManager, as the operator does; high availability keeps what it has of the job.

        Args:
            restore_path: the operator's mark.
            job_id: of the job.
        """
        self._deployments += 1
        self.job_id, self.restore_path = job_id, restore_path
        self.restart_job_manager()

    def upgrade_from(self, savepoint: str, job_id: str) -> None:
        """Replace the whole cluster, as the operator does after a savepoint: high availability forgets the former job.

        Args:
            savepoint: that the job begins from.
            job_id: of the job, a new one.
        """
        self._deployments += 1
        self.job_id, self.restore_path = job_id, savepoint
        for name in self.names:
            self.kill(name)
        rmtree(self._folder / ZOOKEEPER)
        self.start()

    def stop_with_savepoint(self) -> str:
        """Stop the job as the operator does, and return the path as Flink gives it."""
        landing = self.landing.landing
        job = self.rest.find_job(landing.job_name)
        assert job is not None
        request = self.rest.stop(job.job_id, landing.savepoint_url)
        wait_for(
            lambda: self.rest.savepoint(job.job_id, request)[0] is not SavepointState.IN_PROGRESS,
            seconds_max=60,
            what="a savepoint",
            poll_seconds=0.2,
        )
        state, path = self.rest.savepoint(job.job_id, request)
        assert SavepointState.COMPLETED is state, path
        return path

    def _libraries(self, folder: Path) -> Path:
        folder.mkdir(parents=True)
        for jar in (self.home / "lib").iterdir():
            (folder / jar.name).symlink_to(jar)
        zookeeper = fetch_jar(ZOOKEEPER_JAR, PROJECT / ".runtime" / "test-jars")
        (folder / zookeeper.name).symlink_to(zookeeper)
        return folder

    def _program(self, name: str) -> Program:
        if name == ZOOKEEPER:
            port = self._zookeeper_port
            command = ["java", "-cp", f"{self._lib}/*", SERVER_CLASS, str(port), str(self._folder / ZOOKEEPER)]
            return Program(name, command, lambda: port_answers(port))
        program = super()._program(name)
        variables = {
            **program.environment,
            **self.landing.landing.job_environment(),
            "FLINK_LIB_DIR": str(self._lib),
            "PYTHONPATH": str(PROJECT),
        }
        return Program(name, program.command, program.healthy, variables)

    def _command(self, name: str) -> list[str]:
        if name != JOB_MANAGER:
            return super()._command(name)
        [python_jar] = (self.home / "opt").glob("flink-python-*.jar")
        driver = str(Path(flink_jobs.__file__).with_name("landing_job.py"))
        return [
            *(str(self.home / "bin" / "standalone-job.sh"), "start-foreground"),
            *("--jars", f"file://{python_jar}", "--job-classname", "org.apache.flink.client.python.PythonDriver"),
            *("-pyclientexec", sys.executable, "-py", driver),
        ]

    def _more(self, name: str) -> dict[str, Any]:
        landing = self.landing.landing
        return {
            "high-availability.type": "zookeeper",
            "high-availability.zookeeper.quorum": f"{LOOPBACK}:{self._zookeeper_port}",
            "high-availability.zookeeper.client.session-timeout": "5 s",
            "high-availability.storageDir": landing.url(f"flink/{landing.stream}/ha"),
            "high-availability.cluster-id": f"/{landing.stream}",
            "execution.checkpointing.dir": landing.checkpoint_url,
            "execution.checkpointing.savepoint-dir": landing.savepoint_url,
            # The operator gives each deployment a store of its own; see flink-deployment.yaml for the second one.
            "job-result-store.storage-path": landing.url(f"flink/{landing.stream}/ha/results/{self._deployments}"),
            "application-result-store.storage-path": f"file://{self._folder}/results/{self._deployments}",
            "execution.shutdown-on-application-finish": "false",
            "execution.submit-failed-job-on-application-error": "false",
            "user.artifacts.base-dir": str(self._folder / name / "artifacts"),
            "$internal.pipeline.job-id": self.job_id,
            **({"execution.state-recovery.path": self.restore_path} if self.restore_path else {}),
        }
