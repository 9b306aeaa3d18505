"""Serve a workspace with one channel: `python -m infra.local.slack_server --port 8086`."""

from __future__ import annotations

import argparse

from infra.local.slack_server.server import HOST, SlackServer
from infra.local.slack_server.workspace import Workspace


def main(arguments: list[str] | None = None) -> int:
    """Serve until the process is interrupted."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.slack_server", description="Serve Slack here.")
    parser.add_argument("--port", type=int, required=True, help="port of this machine")
    parser.add_argument("--channel", default="data-platform", help="name of the channel")
    given = parser.parse_args(arguments)
    server = SlackServer(Workspace(channels={given.channel: "C0000000001"})).bind(given.port)
    print(f"Slack on http://{HOST}:{server.server_port}/api/", flush=True)  # noqa: T201 (the command's output)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        server.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
