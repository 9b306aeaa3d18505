"""A schema of the local Snowflake to which documents are applied."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

from snowflake_components.applying.account import AccountPlan, apply_plan, plan_account
from snowflake_components.applying.project import DescribedObject, read_objects
from snowflake_components.authoring.written import written
from snowflake_components.work import Session
from tests.fakes.random_documents import STAGE, STAGE_URL, attributes

SETUP = (
    f"CREATE STAGE {STAGE} URL = '{STAGE_URL}'",
    "CREATE FILE FORMAT lines TYPE = JSON",
    "CREATE FILE FORMAT rows TYPE = CSV",
    (
        "CREATE STORAGE INTEGRATION IF NOT EXISTS second_integration TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' "
        "ENABLED = TRUE STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::1:role/r' STORAGE_ALLOWED_LOCATIONS = ('*')"
    ),
)
"""What random documents name."""


class Account:
    """A schema, and documents that are applied to it.

    Args:
        session: in the schema.
        schema: its name.
        folder: of the file with the documents.
    """

    def __init__(self, session: Session, schema: str, folder: Path) -> None:
        self.session = session
        self.schema = schema
        self.folder = folder
        self._names = count()

    def new_name(self, suffix: str) -> str:
        """Return a name that no object of the schema has, as an author writes it."""
        name = f"o{next(self._names)}{suffix}"
        return name if suffix in {"", "_", "_x", "$"} else f'"{name}"'

    def read(self, kind: str, documents: Iterable[tuple[str, dict[str, Any]]]) -> list[DescribedObject]:
        """Write a document for each name and its options, and read the folder."""
        return self.read_text(written(attributes(kind, name, self.schema, options) for name, options in documents))

    def read_text(self, text: str) -> list[DescribedObject]:
        """Write a file of documents, and read the folder."""
        (self.folder / "defs.yaml").write_text(text, encoding="utf-8")
        return read_objects(self.folder)

    def plan(self, documents: list[DescribedObject], *, deep: bool = True) -> AccountPlan:
        """Compare documents with the account, property by property."""
        return plan_account(self.session, documents, deep=deep)

    def apply(self, plan: AccountPlan) -> None:
        """Make the account what the plan says; a change by hand is left out."""
        list(apply_plan(self.session, plan.pending))

    def drop(self, documents: list[DescribedObject]) -> None:
        """Drop the objects of documents."""
        for one in documents:
            self.session.execute(f"DROP {one.spec.object_type.sql} IF EXISTS {one.spec.name.sql}")
