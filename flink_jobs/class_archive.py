"""An archive of the Flink process' classes, read and checked once: a quarter of the work of a start.

Java maps it into memory if it was made by the same Java from the same jars in the same place, and passes it over
otherwise. So it is never wrong, and nothing depends on it.
"""

from __future__ import annotations

from pathlib import Path

FILE = "classes.jsa"
_WHERE_IT_WAS_MADE_FOR = ("-XX:+UnlockDiagnosticVMOptions", "-XX:ArchiveRelocationMode=0")
_UNSAID = ("cds", "cds+dynamic", "class+path")
"""Words of Java's log that would complain of an archive which does not fit; they would hide why a start failed."""


def archive_of(flink_home: Path) -> Path:
    """Name the archive of a Flink home, whether it is there or not."""
    return flink_home.absolute() / FILE


def options_to_use(flink_home: Path) -> list[str]:
    """List what Java is told to use the archive; nothing where there is none.

    It is mapped where it was made for: elsewhere every page of it would be changed, and be this process' own.
    """
    archive = archive_of(flink_home)
    if not archive.exists():
        return []
    return [f"-XX:SharedArchiveFile={archive}", *_WHERE_IT_WAS_MADE_FOR, *(f"-Xlog:{word}=off" for word in _UNSAID)]
