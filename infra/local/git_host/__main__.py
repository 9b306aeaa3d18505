"""Serve a git host on this machine, until it is interrupted: `python -m infra.local.git_host FOLDER --source DBT`."""

from __future__ import annotations

import argparse
from pathlib import Path

from infra.local.git_host.server import GitHost


def main() -> None:
    """Serve; the state in the folder survives a stop."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.git_host", description=__doc__)
    parser.add_argument("folder", type=Path, help="state of the host")
    parser.add_argument("--port", type=int, default=8095)
    parser.add_argument("--source", type=Path, help="folder of the first commit of a new repository")
    parser.add_argument("--id", type=int, default=1)
    parser.add_argument("--name", default="hourglass/analytics")
    parser.add_argument("--token", default="local")
    chosen = parser.parse_args()
    host = GitHost(chosen.folder, chosen.port)
    host.hosted.add_token(chosen.token, ["repo"])
    if chosen.source is not None:
        host.hosted.add_repository(chosen.id, chosen.name, chosen.source)
    try:
        host.serve_forever()
    except KeyboardInterrupt:
        host.server_close()


if __name__ == "__main__":
    main()
