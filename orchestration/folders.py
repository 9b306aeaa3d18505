"""Folders for files that orchestration writes on this machine; no run needs the files of an earlier run."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class FolderSettings(BaseSettings):
    """The data folder, from `HOURGLASS_DATA_DIR` in the environment or in `.env`."""

    model_config = SettingsConfigDict(
        env_prefix="HOURGLASS_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Path(".hourglass")
    """Folder for dbt's target, charts, notebooks, and what the metapipeline keeps."""

    @property
    def dbt_target(self) -> Path:
        """What dbt parses and compiles."""
        return self.data_dir.absolute() / "dbt"

    @property
    def charts(self) -> Path:
        """Charts of the metapipeline as PNG files."""
        return self.data_dir.absolute() / "charts"

    @property
    def metapipeline(self) -> Path:
        """What the metapipeline keeps between two runs, and its pages."""
        return self.data_dir.absolute() / "metapipeline"

    @property
    def notebooks(self) -> Path:
        """Executed notebooks of the metapipeline, and their data."""
        return self.data_dir.absolute() / "notebooks"
