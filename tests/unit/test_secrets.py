"""No secret is printed with the object that holds it, and none gets into an image."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from infra.local.settings import PROJECT

FOLDERS = ("flink_jobs", "producers", "orchestration", "snowflake_components", "infra")
CANARY = "canary-of-every-setting"
SECRET = re.compile(r"(^|_)(password|secret|token|passphrase|private_key)$")
NAMES_OF_THINGS = {
    "LeaseRecord.token",  # names the holder of a lease, and opens nothing
    "Row.token",  # Mode names its reports and spaces so
    "ReportRow.space_token",
    "DiscoveredReport.space_token",
    "ReportStats.token",
    "Setting.is_secret",  # says of a variable that it is one
    "Credentials.token",  # the public half of the simulated Mode's key
}


def fields() -> Iterator[tuple[Path, str, ast.AnnAssign]]:
    """Return every annotated field of a class of the product, with file and class."""
    for folder in FOLDERS:
        for file in sorted((PROJECT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    yield from ((file, node.name, field) for field in node.body if isinstance(field, ast.AnnAssign))


def test_a_field_with_the_name_of_a_secret_is_masked() -> None:
    """It is a `SecretStr`, or left out of `repr`."""
    named = {f"{name}.{ast.unparse(field.target)}": ast.unparse(field) for _, name, field in fields()}
    found = {name: text for name, text in named.items() if SECRET.search(name.rpartition(".")[2])}
    assert NAMES_OF_THINGS <= found.keys()
    masked = {name for name, text in found.items() if "SecretStr" in text or "repr=False" in text}
    assert NAMES_OF_THINGS == found.keys() - masked


def models() -> dict[str, type[BaseModel]]:
    """Return every model of pydantic that has a `SecretStr`, by its name."""
    named = {(file, name) for file, name, field in fields() if "SecretStr" in ast.unparse(field.annotation)}
    modules = {name: ".".join(file.relative_to(PROJECT).with_suffix("").parts) for file, name in named}
    classes = {name: getattr(importlib.import_module(module), name) for name, module in modules.items()}
    return {name: one for name, one in classes.items() if issubclass(one, BaseModel)}


def test_no_settings_print_their_secrets() -> None:
    """Neither `repr`, `str` nor JSON has the marked secret, of any settings, with their inherited fields."""
    found = models()
    assert {"S3Access", "KafkaAccess", "SnowflakeSettings", "LocalSettings"} <= found.keys()
    for name, model in found.items():
        secrets = [field for field, info in model.model_fields.items() if "SecretStr" in str(info.annotation)]
        values: dict[str, Any] = dict.fromkeys(secrets, SecretStr(CANARY))
        made = model.model_construct(**values)
        assert secrets, name
        assert CANARY not in f"{made!r} {made} {made.model_dump_json(include=set(secrets))}", name


@pytest.mark.parametrize(
    "file", sorted((PROJECT / "infra" / "docker").rglob("Dockerfile*")), ids=lambda file: file.parent.name
)
def test_no_image_is_built_with_a_secret(file: Path) -> None:
    """An argument or a variable of a build stays in the image's layers and history."""
    text = file.read_text(encoding="utf-8")
    names = re.findall(r"^(?:ARG|ENV)\s+(\w+)|\s(\w+)=\S+(?=[^\n]*$)", text, re.MULTILINE)
    assert [] == [name for pair in names for name in pair if SECRET.search(name.lower())]


def test_no_local_file_of_settings_gets_into_an_image() -> None:
    """The build context is a list of what images need, and a `.env` is not in it."""
    lines = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if line and not line.startswith("#")]
    assert entries[0] == "*"
    assert [] == [line for line in entries if line.startswith("!") and "env" in line]
