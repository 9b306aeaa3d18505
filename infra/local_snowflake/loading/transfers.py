"""PUT, GET and REMOVE: files between the client and internal stages.

The client copies the files itself: client and server are on one machine, so the stage's folder is its target.
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.local_snowflake.answers import Answer, Transfer
from infra.local_snowflake.errors import InvalidValueError, NotSupportedError, ParameterUnknownError
from infra.local_snowflake.files.storage import internal_bucket
from infra.local_snowflake.language.file_statements import GetFiles, PutFiles, RemoveFiles
from infra.local_snowflake.language.statements import Options
from infra.local_snowflake.objects.stages import Stages, shown_name
from infra.local_snowflake.objects.stored import Stage
from infra.local_snowflake.sessions import Session

_PUT_OPTIONS = frozenset({"PARALLEL", "AUTO_COMPRESS", "SOURCE_COMPRESSION", "OVERWRITE"})
_GET_OPTIONS = frozenset({"PARALLEL", "PATTERN"})
_PARALLEL = 4


@dataclass(frozen=True, slots=True)
class Transfers:
    """Transfers files of one server's stages."""

    stages: Stages

    def put(self, statement: PutFiles, session: Session) -> Transfer:
        """Return the folder to which the client copies its files."""
        stage = self._internal(self.stages.of(statement.target, session), "PUT")
        _require_known(statement.options, _PUT_OPTIONS)
        folder = self.stages.storage.folder_of(internal_bucket(stage.id)) / statement.target.path
        folder.mkdir(parents=True, exist_ok=True)
        return Transfer(
            {
                "command": "UPLOAD",
                "src_locations": [statement.source],
                "parallel": _number(statement.options, "PARALLEL"),
                "autoCompress": _boolean(statement.options, "AUTO_COMPRESS", default=True),
                "sourceCompression": str(statement.options.get("SOURCE_COMPRESSION", "AUTO_DETECT")).lower(),
                "overwrite": _boolean(statement.options, "OVERWRITE", default=False),
                "stageInfo": {"locationType": "LOCAL_FS", "location": str(folder), "creds": {}},
            }
        )

    def get(self, statement: GetFiles, session: Session) -> Transfer:
        """Return the files that the client copies from the stage's folder."""
        stage = self._internal(self.stages.of(statement.source, session), "GET")
        _require_known(statement.options, _GET_OPTIONS)
        pattern = statement.options.get("PATTERN")
        found = self.stages.files(stage, statement.source.path, str(pattern) if pattern else None)
        return Transfer(
            {
                "command": "DOWNLOAD",
                "src_locations": [stored.key for stored in found],
                "localLocation": statement.target,
                "parallel": _number(statement.options, "PARALLEL"),
                "encryptionMaterial": [],
                "stageInfo": {
                    "locationType": "LOCAL_FS",
                    "location": str(self.stages.storage.folder_of(internal_bucket(stage.id))),
                    "creds": {},
                },
            }
        )

    def remove(self, statement: RemoveFiles, session: Session) -> Answer:
        """Delete files of a stage; also an external one's objects in the bucket."""
        stage = self.stages.of(statement.source, session)
        rows = []
        for stored in self.stages.files(stage, statement.source.path, statement.pattern):
            self.stages.delete(stage, stored.key)
            rows.append((shown_name(stage, stored.key), "removed"))
        return Answer.of_text(("name", "result"), rows)

    @staticmethod
    def _internal(stage: Stage, verb: str) -> Stage:
        if not stage.is_internal:
            raise NotSupportedError(
                f"SQL compilation error:\nUnsupported feature '{verb} of an external stage': "
                "put files into the bucket itself, or use an internal stage."
            )
        return stage


def _require_known(options: Options, known: frozenset[str]) -> None:
    if unknown := options.keys() - known:
        raise ParameterUnknownError(f"SQL compilation error:\ninvalid parameter '{min(unknown)}'")


def _number(options: Options, name: str) -> int:
    value = options.get(name, _PARALLEL)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValueError(f"SQL compilation error:\ninvalid value [{value}] for parameter '{name}'")
    return value


def _boolean(options: Options, name: str, *, default: bool) -> bool:
    value = str(options.get(name, default)).upper()
    if value not in {"TRUE", "FALSE"}:
        raise InvalidValueError(f"SQL compilation error:\ninvalid value [{value}] for parameter '{name}'")
    return value == "TRUE"
