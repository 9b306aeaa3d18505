"""The systems outside of the platform that the metapipeline talks to: Mode, a git host and Slack, in one process."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack
from threading import Event

from infra.local.git_host.server import git_host
from infra.local.mode_server.demo import workspace_of
from infra.local.mode_server.server import Credentials, ModeServer
from infra.local.processes import Program
from infra.local.servers.snowflake_server import answers
from infra.local.settings import LOOPBACK, PROJECT, LocalSettings
from infra.local.slack_server.server import SlackServer
from infra.local.slack_server.workspace import Workspace

REPOSITORY_ID, REPOSITORY = 1, "hourglass/analytics"
CHANNEL = "data-platform"
_DBT = PROJECT / "orchestration" / "dbt"


def program(settings: LocalSettings) -> Program:
    """Return the program; its state lies below the data folder and survives a stop."""
    return Program(
        name="hosts",
        command=[sys.executable, "-m", "infra.local.servers.hosts"],
        environment={**settings.environment(), "PYTHONUNBUFFERED": "1"},
        healthy=lambda: answers(f"http://{LOOPBACK}:{settings.mode_port}/healthz"),
        port=settings.slack_port,  # the last one that is bound
        cwd=PROJECT,
    )


def serve(settings: LocalSettings, stopped: Event) -> None:
    """Serve the three of them until the event is set."""
    folder = settings.data_dir / "hosts"
    folder.mkdir(parents=True, exist_ok=True)
    mode = ModeServer(
        workspace_of(folder / "mode.json"),
        Credentials(settings.mode_token.get_secret_value(), settings.mode_secret.get_secret_value()),
    )
    slack = SlackServer(Workspace(channels={CHANNEL: "C0000000001"}), settings.slack_token.get_secret_value())
    with ExitStack() as stack:
        git = stack.enter_context(git_host(folder / "git", settings.git_port))
        git.hosted.add_token(settings.github_token.get_secret_value(), ["repo"])
        git.hosted.add_repository(REPOSITORY_ID, REPOSITORY, _DBT)
        stack.enter_context(mode.serving(settings.mode_port))
        stack.enter_context(slack.serving(settings.slack_port))
        stopped.wait()


def main() -> None:
    """Serve until the process is told to end."""
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    serve(LocalSettings(), stopped)


if __name__ == "__main__":
    main()
