"""Write the generated pages anew: `python -m infra.reference`."""

from __future__ import annotations

from infra.local.settings import PROJECT
from infra.reference.catalog import settings
from infra.reference.pages import example, table

found = settings()
(PROJECT / "docs" / "settings.md").write_text(table(found), encoding="utf-8")
(PROJECT / ".env.example").write_text(example(found), encoding="utf-8")
