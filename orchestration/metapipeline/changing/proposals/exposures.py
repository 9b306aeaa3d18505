"""The exposures of a dbt project that describe the BI reports of the platform graph.

One file is ours. An entry of it with `hourglass_report` in its meta is written from the graph; every other entry, and
every other file, belongs to people: it is preserved, and a report that it covers gets no second exposure.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote, urlsplit

from orchestration.metapipeline.changing.proposals.reading.project import DbtProject
from orchestration.metapipeline.changing.proposals.steps import Plan, PlanKind, WriteFile, preconditions
from orchestration.metapipeline.changing.proposals.yaml_edits.appending import append_item
from orchestration.metapipeline.changing.proposals.yaml_edits.nodes import Item, load
from orchestration.metapipeline.changing.proposals.yaml_edits.text import remove
from orchestration.metapipeline.errors import ProposalError
from orchestration.metapipeline.graph.nodes import Node, NodeKind, PlatformGraph
from orchestration.metapipeline.text import one_line

MARK = "hourglass_report"
NAME_CHARACTERS_MAX = 60
HEADER = f"""\
# Written by Hourglass from the reports of the BI tools; changes come by pull request.
# To own an exposure yourself, remove `{MARK}` from its meta: it is not changed any more.
version: 2

exposures:
"""


@dataclass(frozen=True, slots=True)
class Exposure:
    """One exposure.

    Args:
        name: letters, digits and underscores.
        report: id of the node.
        label: name of the report.
        url: of the report; empty for none.
        owner: name or address.
        depends_on: calls of `ref`, `source` and `metric`, sorted.
    """

    name: str
    report: str
    label: str
    url: str
    owner: str
    depends_on: tuple[str, ...]

    def rows(self) -> list[str]:
        """Return its lines in YAML, as dbt 1.10 and later want them."""
        owner = "email" if re.fullmatch(r"[^@\s]+@[^@\s]+", self.owner) else "name"
        return [
            f"- name: {self.name}",
            f"  label: {_string(self.label)}",
            "  type: dashboard",
            *([f"  url: {_string(self.url)}"] if self.url else []),
            "  owner:",
            f"    {owner}: {_string(self.owner or 'nobody')}",
            "  config:",
            "    meta:",
            f"      {MARK}: {_string(self.report)}",
            "  depends_on:",
            *(f"    - {call}" for call in self.depends_on),
        ]


def exposures_plan(project: DbtProject, graph: PlatformGraph, path: str, as_of: date) -> Plan | None:
    """Plan the update of our exposures; None when nothing differs.

    Args:
        project: base branch.
        graph: with the reports. Of a report are used: `name`, `owners`, and the facts `url` and `archived`.
        path: of our file, from the folder of the project.
        as_of: day of the plan.

    Raises:
        ProposalError: the graph has no report although the file has entries, or the file cannot be changed.
    """
    path = project.path_of(path)
    before = project.files.get(path, "")
    entries = _entries(path, before)
    ours = {str(_mark(entry)): entry for entry in entries if _mark(entry)}
    wanted = _wanted(project, graph, path, entries)
    if ours and not graph.of_kind(NodeKind.REPORT):
        raise ProposalError(f"the graph has no report, but {path} has {len(ours)} of them: read the BI tools first")
    after = _updated(before, ours, wanted)
    if after == before:
        return None
    steps = (WriteFile(path, after),)
    return Plan(
        kind=PlanKind.EXPOSURES,
        subject=path,
        name=project.name,
        reason=f"{len(wanted)} reports read models of this project",
        steps=steps,
        files=preconditions(project.files, steps),
        as_of=as_of,
        evidence=tuple(_differences(ours, wanted)),
    )


def _wanted(
    project: DbtProject, graph: PlatformGraph, path: str, entries: Sequence[Mapping[str, Any]]
) -> dict[str, Exposure]:
    """Return the exposures that the graph wants, by report."""
    foreign = _hand_written(project, path, entries)
    urls = {_comparable(str(other.get("url") or "")) for other in foreign} - {""}
    names = {str(other.get("name")) for other in foreign}
    labels = {str(other.get("label") or "").casefold() for other in foreign} - {""}
    kept = {str(_mark(entry)): str(entry.get("name")) for entry in entries if _mark(entry)}
    taken = names | set(kept.values())
    wanted: dict[str, Exposure] = {}
    for report in (graph.by_id[report] for report in graph.of_kind(NodeKind.REPORT)):
        calls = tuple(sorted(set(_calls(project.manifest, project.name, _read_by(graph, report.id)))))
        covered = _comparable(_url(report)) in urls or _slug(report.name) in names or report.name.casefold() in labels
        if not calls or covered or report.facts.get("archived"):
            continue
        name = kept.get(report.id) or _free_name(report, taken)
        taken.add(name)
        owner = next(iter(report.owners), "")
        wanted[report.id] = Exposure(name, report.id, _shown(report.name) or name, _url(report), _shown(owner), calls)
    return wanted


def _updated(before: str, ours: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, Exposure]) -> str:
    """Return the file with changed, new and without obsolete entries; an unchanged entry keeps its lines."""
    if not before.strip():
        body = "\n".join(f"  {row}" for report in _by_name(wanted) for row in [*wanted[report].rows(), ""])
        return HEADER + re.sub(r"(?m)^ +$", "", body) if wanted else before
    text = before
    data = {report: load("\n".join(exposure.rows()))[0] for report, exposure in wanted.items()}
    for report, entry in ours.items():
        if data.get(report) != entry:
            text = remove(text, ("exposures", Item("name", str(entry["name"]))))
    if not text.strip():
        text = HEADER.removesuffix("exposures:\n")
    for report in _by_name(wanted):
        if ours.get(report) != data[report]:
            text = append_item(text, "exposures", wanted[report].rows())
    return text


def _by_name(wanted: Mapping[str, Exposure]) -> list[str]:
    return sorted(wanted, key=lambda report: wanted[report].name)


def _differences(ours: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, Exposure]) -> Iterator[str]:
    for report, exposure in sorted(wanted.items()):
        if report not in ours:
            yield f"new: {exposure.label} reads {', '.join(exposure.depends_on)}"
        elif load("\n".join(exposure.rows()))[0] != ours[report]:
            yield f"changed: {exposure.label} reads {', '.join(exposure.depends_on)}"
    for report in sorted(set(ours) - set(wanted)):
        yield f"gone: {ours[report].get('label')}, which is archived, deleted, or reads no model of this project"


def _read_by(graph: PlatformGraph, report: str) -> set[str]:
    """Return what a report reads, directly or through its queries."""
    found: set[str] = set()
    queue = [report]
    while queue:
        for other in graph.reads.get(queue.pop(), ()):
            if other not in found:
                found.add(other)
                if graph.by_id[other].kind is NodeKind.QUERY:
                    queue.append(other)
    return found


def _calls(manifest: Mapping[str, Any], project: str, read: set[str]) -> Iterator[str]:
    """Yield the calls that name nodes of this manifest; others have no name in this project."""
    for unique_id in read:
        node = (manifest.get("nodes") or {}).get(unique_id)
        if node and node.get("resource_type") in ("model", "seed", "snapshot"):
            package = "" if node["package_name"] == project else f"'{node['package_name']}', "
            version = node.get("version")
            pinned = "" if version is None else f", v={version if isinstance(version, int | float) else repr(version)}"
            yield f"ref({package}'{node['name']}'{pinned})"
        elif source := (manifest.get("sources") or {}).get(unique_id):
            yield f"source('{source['source_name']}', '{source['name']}')"
        elif metric := (manifest.get("metrics") or {}).get(unique_id):
            yield f"metric('{metric['name']}')"


def _hand_written(project: DbtProject, path: str, entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    disabled = [
        node
        for unique_id, nodes in (project.manifest.get("disabled") or {}).items()
        if unique_id.startswith("exposure.")
        for node in nodes
    ]
    enabled = (project.manifest.get("exposures") or {}).values()
    elsewhere = [
        other for other in [*enabled, *disabled] if project.path_of(str(other.get("original_file_path"))) != path
    ]
    return [*elsewhere, *(entry for entry in entries if not _mark(entry))]


def _entries(path: str, text: str) -> list[Mapping[str, Any]]:
    try:
        data = load(text) if text.strip() else {}
    except ProposalError as exc:
        raise ProposalError(f"{path}: {exc}") from exc
    if data is not None and not isinstance(data, dict):
        raise ProposalError(f"{path} is no properties file of dbt")
    return [entry for entry in (data or {}).get("exposures") or () if isinstance(entry, dict)]


def _mark(entry: Mapping[str, Any]) -> Any:
    return ((entry.get("config") or {}).get("meta") or {}).get(MARK)


def _free_name(report: Node, taken: set[str]) -> str:
    slug = _slug(report.name) or "report"
    digest = hashlib.sha256(report.id.encode()).hexdigest()
    return slug if slug not in taken and _slug(report.name) else f"{slug}_{digest[:8]}"


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:NAME_CHARACTERS_MAX].rstrip("_")
    return f"report_{slug}" if slug[:1].isdigit() else slug


def _url(report: Node) -> str:
    """Return the address of a report, without what Jinja would read; empty when it is no web address."""
    url = str(report.facts.get("url") or "")
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\x00-\x1f]", url):
        return ""
    return quote(url, safe="%:/?#[]@!$&'()*+,;=~-._")


def _comparable(url: str) -> str:
    return url.rstrip("/").casefold()


def _shown(text: str) -> str:
    """Return a text in one line that dbt does not read as Jinja."""
    return re.sub(r"\{(?=[{%#])", "{ ", one_line(text))


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
