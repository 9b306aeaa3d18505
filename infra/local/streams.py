"""The streams of the project on this machine: each has a landing job of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dagster.components.resolved.errors import ResolutionException
from yaml import YAMLError

from flink_jobs.settings import LandingSettings
from infra.local.processes import StackError
from orchestration.stream.catalog import StreamEntry, read_streams
from orchestration.stream.document import StreamDocument


def streams() -> tuple[StreamEntry, ...]:
    """Read the documents of the streams, with the settings of this process.

    Raises:
        StackError: a document has a mistake; the message has file, line and field.
    """
    try:
        return read_streams()
    except (ResolutionException, YAMLError) as exc:
        raise StackError(str(exc)) from exc


def landing_settings(document: StreamDocument) -> LandingSettings:
    """Return the settings of the landing job of a stream.

    Its process file, configuration and logs lie in the data folder, or below `streams/` for a stream whose name is in
    its asset keys: two jobs of one machine share no file.
    """
    settings = LandingSettings()
    return settings.model_copy(
        update={
            "stream": document.prefix,
            "topic": ",".join(document.topics),
            "bucket": document.bucket,
            "flink_rest": document.flink_rest,
            "data_dir": _data_dir(settings.data_dir, document),
        }
    )


def job_variables(name: str) -> Mapping[str, str]:
    """Return the variables with which a command about the landing job finds that of a stream.

    Raises:
        StackError: no document has this name.
    """
    found = {entry.document.name: entry.document for entry in streams()}
    if name not in found:
        raise StackError(f"no document describes a stream {name}; known: {', '.join(sorted(found))}")
    settings = landing_settings(found[name])
    fields = ("stream", "topic", "bucket", "flink_rest", "data_dir")
    return {f"HOURGLASS_{field.upper()}": str(getattr(settings, field)) for field in fields}


def _data_dir(data_dir: Path, document: StreamDocument) -> Path:
    return data_dir if document.bare_keys else data_dir / "streams" / document.prefix
