"""Files that are replaced as a whole: a reader, or a kill, finds the former content or the new one."""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(path: Path, content: bytes) -> Path:
    """Write a file whole or not at all, durably, in a folder that need not exist; return its path.

    Raises:
        OSError: it cannot be written; the former file stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # two processes that write at once must not share a draft
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
