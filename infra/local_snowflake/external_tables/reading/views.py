"""The views of an external table, from the files up to what clients read.

1. `raw."<id>"`: rows of the files with VALUE, metadata and partition columns (`scan.py`).
2. `raw."<id>_columns"`: VALUE, the metadata columns and the columns of the table.
3. `whole."<name>"`: the same under a name that a later table of this name keeps.
4. The name of the table: VALUE and the columns, because `SELECT *` returns no metadata column.
"""

from __future__ import annotations

from infra.local_snowflake.external_tables.reading.scan import partition_column
from infra.local_snowflake.language.names import quote
from infra.local_snowflake.language.statements import Column
from infra.local_snowflake.objects.registry import PENDING
from infra.local_snowflake.objects.stored import ExternalTable

METADATA_COLUMNS = ("METADATA$FILENAME", "METADATA$FILE_ROW_NUMBER")


def partitions_view_sql(table: ExternalTable) -> str:
    """Return the statement of the view that computes the partition columns, in Snowflake's dialect."""
    by_name = {column.name: column for column in table.columns}
    columns = [f"{_value(by_name[name])} AS {_partition(number)}" for number, name in enumerate(table.partition_by)]
    key = f"{quote('METADATA$FILENAME')} AS {quote('KEY')}"
    return f"CREATE VIEW {table.partitions_sql} AS SELECT {', '.join([key, *columns])} FROM {PENDING}"  # noqa: S608 - names of ours


def columns_view_sql(table: ExternalTable) -> str:
    """Return the statement of the view with the columns, in Snowflake's dialect."""
    columns = [quote("VALUE"), *(quote(name) for name in METADATA_COLUMNS)]
    for column in table.columns:
        partition = column.name in table.partition_by
        value = _partition(table.partition_by.index(column.name)) if partition else _value(column)
        columns.append(f"{value} AS {quote(column.name)}")
    listed = ",\n  ".join(columns)
    return f"CREATE VIEW {table.columns_sql} AS SELECT\n  {listed}\nFROM {table.raw_sql}"


def whole_view_sql(table: ExternalTable) -> str:
    """Return DuckDB's statement of the view with all columns under the name of the table."""
    return f"CREATE OR REPLACE VIEW {table.whole_sql} AS SELECT * FROM {table.columns_sql}"  # noqa: S608 - names of ours


def public_view_sql(table: ExternalTable) -> str:
    """Return DuckDB's statement of the view that clients read."""
    columns = ", ".join(map(quote, public_columns(table)))
    return f"CREATE OR REPLACE VIEW {table.name.sql} AS SELECT {columns} FROM {table.whole_sql}"  # noqa: S608 - quoted names


def public_columns(table: ExternalTable) -> list[str]:
    """Return the columns of `SELECT *`."""
    return ["VALUE", *(column.name for column in table.columns)]


def _partition(number: int) -> str:
    """Return a partition column in upper case: a statement with a name in lower case is checked for its spelling."""
    return quote(partition_column(number).upper())


def _value(column: Column) -> str:
    return f"CAST({column.expression} AS {column.type_sql})" if column.type_sql else f"({column.expression})"
