"""`python -m infra.local.mode_server --port 8086 --workspace FILE`: serve a workspace until the process ends."""

from __future__ import annotations

import argparse
from pathlib import Path

from infra.local.mode_server.server import SECRET, TOKEN, Credentials, ModeServer
from infra.local.mode_server.state import ModeState


def main() -> None:
    """Serve the workspace of a file; changes are written back to it."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.mode_server", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workspace", type=Path, required=True, help="JSON file")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--secret", default=SECRET)
    arguments = parser.parse_args()
    server = ModeServer(ModeState.load(arguments.workspace), credentials=Credentials(arguments.token, arguments.secret))
    with server.bound(arguments.port) as bound:
        bound.serve_forever()


if __name__ == "__main__":
    main()
