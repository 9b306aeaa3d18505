"""Snowpark: frames that the server computes, tables that they are written to, files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from snowflake.snowpark import Row, Session, Window
from snowflake.snowpark import functions as f
from snowflake.snowpark.exceptions import SnowparkSQLException
from snowflake.snowpark.types import (
    BinaryType,
    BooleanType,
    DateType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
)


@pytest.fixture(scope="module")
def session(login: dict[str, Any]) -> Iterator[Session]:
    """A session with the table `sales` of four rows."""
    opened = Session.builder.configs(login).create()
    sales = [[1, "a", 10], [2, "b", 20], [3, "a", 30], [4, "b", 40]]
    opened.create_dataframe(sales, schema=["id", "grp", "amount"]).write.save_as_table("sales")
    yield opened
    opened.close()


def _rows(frame: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in frame.collect()]


def test_the_session_knows_where_it_is(session: Session, login: dict[str, Any]) -> None:
    """Database, schema and a statement with parameters."""
    assert ('"AWS"', f'"{login["schema"]}"') == (session.get_current_database(), session.get_current_schema())
    assert [(1, "x")] == _rows(session.sql("SELECT ? AS a, ? AS b", params=[1, "x"]))


def test_frames_have_the_values_of_their_types(session: Session) -> None:
    """`create_dataframe` with a schema, with many rows, and from pandas."""
    names = ("i", "f", "s", "b", "d", "bin")
    types = (LongType(), DoubleType(), StringType(), BooleanType(), DateType(), BinaryType())
    schema = StructType([StructField(name, kind) for name, kind in zip(names, types, strict=True)])
    values = (1, 1.5, "x", True, date(2024, 1, 1), b"ab")
    (found,) = session.create_dataframe([Row(*values)], schema=schema).collect()
    assert values == tuple(found)
    many = session.create_dataframe([[n] for n in range(3_000)], schema=["n"])
    assert [(4_498_500,)] == _rows(many.agg(f.sum("n")))
    assert [(1, "x"), (2, None)] == _rows(session.create_dataframe(pd.DataFrame({"A": [1, 2], "B": ["x", None]})))


def test_frames_are_filtered_grouped_and_joined(session: Session) -> None:
    """`filter`, `group_by`, `agg`, `sort`, `join`, windows, set operations, pivot and unpivot, NULLs."""
    sales = session.table("sales")
    grouped = sales.filter(f.col("amount") > 10).group_by("grp").agg(f.sum("amount").alias("total"), f.count("*"))
    assert [("a", 30, 1), ("b", 60, 2)] == _rows(grouped.sort("grp"))
    labels = session.create_dataframe([["a", "Alpha"]], schema=["grp", "label"])
    joined = sales.join(labels, "grp", "left").select("id", "label").sort("id")
    assert [(1, "Alpha"), (2, None), (3, "Alpha"), (4, None)] == _rows(joined)
    rank = f.row_number().over(Window.partition_by("grp").order_by(f.desc("amount")))
    assert [(1, 2), (2, 2), (3, 1), (4, 1)] == _rows(sales.select("id", rank.alias("rank")).sort("id"))
    assert (8, 4, 0) == (sales.union_all(sales).count(), sales.union(sales).count(), sales.except_(sales).count())
    pivoted = sales.select("grp", "amount").pivot("grp", ["a", "b"]).sum("amount")  # noqa: PD010 - Snowpark has no pivot_table
    assert [(40, 60)] == _rows(pivoted)
    assert [(1,), (4,), (7,)] == _rows(session.range(1, 10, 3))
    missing = session.create_dataframe([[1, None], [None, 2]], schema=["a", "b"])
    assert [(1, 0), (0, 2)] == _rows(missing.na.fill(0))


def test_tables_are_written_in_every_mode(session: Session) -> None:
    """Append, overwrite, truncate, ignore and errorifexists; transient and temporary tables; views."""
    frame = session.create_dataframe([[1]], schema=["n"])
    counts = []
    for mode in ("overwrite", "append", "ignore", "truncate", "overwrite"):
        frame.write.mode(mode).save_as_table("written")
        counts.append(session.table("written").count())
    assert [1, 2, 2, 1, 1] == counts
    with pytest.raises(SnowparkSQLException, match="already exists"):
        frame.write.mode("errorifexists").save_as_table("written")
    for kind in ("temporary", "transient"):
        frame.write.save_as_table(f"written_{kind}", table_type=kind)
    frame.create_or_replace_view("seen")
    frame.create_or_replace_temp_view("seen_briefly")
    names = ("written_temporary", "written_transient", "seen", "seen_briefly")
    assert [1, 1, 1, 1] == [session.table(name).count() for name in names]
    assert 1 == frame.cache_result().count()


def test_tables_are_updated_deleted_and_merged(session: Session) -> None:
    """The methods of Table; a MERGE from a frame without a name."""
    session.create_dataframe([[4, "b"], [5, "c"]], schema=["id", "grp"]).write.save_as_table(
        "changed", mode="overwrite"
    )
    changed = session.table("changed")
    assert 1 == changed.update({"grp": f.lit("u")}, changed["id"] == 4).rows_updated
    assert 1 == changed.delete(changed["id"] == 5).rows_deleted
    source = session.create_dataframe([[4, "m"], [6, "n"]], schema=["id", "grp"])
    merged = changed.merge(
        source,
        changed["id"] == source["id"],
        [
            f.when_matched().update({"grp": source["grp"]}),
            f.when_not_matched().insert({"id": source["id"], "grp": source["grp"]}),
        ],
    )
    assert (1, 1) == (merged.rows_inserted, merged.rows_updated)
    assert [(4, "m"), (6, "n")] == _rows(changed.sort("id"))


def test_frames_become_pandas(session: Session) -> None:
    """`to_pandas`, in batches, and `write_pandas`; a statement in the background."""
    sales = session.table("sales")
    assert [1, 2, 3, 4] == list(sales.to_pandas()["ID"])
    assert 4 == sum(len(batch) for batch in sales.to_pandas_batches())
    session.write_pandas(pd.DataFrame({"A": [1], "b c": ["x"]}), "from pandas", auto_create_table=True)
    assert [(1, "x")] == _rows(session.table('"from pandas"'))
    assert 4 == len(sales.collect_nowait().result())


def test_files_are_loaded_and_unloaded(session: Session, tmp_path: Path) -> None:
    """`session.file`, `read.csv`, `read.json`, `copy_into_table`, `copy_into_location`, `write.parquet`."""
    (tmp_path / "rows.csv").write_text("1,a\n2,b\n")
    session.sql("CREATE OR REPLACE STAGE files").collect()
    session.file.put(f"{tmp_path}/rows.csv", "@files/in", auto_compress=False)
    schema = StructType([StructField("id", IntegerType()), StructField("name", StringType())])
    rows = session.read.schema(schema).csv("@files/in/rows.csv")
    assert [(1, "a"), (2, "b")] == _rows(rows)
    rows.copy_into_table("loaded")
    assert [(1, "a"), (2, "b")] == _rows(session.table("loaded"))
    session.file.put_stream(io.BytesIO(b'{"a": 7}'), "@files/in/one.json", auto_compress=False)
    assert [("7",)] == _rows(session.read.json("@files/in/one.json").select(f.col("$1")["a"]))
    sales = session.table("sales")
    unloaded = sales.write.copy_into_location("@files/out.csv", file_format_type="csv", single=True, overwrite=True)
    assert 4 == unloaded[0].rows_unloaded
    sales.write.parquet("@files/out.parquet", single=True, overwrite=True)
    assert 4 == session.read.parquet("@files/out.parquet").count()


@pytest.mark.usefixtures("session")
def test_a_function_in_python_is_clearly_refused() -> None:
    """The server executes no code of clients."""
    with pytest.raises(SnowparkSQLException, match=r"000002.*Unsupported feature 'CREATE FUNCTION'"):
        f.udf(lambda x: x + 1, return_type=IntegerType(), input_types=[IntegerType()])
