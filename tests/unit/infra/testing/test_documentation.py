"""docs/testing.md has the example, every fixture and every image, and nothing else."""

from __future__ import annotations

import re
from inspect import getmembers

from infra.local.settings import PROJECT
from infra.testing import pytest_plugin
from infra.testing.example import EXAMPLE, FIXTURES
from infra.testing.images import Images

DOCUMENTATION = (PROJECT / "docs" / "testing.md").read_text(encoding="utf-8")


def test_every_fixture_is_described_and_in_the_table() -> None:
    defined = {name for name, value in getmembers(pytest_plugin) if type(value).__name__ == "FixtureFunctionDefinition"}
    rows = re.findall(r"^\| `(\w+)` \| (?:session|function) \| (.*) \|$", DOCUMENTATION, re.MULTILINE)

    assert defined == set(FIXTURES)
    assert dict(rows) == FIXTURES


def test_every_image_is_in_the_table_with_its_default() -> None:
    rows = re.findall(r"^\| `HOURGLASS_(\w+_IMAGE)` \| `([^`]+)` \|$", DOCUMENTATION, re.MULTILINE)

    assert {name: field.default for name, field in Images.model_fields.items()} == {
        name.lower(): default for name, default in rows
    }


def test_the_example_is_shown_and_has_ten_lines() -> None:
    assert f"```python\n{EXAMPLE}```" in DOCUMENTATION
    assert 10 >= len([line for line in EXAMPLE.splitlines() if line])
