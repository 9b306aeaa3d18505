"""The pages of the settings are those of the code, and complete."""

from __future__ import annotations

import re

import pytest

from infra.local.settings import PROJECT
from infra.reference.catalog import Setting, settings
from infra.reference.pages import example, table

NOT_SETTINGS = {
    "HOURGLASS_CONTAINERS",
    "HOURGLASS_FAULT_ROUNDS",
    "HOURGLASS_RANDOM_DOCUMENTS",
    "HOURGLASS_DAGSTER_IMAGE",
    "HOURGLASS_KAFKA_IMAGE",
    "HOURGLASS_LANDING_JOB_IMAGE",
    "HOURGLASS_LOCAL_SNOWFLAKE_IMAGE",
    "HOURGLASS_OBJECT_STORE_IMAGE",
    "HOURGLASS_POSTGRES_IMAGE",
    "HOURGLASS_TEST_SEED",
}
"""Variables of the tests and of their containers."""
OTHERS = (
    "infra/dagster/dagster.yaml",
    "infra/docker/dagster/entrypoint.sh",
    "infra/docker/landing-job/entrypoint.sh",
    "infra/kubernetes/validate.py",
    "infra/managed_flink/main.py",
    "orchestration/dbt/profiles.yml",
)
"""Files that read variables by themselves."""


@pytest.fixture(scope="module")
def found() -> list[Setting]:
    return settings()


def by_name(found: list[Setting], variable: str) -> Setting:
    (one,) = [one for one in found if one.variable == variable]
    return one


@pytest.mark.parametrize(("file", "page"), [("docs/settings.md", table), (".env.example", example)])
def test_a_page_is_what_the_classes_say(found: list[Setting], file: str, page: object) -> None:
    """Run `python -m infra.reference` after a change of a setting."""
    assert callable(page)
    assert page(found) == (PROJECT / file).read_text(encoding="utf-8")


def test_every_setting_has_a_meaning_and_a_user(found: list[Setting]) -> None:
    """A row without one of them helps nobody."""
    assert [] == [one.variable for one in found if not one.meaning or not one.used_by]


def test_every_setting_that_the_documents_name_exists(found: list[Setting]) -> None:
    """A variable that is written in a text and read by nothing is a mistake of the text."""
    known = {one.variable for one in found} | NOT_SETTINGS
    texts = [PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")]
    named = {name for text in texts for name in re.findall(r"\bHOURGLASS_[A-Z0-9_]*[A-Z0-9]\b", text.read_text())}
    others = "".join((PROJECT / file).read_text() for file in OTHERS)
    assert set() == {name for name in named - known if name not in others}


def test_the_defaults_of_other_programs_are_named(found: list[Setting]) -> None:
    """The document of the stream has the default of production, the local stack another one."""
    grace = by_name(found, "HOURGLASS_GRACE_SECONDS")
    assert ("30", "seconds", (("local stack", "10"),)) == (grace.default, grace.unit, grace.other_defaults)


def test_a_secret_has_no_value_in_the_example(found: list[Setting]) -> None:
    """Neither a password nor a token, also where the local stack has one."""
    assert by_name(found, "HOURGLASS_S3_SECRET_ACCESS_KEY").is_secret
    assert "#HOURGLASS_S3_SECRET_ACCESS_KEY=\n" in example(found)
    assert "hourglass-local-secret" not in example(found)
