"""1,000 documents: read them, make their objects, plan again, and find one mistake."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from benchmarks.snowflake.reached import Reached
from benchmarks.snowflake.served import served
from snowflake_components.applying.account import AccountPlan, apply_plan, plan_account
from snowflake_components.applying.project import DescribedObject, read_objects
from snowflake_components.connection import SnowflakeSettings, open_session
from snowflake_components.documents.messages import DocumentError

OBJECTS, SCHEMAS, COLUMNS, PER_FILE = 1000, 5, 18, 10
READ_SECONDS_MAX, PLAN_SECONDS_MAX, STATEMENTS_MAX = 5.0, 10.0, 20
T = TypeVar("T")


def measure(folder: Path, share: float) -> list[Reached]:
    """Measure stages and external tables, half of each, in five schemas of a new server."""
    documents = folder / "documents"
    _write(documents, max(1, int(OBJECTS * share / 2)))
    described, read_seconds = _timed(lambda: read_objects(documents))
    made, make_seconds, planned, plan_seconds = _applied(folder, described)
    mistakes, seconds = _timed(lambda: _mistakes(documents))
    differ = len(planned.pending)
    return [
        Reached("read the documents", read_seconds, "s", READ_SECONDS_MAX, f"{len(described):,} documents"),
        Reached("make their objects", make_seconds, "s", None, f"{made:,} objects"),
        Reached("plan again", plan_seconds, "s", PLAN_SECONDS_MAX, f"{len(planned.objects):,} objects"),
        Reached("statements of the plan", len(planned.statements), "statements", STATEMENTS_MAX),
        Reached("objects that differ after `apply`", differ, "objects", 0),
        Reached("read them with one mistake", seconds, "s", None, f"{mistakes} named, in its file"),
    ]


def _applied(folder: Path, described: list[DescribedObject]) -> tuple[int, float, AccountPlan, float]:
    with served(folder) as server:
        settings = SnowflakeSettings(user="u", password=SecretStr("p"), host="127.0.0.1", port=server.port)
        with open_session(settings) as session:
            for number in range(SCHEMAS):
                session.execute(f"CREATE SCHEMA {_schema(number)}")
            first = plan_account(session, described)
            made, make_seconds = _timed(lambda: len(list(apply_plan(session, first.pending))))
            planned, plan_seconds = _timed(lambda: plan_account(session, described))
    return made, make_seconds, planned, plan_seconds


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    return work(), time.perf_counter() - began


def _schema(number: int) -> str:
    return f"DOCUMENTS_{number % SCHEMAS}"


def _write(folder: Path, pairs: int) -> None:
    documents = [text for number in range(pairs) for text in (_stage(number), _table(number))]
    for first in range(0, len(documents), PER_FILE):
        file = folder / f"stream_{first}" / "defs.yaml"
        file.parent.mkdir(parents=True)
        file.write_text("---\n".join(documents[first : first + PER_FILE]), encoding="utf-8")


def _head(name: str, kind: str, number: int) -> str:
    return (
        "type: snowflake_components.SnowflakeCreateOrRefreshComponent\n"
        f"attributes:\n  name: {name}_{number}\n  database_name: AWS\n"
        f"  schema_name: {_schema(number)}\n  type: {kind}\n  options:\n"
    )


def _stage(number: int) -> str:
    url = f"s3://{{{{ env('HOURGLASS_BUCKET', 'lake') }}}}/stream_{number}/landing/"
    return f'{_head("stage", "stage", number)}    url: "{url}"\n    file_format: {{type: JSON}}\n    comment: landed\n'


def _table(number: int) -> str:
    columns = "".join(
        f'      - {{name: C{column}, type: VARCHAR, as: "value:c{column}::varchar"}}\n' for column in range(COLUMNS)
    )
    return (
        f'{_head("ext", "external table", number)}    location: "@stage_{number}"\n    partition_by: HOUR\n'
        f"    columns:\n      - {{name: HOUR, type: TIMESTAMP, as: hour_of_path}}\n{columns}"
        "    file_format: {type: JSON}\n    refresh_on_create: false\n    comment: registered\n"
    )


def _mistakes(folder: Path) -> int:
    """Break one document, and return the number of mistakes that are named with its file."""
    file = max(folder.rglob("defs.yaml"))
    file.write_text(file.read_text(encoding="utf-8").replace("partition_by", "partition_on", 1), encoding="utf-8")
    try:
        read_objects(folder)
    except DocumentError as exc:
        return sum(found.file == str(file) for found in exc.mistakes)
    return 0
