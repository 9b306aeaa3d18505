"""`python -m infra.local.mode_server --port 8086 --workspace FILE`: serve a workspace until the process ends.

Changes are written back to the file. A file that does not exist is written first, with the workspace of the demo.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from infra.local.mode_server.demo import workspace_of
from infra.local.mode_server.server import SECRET, TOKEN, Credentials, ModeServer


def main() -> None:
    """Serve the workspace of a file."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.mode_server", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workspace", type=Path, required=True, help="JSON file")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--secret", default=SECRET)
    arguments = parser.parse_args()
    server = ModeServer(workspace_of(arguments.workspace), Credentials(arguments.token, arguments.secret))
    with server.bound(arguments.port) as bound:
        bound.serve_forever()


if __name__ == "__main__":
    main()
