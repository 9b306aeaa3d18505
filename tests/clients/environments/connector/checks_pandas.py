"""pandas over Snowflake's connector: `write_pandas`, and frames from results."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from snowflake.connector.errors import ProgrammingError
from snowflake.connector.pandas_tools import write_pandas


def _frame(rows: int) -> pd.DataFrame:
    """Return a frame with a column for each usual type."""
    return pd.DataFrame(
        {
            "ID": range(rows),
            "NAME": [f"n{number}" for number in range(rows)],
            "PRICE": [number * 1.5 for number in range(rows)],
            "AT": pd.date_range("2024-01-01", periods=rows),
            "PAID": [True] * rows,
        }
    )


def _count(cursor: Any, table: str) -> int:
    return int(cursor.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])  # noqa: S608 - a name of ours


def test_a_frame_creates_its_table(connection: Any, cursor: Any) -> None:
    """`auto_create_table`, appended, overwritten with and without its definition, in chunks."""
    counts = []
    for rows, options in (
        (3, {"auto_create_table": True}),
        (2, {}),
        (4, {"overwrite": True}),
        (1_000, {"overwrite": True, "auto_create_table": True, "chunk_size": 300}),
    ):
        succeeded, chunks, written, _ = write_pandas(connection, _frame(rows), "CREATED", **options)
        counts.append((succeeded, chunks, written, _count(cursor, "CREATED")))
    assert [(True, 1, 3, 3), (True, 1, 2, 5), (True, 1, 4, 4), (True, 4, 1_000, 1_000)] == counts
    types = [row[1] for row in cursor.execute("DESC TABLE created").fetchall()]
    assert ["NUMBER(38,0)", "VARCHAR(16777216)", "FLOAT", "TIMESTAMP_NTZ(9)", "BOOLEAN"] == types


def test_names_are_quoted_or_folded(connection: Any, cursor: Any) -> None:
    """Names with blanks and quotes as they stand; `quote_identifiers=False` folds them."""
    write_pandas(connection, pd.DataFrame({"my col": [1], "low": ["x"], 'q"q': [2]}), "a table", auto_create_table=True)
    assert (1, "x", 2) == tuple(cursor.execute('SELECT "my col", "low", "q""q" FROM "a table"').fetchone())
    frame = pd.DataFrame({"a": [1], "b": ["x"]})
    write_pandas(connection, frame, "folded", auto_create_table=True, quote_identifiers=False)
    assert (1, "x") == tuple(cursor.execute("SELECT A, B FROM FOLDED").fetchone())


def test_a_table_is_temporary(connection: Any, cursor: Any) -> None:
    """`table_type`."""
    write_pandas(connection, _frame(3), "BRIEF", auto_create_table=True, table_type="temp")
    assert 3 == _count(cursor, "BRIEF")
    assert "TEMPORARY" == cursor.execute("SHOW TABLES LIKE 'BRIEF'").fetchone()[4]


def test_missing_values_and_semi_structured_ones_arrive(connection: Any, cursor: Any) -> None:
    """None, NaN, decimals and dates; dictionaries and lists into VARIANT and ARRAY."""
    frame = pd.DataFrame(
        {"A": [1, None], "B": [None, "x"], "D": [Decimal("1.25"), None], "E": [date(2024, 1, 1), None]}
    )
    write_pandas(connection, frame, "MISSING", auto_create_table=True)
    found = [tuple(row) for row in cursor.execute("SELECT * FROM missing ORDER BY A").fetchall()]
    assert [(1.0, None, Decimal("1.25"), date(2024, 1, 1)), (None, "x", None, None)] == found
    cursor.execute("CREATE OR REPLACE TABLE structured (id INT, v VARIANT, l ARRAY)")
    write_pandas(connection, pd.DataFrame({"ID": [1], "V": [{"a": 1}], "L": [[1, 2]]}), "STRUCTURED")
    assert (1, 2) == tuple(cursor.execute("SELECT v:a::INT, l[1]::INT FROM structured").fetchone())


def test_a_column_that_the_table_lacks_is_refused(connection: Any) -> None:
    """With Snowflake's code of an invalid identifier."""
    write_pandas(connection, _frame(1), "NARROW", auto_create_table=True)
    with pytest.raises(ProgrammingError, match="000904"):
        write_pandas(connection, pd.DataFrame({"UNKNOWN": [1]}), "NARROW")


def test_results_are_frames(cursor: Any) -> None:
    """`fetch_pandas_all`, `fetch_pandas_batches`, `fetch_arrow_all`, `get_result_batches`; also of no row."""
    query = "SELECT SEQ4() AS n, 'text ' || SEQ4() AS t FROM TABLE(GENERATOR(ROWCOUNT => 100000))"
    frame = cursor.execute(query).fetch_pandas_all()
    assert (100_000, 2, 4_999_950_000) == (*frame.shape, int(frame["N"].sum()))
    assert 100_000 == sum(len(batch) for batch in cursor.execute(query).fetch_pandas_batches())
    assert 100_000 == cursor.execute(query).fetch_arrow_all().num_rows
    cursor.execute(query)
    assert 100_000 == sum(len(list(batch)) for batch in cursor.get_result_batches())
    assert (0, 2) == cursor.execute("SELECT 1 AS a, 'x' AS b WHERE FALSE").fetch_pandas_all().shape
