"""The steps of each stage of a removal: deprecate, disable, remove; and the way back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import Any

from orchestration.metapipeline.changing.proposals.reading.lineage import blast_radius, is_kept, readers_of
from orchestration.metapipeline.changing.proposals.reading.mentions import (
    Mention,
    MentionKind,
    built_refs,
    excerpt_of,
    mentions,
    relation_mentions,
    version_mentions,
)
from orchestration.metapipeline.changing.proposals.reading.model import Model
from orchestration.metapipeline.changing.proposals.reading.project import DbtProject
from orchestration.metapipeline.changing.proposals.steps import (
    AppendWords,
    CutText,
    DeleteFile,
    Plan,
    PlanKind,
    RemoveEntry,
    RemoveWords,
    SetValue,
    Step,
    WriteFile,
    apply_steps,
    preconditions,
)
from orchestration.metapipeline.changing.proposals.yaml_edits.text import scalar_text
from orchestration.metapipeline.errors import ProposalError

NOTE = "(deprecated by Hourglass because nobody reads it)"
"""Words in the description that mark a deprecation as one of ours; plain in every style of YAML."""
PLACES_MAX = 5
_HEAD = "version: 2\n\nmodels:\n  - name: {}\n"


def removal_plan(project: DbtProject, unique_id: str, kind: PlanKind, as_of: date, grace_days: int = 30) -> Plan:
    """Plan one stage of the removal of a model, or the way back.

    A model with a reader is refused; an exposure, a metric, a hook and an analysis are readers, tests are not. Removed
    with the model are its file, its YAML entry, its unit tests, singular tests that read nothing else, generic tests on
    other nodes that compare with it (with a note), docs blocks and folder settings that nothing else uses. Refused are
    a singular test that reads something else, too, and every other place that names the model.

    Args:
        project: base branch.
        unique_id: of the model.
        kind: the stage.
        as_of: day of the plan.
        grace_days: from the day of the plan to the deprecation date.

    Raises:
        ProposalError: the stage cannot be planned; the message names the places.
    """
    model = Model(project, unique_id)
    require_changeable(model)
    _require_unread(model, kind)
    steps, notes = _STAGES[kind](model, as_of + timedelta(days=grace_days))
    if kind in (PlanKind.DISABLE, PlanKind.REMOVE):
        notes += _require_unmentioned(model)
    changed = apply_steps(project.files, steps)
    steps = tuple(step for step in steps if changed[step.path] != project.files.get(step.path))
    if not steps:
        raise ProposalError(f"{model.name} is already as the stage {kind} wants it")
    return Plan(
        kind=kind,
        subject=unique_id,
        name=model.name + (f".v{model.version}" if model.version else ""),
        reason="nobody reads it" if kind is not PlanKind.REVERT else "it was used in the grace time",
        steps=steps,
        files=preconditions(project.files, steps),
        as_of=as_of,
        notes=notes,
        blast=blast_radius(project.manifest, unique_id),
        gone=(unique_id,) if kind in (PlanKind.DISABLE, PlanKind.REMOVE) else (),
    )


def require_changeable(model: Model) -> None:
    """Refuse what is no model of the project itself, or has no text file in the repository.

    Raises:
        ProposalError: the reason.
    """
    if model.node.get("resource_type") != "model":
        raise ProposalError(f"{model.unique_id} is no model: only models are removed")
    if model.node.get("package_name") != model.project.name:
        raise ProposalError(
            f"{model.unique_id} belongs to the package {model.node.get('package_name')}: change it there"
        )
    if model.path not in model.project.files:
        raise ProposalError(f"the file {model.path} of {model.name} is no tracked text file of the repository")


def _require_unread(model: Model, kind: PlanKind) -> None:
    if kind is PlanKind.REVERT:
        return
    if is_kept(model.node):
        raise ProposalError(f"{model.name} has the tag `meta: {{hourglass: keep}}`")
    if readers := readers_of(model.project.manifest, model.unique_id):
        raise ProposalError(f"{model.name} is read by {_listed(readers)}: remove these first")


def _deprecate(model: Model, until: date) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    if model.address is None:
        path = _free_properties(model)
        text = _HEAD.format(scalar_text(model.name)) + f'    description: "{NOTE}"\n    deprecation_date: {until}\n'
        return (WriteFile(path, text),), (f"{model.name} had no entry in YAML before",)
    path, address = model.address
    described = model.properties.get("description") not in (None, "")
    note = AppendWords if described else SetValue
    return (SetValue(path, (*address, "deprecation_date"), until), note(path, (*address, "description"), NOTE)), ()


def _disable(model: Model, _: date) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    if re.search(r"\benabled\s*=", model.project.files[model.path]):
        raise ProposalError(f"{model.path} sets `enabled` itself, which wins over YAML: remove it there first")
    if model.address is None:
        path = _free_properties(model)
        text = _HEAD.format(scalar_text(model.name)) + "    config:\n      enabled: false\n"
        return (WriteFile(path, text),), ()
    path, address = model.address
    return (SetValue(path, (*address, "config", "enabled"), value=False),), ()


def _revert(model: Model, _: date) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    if model.address is None:
        raise ProposalError(f"{model.name} has no entry in YAML that could be taken back")
    path, address = model.address
    steps: list[Step] = []
    if (model.properties.get("config") or {}).get("enabled") is False:
        steps.append(RemoveEntry(path, (*address, "config", "enabled"), ""))
    if "deprecation_date" in model.properties:
        steps.append(RemoveEntry(path, (*address, "deprecation_date"), ""))
    description = str(model.properties.get("description") or "").strip()
    if description == NOTE:
        steps.append(RemoveEntry(path, (*address, "description"), ""))
    elif description.endswith(NOTE):
        steps.append(RemoveWords(path, (*address, "description"), NOTE))
    return tuple(steps), ()


def _remove(model: Model, _: date) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    if model.other_versions:
        return _remove_version(model)
    steps: list[Step] = [DeleteFile(model.path)]
    notes: list[str] = []
    for path, others in model.singular_tests():
        if others:
            raise ProposalError(f"the test {path} reads {_listed(others)}, too: change the test first")
        steps.append(DeleteFile(path))
        test = PurePosixPath(path).stem
        for section in ("data_tests", "tests"):
            steps += [
                RemoveEntry(entry.path, entry.address, test)
                for entry in model.project.entries(section, test)
                if entry.data.get("name") == test
            ]
    for entry in model.foreign_tests():
        notes.append(f"a test of {entry.data.get('name')} in {entry.path} compares with {model.name} and goes with it")
        steps.append(RemoveEntry(entry.path, entry.address, model.name))
    steps += [RemoveEntry(entry.path, entry.address, model.name) for entry in _last_first(model.unit_tests())]
    steps += [CutText(path, passage, f"the docs block {name}") for path, passage, name in model.own_docs()]
    if model.entry is not None:
        steps.append(RemoveEntry(model.entry.path, model.entry.address, model.name))
    settings = model.project.path_of("dbt_project.yml")
    steps += [RemoveEntry(settings, address, model.name) for address in model.unused_configs()]
    return tuple(steps), tuple(notes)


def _remove_version(model: Model) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    latest = model.node.get("latest_version")
    if latest is not None and str(latest) == model.version:
        raise ProposalError(
            f"v{model.version} is the latest version of {model.name}: set another `latest_version` first"
        )
    assert model.address is not None  # noqa: S101 - a model with other versions has an entry
    path, address = model.address
    return (DeleteFile(model.path), RemoveEntry(path, address, f"{model.name}_v{model.version}")), ()


_STAGES: dict[PlanKind, Callable[[Model, date], tuple[tuple[Step, ...], tuple[str, ...]]]] = {
    PlanKind.DEPRECATE: _deprecate,
    PlanKind.DISABLE: _disable,
    PlanKind.REMOVE: _remove,
    PlanKind.REVERT: _revert,
}


def _require_unmentioned(model: Model) -> tuple[str, ...]:
    """Search the repository as it is after the removal; return the comments that name the model, as notes.

    Raises:
        ProposalError: a use is left.
    """
    steps, _ = _remove(model, date.min)
    left: dict[str, str] = dict(model.project.files)
    for path, text in apply_steps(model.project.files, steps).items():
        if text is None:
            left.pop(path, None)
        else:
            left[path] = text
    if model.other_versions:
        found = version_mentions(left, model.name, model.version)
    else:
        found = mentions(left, model.name, model.project.folders())
    macros = {
        path: left[path] for path in model.project.under(model.project.folders("macro-paths"), ".sql") if path in left
    }
    alias = str(model.node.get("alias") or model.name)
    found += built_refs(macros, model.name) + (relation_mentions(left, alias) if alias != model.name else ())
    if uses := [mention for mention in found if mention.kind is MentionKind.USE]:
        raise ProposalError(f"{model.name} is named at {_places(model, uses)}: change these places first")
    return (f"comments, texts and calls that may name it are left: {_places(model, found)}",) if found else ()


def _places(model: Model, found: list[Mention] | tuple[Mention, ...]) -> str:
    """List the places with their lines on the base branch, which may differ from those after the removal."""
    places = []
    for mention in found:
        rows = [excerpt_of(row) for row in model.project.files[mention.path].splitlines()]
        line = rows.index(mention.excerpt) + 1 if mention.excerpt in rows else mention.line
        places.append(f"{mention.path}:{line}")
    return _listed(places)


def _listed(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - PLACES_MAX} more" if len(names) > PLACES_MAX else ""
    return ", ".join(names[:PLACES_MAX]) + more


def _last_first(entries: Any) -> list[Any]:
    return sorted(entries, key=lambda entry: (entry.path, str(entry.address)), reverse=True)


def _free_properties(model: Model) -> str:
    """Return the path of a new YAML file beside the model."""
    folder, stem = PurePosixPath(model.path).parent, PurePosixPath(model.path).stem
    for name in (stem, f"{stem}__tombstone"):
        if not any(str(folder / f"{name}{suffix}") in model.project.files for suffix in (".yml", ".yaml")):
            return str(folder / f"{name}.yml")
    raise ProposalError(f"{folder} has YAML files of {model.name} without an entry: add the entry by hand")
