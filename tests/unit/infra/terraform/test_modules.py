"""The Terraform modules as text: what holds without Terraform and without its providers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

import hcl2
import pytest

from flink_jobs.contracts.layout import Kind, StreamLayout
from tests.policies.documents import POLICIES, TERRAFORM, template

MODULES = sorted(path for path in (TERRAFORM / "modules").iterdir() if path.is_dir())
FOLDERS = [*MODULES, TERRAFORM / "examples" / "complete"]
STREAM = "platform-events"
DATA = {Kind.LANDING, Kind.REJECTED}


def blocks(folder: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Parse a folder; return its blocks of a kind with their last label."""
    for file in sorted(folder.glob("*.tf")):
        for block in hcl2.loads(file.read_text(encoding="utf-8")).get(kind, []):
            yield from labelled(block)


def labelled(block: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the content of a block below its labels, which python-hcl2 nests: `"aws_s3_bucket"."this"`."""
    if block.get("__is_block__"):
        yield path, block
        return
    for label, inner in block.items():
        if isinstance(inner, dict):
            yield from labelled(inner, f"{path}.{label.strip(chr(34))}".lstrip("."))


def resource(module: str, name: str) -> dict[str, Any]:
    """Return one resource of a module."""
    return dict(blocks(TERRAFORM / "modules" / module, "resource"))[name]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_variable_and_output_is_described_and_typed(folder: Path) -> None:
    for kind, needed in {"variable": {"description", "type"}, "output": {"description", "value"}}.items():
        found = dict(blocks(folder, kind))
        assert found, f"{folder.name} has no {kind}"
        assert [] == [name for name, block in found.items() if not needed <= block.keys()]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_providers_are_pinned(folder: Path) -> None:
    """A module takes one major version; the example takes one version."""
    text = (folder / "versions.tf").read_text(encoding="utf-8")
    versions = re.findall(r'^\s+version = "(.+)"', text, re.MULTILINE)
    exact = r"\d+\.\d+\.\d+" if folder.parent.name == "examples" else r"~> \d+\.\d+|>= \d+\.\d+, < \d+\.\d+"
    assert versions
    assert [] == [version for version in versions if not re.fullmatch(exact, version)]


def test_policies_are_written_in_their_templates_alone() -> None:
    """A statement in a module would not be compared with the requests."""
    for file in TERRAFORM.rglob("*.tf"):
        text = file.read_text(encoding="utf-8")
        for word in ("Statement", "aws_iam_policy_document", "managed_policy_arns", "policy_attachment", "PRIVILEGES"):
            assert word not in text, f"{file.name}: {word}"


CALL = re.compile(r'templatefile\("\$\{local\.policies\}/([^"]+)\.json\.tftpl", (\{.*?\n  \}|[^\n]+)\)', re.DOTALL)


def test_templates_get_the_values_that_they_have() -> None:
    """Terraform refuses a value that is missing only when it plans, and says nothing about one too many."""
    scope = {"bucket_arn", "key_arn", "region"}
    calls = [
        (name, values)
        for file in sorted((TERRAFORM / "modules").rglob("main.tf"))
        for name, values in CALL.findall(file.read_text(encoding="utf-8"))
    ]
    filled = set()
    for pattern, values in calls:
        given = set(re.findall(r"^\s*(\w+)\s+=", values, re.MULTILINE))
        if "local.scope" in values:
            given = scope | ({"stream"} if "stream" in values else set())
        for name in ("landing", "dagster") if "$" in pattern else (pattern,):
            filled.add(name)
            assert set(Template(template(name).read_text(encoding="utf-8")).get_identifiers()) == given, name
    assert {path.name.removesuffix(".json.tftpl") for path in POLICIES.glob("*.tftpl")} == filled


def prefixes(name: str) -> set[str]:
    """Return the prefixes of a local of the lifecycle rules, for one stream."""
    (text,) = (block[name] for _, block in blocks(TERRAFORM / "modules" / "bucket", "locals") if name in block)
    return {one.replace("${stream}", STREAM) for one in re.findall(r'"([^"]+)"', text)}


def test_no_rule_of_the_lifecycle_touches_what_proves_an_hour() -> None:
    """Rules with a filter are below data and work; the one without aborts uploads and does nothing else."""
    layout = StreamLayout(STREAM)
    touched = prefixes("landed") | prefixes("work")
    proofs = [layout.prefix(kind) for kind in Kind if kind not in DATA]
    for proof in [*proofs, layout.chain_prefix, layout.ledger_days_prefix]:
        assert [] == [prefix for prefix in touched if proof.startswith(prefix) or prefix.startswith(proof)]
    assert {layout.prefix(kind) for kind in DATA} == prefixes("landed")
    rules = resource("bucket", "aws_s3_bucket_lifecycle_configuration.this")["rule"]
    of_all = [rule for rule in rules if not rule["filter"][0].get("prefix")]
    assert [["abort_incomplete_multipart_upload", "filter", "id", "status"]] == [
        sorted(name for name in rule if not name.startswith("__")) for rule in of_all
    ]
    assert [7] == [rule["abort_incomplete_multipart_upload"][0]["days_after_initiation"] for rule in of_all]
    expiring = [rule["filter"][0]["prefix"] for rule in rules if "expiration" in rule]
    assert ['"dagster-logs/"'] == expiring


def test_topics_have_the_settings_that_the_proof_rests_on() -> None:
    config = resource("topics", "kafka_topic.this")["config"]
    found = {name.strip('"'): str(value).strip('"') for name, value in config.items() if not name.startswith("__")}
    assert {
        "message.timestamp.type": "LogAppendTime",
        "cleanup.policy": "delete",
        "retention.bytes": "-1",
        "unclean.leader.election.enable": "false",
    }.items() <= found.items()
    assert {"retention.ms", "min.insync.replicas"} <= found.keys()


def test_the_bucket_is_closed_and_keeps_versions() -> None:
    closed = resource("bucket", "aws_s3_bucket_public_access_block.this")
    names = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    assert [True] * 4 == [closed[name] for name in names]
    versioning = resource("bucket", "aws_s3_bucket_versioning.this")["versioning_configuration"]
    assert '"Enabled"' == versioning[0]["status"]
    assert "force_destroy" not in resource("bucket", "aws_s3_bucket.this")


def test_every_module_is_in_the_readme() -> None:
    text = (TERRAFORM / "README.md").read_text(encoding="utf-8")
    assert [] == [module.name for module in MODULES if f"`modules/{module.name}`" not in text]
