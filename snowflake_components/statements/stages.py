"""The statements about stages.

Every statement has the full name of its object and can be sent twice: CREATE has IF NOT EXISTS and replaces nothing,
a refresh registers the present files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from snowflake_components.identifiers import (
    Identifier,
    OptionValue,
    QualifiedName,
    option,
    require_relative_directory,
)
from snowflake_components.statements.kinds import ObjectType


@dataclass(frozen=True, slots=True)
class CreateStage:
    """Create an external stage that does not exist.

    REFRESH_ON_CREATE is always FALSE: a separate refresh returns its files, and CREATE does not.
    """

    name: QualifiedName
    url: str
    storage_integration: Identifier | None = None
    directory_auto_refresh: bool | None = None
    file_format: Mapping[str, OptionValue] | None = None
    comment: str | None = None

    @property
    def object_type(self) -> ObjectType:
        """A stage."""
        return ObjectType.STAGE

    @property
    def fields(self) -> Mapping[str, str]:
        """The clauses in their order."""
        integration, formats = self.storage_integration, self.file_format
        return {
            "url": option("URL", self.url),
            "storage_integration": option("STORAGE_INTEGRATION", integration) if integration else "",
            "directory": self._directory(),
            "file_format": option("FILE_FORMAT", formats) if formats else "",
            "comment": option("COMMENT", self.comment) if self.comment else "",
        }

    @property
    def column_clauses(self) -> Mapping[str, str]:
        """A stage has no columns."""
        return {}

    @property
    def shown(self) -> Mapping[str, str]:
        """URL, integration and whether there is a directory table."""
        integration = self.storage_integration.name if self.storage_integration else ""
        directory = "N" if self.directory_auto_refresh is None else "Y"
        return {"url": self.url, "storage_integration": integration, "directory": directory}

    @property
    def sql(self) -> str:
        """One clause per line."""
        head = f"CREATE STAGE IF NOT EXISTS {self.name.sql}"
        return "\n  ".join([head, *(clause for clause in self.fields.values() if clause)])

    def with_comment(self, comment: str) -> Self:
        """Return the stage with another comment."""
        return replace(self, comment=comment)

    def _directory(self) -> str:
        if self.directory_auto_refresh is None:
            return ""
        return option(
            "DIRECTORY", {"ENABLE": True, "AUTO_REFRESH": self.directory_auto_refresh, "REFRESH_ON_CREATE": False}
        )


@dataclass(frozen=True, slots=True)
class RefreshStage:
    """Refresh the directory table of a stage, all of it or one directory.

    Args:
        name: the stage.
        path: relative to the stage's URL, with a slash at its end; None lists everything.
    """

    name: QualifiedName
    path: str | None = None

    @property
    def sql(self) -> str:
        """Returns one row per changed file."""
        refresh = f"ALTER STAGE {self.name.sql} REFRESH"
        if self.path is None:
            return refresh
        return f"{refresh} {option('SUBPATH', require_relative_directory(self.path))}"
