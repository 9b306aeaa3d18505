"""Parse the dbt project of a folder while an image is built.

    python parse_dbt.py FOLDER

Only the manifest is kept, without the times and the id of this parse: the same project is the same layer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_OF_THIS_PARSE = {"created_at", "generated_at", "invocation_id", "invocation_started_at"}


def without_times(value: Any) -> Any:
    """Return a part of a manifest without what differs from one parse to the next."""
    if isinstance(value, dict):
        return {name: without_times(one) for name, one in value.items() if name not in _OF_THIS_PARSE}
    return [without_times(one) for one in value] if isinstance(value, list) else value


def main(project: Path) -> None:
    """Parse, and rewrite the manifest."""
    dbt = Path(sys.executable).with_name("dbt")
    options = ("--quiet", "--log-path", "/tmp/dbt", "--no-version-check")  # noqa: S108 (in an image that is built)
    subprocess.run([dbt, *options, "parse", "--no-partial-parse", "--profiles-dir", "."], cwd=project, check=True)
    manifest = project / "target" / "manifest.json"
    for written in (project / "target").rglob("*"):
        if written.is_file() and written != manifest:
            written.unlink()
    manifest.write_text(json.dumps(without_times(json.loads(manifest.read_text()))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
