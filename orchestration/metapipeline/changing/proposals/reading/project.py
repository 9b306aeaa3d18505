"""The text files of a repository that holds a dbt project, and what its manifest says."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestration.metapipeline.changing.proposals.yaml_edits.nodes import Address, Item, load
from orchestration.metapipeline.errors import ProposalError

FILE_BYTES_MAX = 2_000_000
_DATA = {".csv", ".parquet", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".lock", ".ipynb"}
_YAML = (".yml", ".yaml")
_FOLDERS = {
    "model-paths": ["models"],
    "test-paths": ["tests"],
    "analysis-paths": ["analyses"],
    "macro-paths": ["macros"],
    "snapshot-paths": ["snapshots"],
    "seed-paths": ["seeds"],
    "docs-paths": [],
}


@dataclass(frozen=True)
class Entry:
    """An entry of a properties file: where it is, and its data."""

    path: str
    address: Address
    data: Mapping[str, Any]


@dataclass(frozen=True)
class DbtProject:
    """A dbt project in a repository. Paths are those of the repository, with `/`.

    Args:
        files: path -> text of the tracked text files.
        manifest: of the project, parsed from these files.
        folder: of dbt_project.yml in the repository; empty for its root.
    """

    files: Mapping[str, str]
    manifest: Mapping[str, Any] = field(repr=False)
    folder: str = ""
    _read: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The data of dbt_project.yml."""
        path = self.path_of("dbt_project.yml")
        if path not in self.files:
            raise ProposalError(f"{path} is not in the repository: check the folder of the dbt project")
        return load(self.files[path]) or {}

    @property
    def name(self) -> str:
        """The name of the project, which is the package of its models."""
        return str(self.settings.get("name"))

    def path_of(self, inside: str) -> str:
        """Return the path in the repository of a path in the project."""
        return posixpath.normpath(posixpath.join(self.folder, inside.replace("\\", "/")))

    def folders(self, *keys: str) -> tuple[str, ...]:
        """Return folders by their names in dbt_project.yml, such as `model-paths`; without a name, all."""
        return tuple(
            self.path_of(str(inside)) for key in keys or _FOLDERS for inside in self.settings.get(key, _FOLDERS[key])
        )

    def under(self, folders: Iterable[str], *suffixes: str) -> list[str]:
        """List the files in some folders, sorted."""
        starts = tuple(f"{folder}/" if folder != "." else "" for folder in folders)
        return sorted(path for path in self.files if path.startswith(starts) and path.endswith(suffixes or ("",)))

    def entries(self, section: str, word: str) -> Iterator[Entry]:
        """Yield the entries of a section (`models`, `unit_tests`, ...) in the properties files that hold a word."""
        for path in self.under(self.folders(), *_YAML):
            if word not in self.files[path]:
                continue
            data = self._data(path)
            items = (data.get(section) if isinstance(data, dict) else None) or []
            for place, item in enumerate(items if isinstance(items, list) else []):
                if isinstance(item, dict):
                    named = [
                        other for other in items if isinstance(other, dict) and other.get("name") == item.get("name")
                    ]
                    key = Item("name", str(item["name"])) if len(named) == 1 and item.get("name") else place
                    yield Entry(path, (section, key), item)

    def _data(self, path: str) -> Any:
        """Return the data of a YAML file, read once."""
        if path not in self._read:
            try:
                self._read[path] = load(self.files[path])
            except ProposalError as exc:
                raise ProposalError(f"{path}: {exc}") from exc
        return self._read[path]

    def node(self, unique_id: str) -> Mapping[str, Any]:
        """Return a node of the manifest, also a disabled one.

        Raises:
            ProposalError: it is in neither section.
        """
        found = (self.manifest.get("nodes") or {}).get(unique_id)
        disabled = (self.manifest.get("disabled") or {}).get(unique_id)
        node = found or (disabled[0] if disabled else None)
        if node is None:
            raise ProposalError(f"{unique_id} is not in the manifest of the base branch")
        return dict(node)


def read_files(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Read the text files of a work tree; data, binary and very large files are left out.

    Args:
        root: of the work tree.
        paths: tracked files, without symbolic links.
    """
    texts = {}
    for path in paths:
        file = root / path
        if file.suffix.lower() in _DATA or not file.is_file() or file.stat().st_size > FILE_BYTES_MAX:
            continue
        try:
            texts[path] = file.read_bytes().decode()
        except UnicodeDecodeError:
            continue
    return texts


def ref_pattern(name: str) -> re.Pattern[str]:
    """Match a `ref` of a model, with or without a package; the rest of the call is group 1."""
    return re.compile(rf"""\bref\s*\(\s*(?:['"][^'"]*['"]\s*,\s*)?['"]{re.escape(name)}['"]([^)]*)\)""")


ANY_REF = re.compile(r"""\bref\s*\(\s*(?:['"][^'"]*['"]\s*,\s*)?['"]([^'"]+)['"]""")
