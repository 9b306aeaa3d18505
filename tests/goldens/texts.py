"""The files of the texts: `tests/goldens/sql/<name of the shape>.sql`.

python -m tests.goldens.texts        write them; review the difference against the page that each file names
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from unittest.mock import patch

from snowflake_components.identifiers import Identifier, QualifiedName
from tests.goldens.rendered import Place, rendered
from tests.goldens.shapes import DOCUMENTATION, FOLDER, shapes

FILES = FOLDER / "sql"
PLACE = Place(
    QualifiedName(Identifier("AWS"), Identifier("DEV"), Identifier("ANY")),
    "s3://hourglass/platform-events/landing/",
    Identifier("AWS_INTEGRATION"),
    Identifier("AWS_WRITER"),
)


def texts() -> Mapping[str, str]:
    """Return the text of each file by its name."""
    found: dict[str, list[str]] = defaultdict(list)
    with patch.dict(os.environ, clear=True):  # the documents of the project read it
        for one in rendered(PLACE):
            found[one.golden].append(one.sql)
    return {_file_name(shape.name): _text(shape.page, shape.assumed, found[shape.name]) for shape in shapes()}


def _file_name(name: str) -> str:
    return f"{name.replace(' ', '_')}.sql"


def _text(page: str, assumed: str, statements: list[str]) -> str:
    heads = [f"-- {DOCUMENTATION}{page}", *([f"-- Assumed: {assumed}"] if assumed else [])]
    return "\n".join(heads) + "\n" + "".join(f"\n{sql};\n" for sql in statements)


def main() -> None:
    """Write the files, and remove those of shapes that are gone."""
    FILES.mkdir(exist_ok=True)
    for file in FILES.glob("*.sql"):
        file.unlink()
    for name, text in texts().items():
        (FILES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
