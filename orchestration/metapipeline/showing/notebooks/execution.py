"""The meta-analysis as a Dagstermill asset.

A kernel is a process of its own. It loads the code location again to rebuild the context, so it costs what a run
process costs. `import dagstermill` takes longer than Dagster alone, and warns that it is in beta: it is imported here,
when the asset is made, and the warning ends here.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.files import replace_file

NOTEBOOK = Path(__file__).with_name("meta_analysis.ipynb")
IO_MANAGER_KEY = "output_notebook_io_manager"
"""Resource of the asset that stores the executed notebook, see `NotebookStore`."""
CONFIG = {"data": dg.Field(str, is_required=False, description="path of the data; default: that of the data folder")}


def notebook_asset(name: str = "meta_analysis", **options: Any) -> dg.AssetsDefinition:
    """Make the asset that executes the notebook.

    Args:
        name: of the asset.
        options: further arguments of `dagstermill.define_dagstermill_asset`, such as `deps` and `group_name`.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is currently in beta")
        from dagstermill import define_dagstermill_asset  # noqa: PLC0415 (see the module)

        return define_dagstermill_asset(
            name, str(NOTEBOOK), config_schema=CONFIG, io_manager_key=IO_MANAGER_KEY, **options
        )


@dataclass(frozen=True)
class NotebookStore(dg.IOManager):
    """Store executed notebooks as files, linked from their materialisations.

    Args:
        folder: gets `<asset key>.ipynb`, whole or not at all.
    """

    folder: Path

    def handle_output(self, context: dg.OutputContext, obj: bytes) -> None:
        """Write the notebook of an asset over its last one."""
        path = self._path(context.asset_key)
        replace_file(path, obj)
        context.add_output_metadata({"notebook": dg.MetadataValue.notebook(str(path))})

    def load_input(self, context: dg.InputContext) -> bytes:
        """Return the notebook of an asset."""
        return self._path(context.asset_key).read_bytes()

    def _path(self, key: dg.AssetKey) -> Path:
        return self.folder.joinpath(*key.path).with_suffix(".ipynb")
