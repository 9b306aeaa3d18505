"""Where orchestration keeps files of its own on this machine: nothing in them is needed to repeat a run."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class FolderSettings(BaseSettings):
    """Read the one folder of this machine from `HOURGLASS_DATA_DIR` or `.env`."""

    model_config = SettingsConfigDict(
        env_prefix="HOURGLASS_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Path(".hourglass")

    @property
    def dbt_target(self) -> Path:
        """What dbt parsed and compiled."""
        return self.data_dir.absolute() / "dbt"

    @property
    def charts(self) -> Path:
        """Charts of the metapipeline as PNG files."""
        return self.data_dir.absolute() / "charts"
