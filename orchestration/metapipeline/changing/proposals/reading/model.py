"""The places of one model in a dbt project: its file, its YAML, its tests, its docs, its folder's configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from orchestration.metapipeline.changing.proposals.reading.project import ANY_REF, DbtProject, Entry, ref_pattern
from orchestration.metapipeline.changing.proposals.yaml_edits.nodes import Address, Item
from orchestration.metapipeline.errors import ProposalError

_CONFIG_SECTIONS = ("models", "data_tests", "tests", "unit_tests")
_DOC_CALL = re.compile(r"""\bdoc\s*\(\s*(?:['"][^'"]*['"]\s*,\s*)?['"]([^'"]+)['"]\s*\)""")
_DOCS_BLOCK = re.compile(r"\{%-?\s*docs\s+(\w+)\s*-?%\}.*?\{%-?\s*enddocs\s*-?%\}[ \t]*\r?\n?", re.DOTALL)


@dataclass(frozen=True)
class Model:
    """A model of the project at the root of a manifest.

    Args:
        project: that holds it.
        unique_id: of dbt.
    """

    project: DbtProject
    unique_id: str

    @cached_property
    def node(self) -> Mapping[str, Any]:
        """The model in the manifest."""
        return self.project.node(self.unique_id)

    @property
    def name(self) -> str:
        """Its name, without a version."""
        return str(self.node["name"])

    @property
    def version(self) -> str:
        """Its version; empty for a model without versions."""
        version = self.node.get("version")
        return "" if version is None else str(version)

    @property
    def path(self) -> str:
        """Its file in the repository."""
        return self.project.path_of(str(self.node["original_file_path"]))

    @cached_property
    def entry(self) -> Entry | None:
        """Its entry in YAML, that of all versions; None when it has none.

        Raises:
            ProposalError: it has two.
        """
        found = [entry for entry in self.project.entries("models", self.name) if entry.data.get("name") == self.name]
        if len(found) > 1:
            raise ProposalError(f"{self.name} has an entry in {found[0].path} and one in {found[1].path}: merge them")
        return found[0] if found else None

    @property
    def other_versions(self) -> tuple[str, ...]:
        """The other versions of the model."""
        versions = (self.entry.data.get("versions") or ()) if self.entry and self.version else ()
        return tuple(str(item.get("v")) for item in versions if str(item.get("v")) != self.version)

    @property
    def address(self) -> tuple[str, Address] | None:
        """The file and the address of the entry of this version; None without an entry."""
        if self.entry is None:
            return None
        own = ("versions", Item("v", self.version)) if self.version else ()
        return self.entry.path, (*self.entry.address, *own)

    @property
    def properties(self) -> Mapping[str, Any]:
        """The data at `address`."""
        if self.entry is None or not self.version:
            return self.entry.data if self.entry else {}
        items = [item for item in self.entry.data.get("versions") or () if str(item.get("v")) == self.version]
        return items[0] if items else {}

    def unit_tests(self) -> Iterator[Entry]:
        """Yield the unit tests of the model."""
        for entry in self.project.entries("unit_tests", self.name):
            if entry.data.get("model") == self.name:
                yield entry

    def singular_tests(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the files of the singular tests that read the model, and the names of what else each reads."""
        pattern = ref_pattern(self.name)
        for path in self.project.under(self.project.folders("test-paths"), ".sql"):
            text = self.project.files[path]
            if pattern.search(text) and not re.search(r"\{%-?\s*(?:test|macro)\b", text):
                others = set(ANY_REF.findall(text)) - {self.name}
                sources = {"a source"} if re.search(r"\bsource\s*\(", text) else set()
                yield path, tuple(sorted(others | sources))

    def foreign_tests(self) -> Iterator[Entry]:
        """Yield the generic tests on other nodes that name the model, such as `relationships`."""
        pattern = ref_pattern(self.name)
        for section in ("models", "seeds", "snapshots", "sources"):
            for entry in self.project.entries(section, self.name):
                if section != "models" or entry.data.get("name") != self.name:
                    for address in _tests_naming(entry.data, entry.address, pattern):
                        yield Entry(entry.path, address, entry.data)

    def own_docs(self) -> Iterator[tuple[str, str, str]]:
        """Yield (path, passage, name) of the docs blocks that only the entry of the model uses."""
        if self.entry is None or self.other_versions:
            return
        used = set(_DOC_CALL.findall(_text_of(self.entry.data)))
        for name in sorted(used):
            calls = sum(_DOC_CALL.findall(text).count(name) for text in self.project.files.values() if name in text)
            own = _DOC_CALL.findall(_text_of(self.entry.data)).count(name)
            blocks = [
                (path, found[0])
                for path in self.project.under(self.project.folders(), ".md")
                for found in _DOCS_BLOCK.finditer(self.project.files[path])
                if found[1] == name
            ]
            if calls == own and len(blocks) == 1:
                yield (*blocks[0], name)

    def unused_configs(self) -> Iterator[Address]:
        """Yield the addresses in dbt_project.yml that configure nothing once the model is gone."""
        gone = tuple(self.node.get("fqn") or ())
        others = [fqn for node_id, fqn in _fqns(self.project.manifest) if node_id != self.unique_id]
        for section in _CONFIG_SECTIONS:
            found = [
                path
                for path in _config_paths(self.project.settings.get(section) or {}, ())
                if len(path) > 1 and gone[: len(path)] == path and not any(fqn[: len(path)] == path for fqn in others)
            ]
            shortest = [
                path for path in found if not any(path[: len(other)] == other for other in found if other != path)
            ]
            yield from ((section, *path) for path in shortest)


def _tests_naming(data: Any, address: Address, pattern: re.Pattern[str]) -> Iterator[Address]:
    """Yield the addresses of tests that hold a `ref`, the last of a list first."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key in ("data_tests", "tests") and isinstance(value, list):
                yield from (
                    (*address, key, place)
                    for place in reversed(range(len(value)))
                    if pattern.search(_text_of(value[place]))
                )
            else:
                yield from _tests_naming(value, (*address, key), pattern)
    elif isinstance(data, list):
        for place in reversed(range(len(data))):
            yield from _tests_naming(data[place], (*address, place), pattern)


def _text_of(data: Any) -> str:
    if isinstance(data, dict):
        return "\n".join(f"{key}\n{_text_of(value)}" for key, value in data.items())
    if isinstance(data, list):
        return "\n".join(map(_text_of, data))
    return str(data)


def _fqns(manifest: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node_id, node in (manifest.get("nodes") or {}).items():
        if node.get("resource_type") == "model":
            yield node_id, tuple(node.get("fqn") or ())
    for node_id, nodes in (manifest.get("disabled") or {}).items():
        for node in nodes:
            if node.get("resource_type") == "model":
                yield node_id, tuple(node.get("fqn") or ())


def _config_paths(data: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the paths of folders and models in a section of dbt_project.yml, not of their settings."""
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        if isinstance(value, dict) and not str(key).startswith("+"):
            yield (*path, str(key))
            yield from _config_paths(value, (*path, str(key)))
