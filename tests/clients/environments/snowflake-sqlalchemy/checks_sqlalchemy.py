"""SQLAlchemy with snowflake-sqlalchemy 2: tables, reflection, transactions, and pandas over it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from snowflake.sqlalchemy import ARRAY, NUMBER, OBJECT, TIMESTAMP_LTZ, TIMESTAMP_NTZ, TIMESTAMP_TZ, VARIANT, MergeInto
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Engine,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Sequence,
    String,
    Table,
    Text,
    Time,
    create_engine,
    delete,
    func,
    insert,
    inspect,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

METADATA = MetaData()
ORDERS = Table(
    "orders",
    METADATA,
    Column("id", Integer, Sequence("order_numbers"), primary_key=True),
    Column("name", String(20), nullable=False, comment="who ordered"),
    Column("price", Numeric(12, 2)),
    Column("pieces", NUMBER(38, 0)),
    Column("anything", VARIANT),
    Column("list", ARRAY),
    Column("fields", OBJECT),
    Column("wall_clock", TIMESTAMP_NTZ),
    Column("local_time", TIMESTAMP_LTZ),
    Column("zoned", TIMESTAMP_TZ),
    Column("day", Date),
    Column("at", Time),
    Column("paid", Boolean),
    Column("weight", Float),
    Column("signature", LargeBinary),
    comment="orders of the shop",
)
ITEMS = Table(
    "items",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("order_id", Integer, ForeignKey("orders.id")),
    Column("word", Text, server_default="none"),
)


class Model(DeclarativeBase):
    """Of the classes that are tables."""


class Person(Model):
    """A table as a class."""

    __tablename__ = "people"
    id: Mapped[int] = mapped_column(Sequence("person_numbers"), primary_key=True)
    name: Mapped[str]


@pytest.fixture(scope="module")
def engine(login: dict[str, Any]) -> Iterator[Engine]:
    """An engine with the tables, and 1,000 items."""
    arguments = {name: login[name] for name in ("account", "host", "port", "protocol")}
    url = f"snowflake://{login['user']}:{login['password']}@{login['account']}/AWS/{login['schema']}"
    opened = create_engine(url, connect_args=arguments)
    METADATA.create_all(opened)
    with opened.begin() as connection:
        connection.execute(insert(ITEMS), [{"id": n, "order_id": n, "word": f"w{n}"} for n in range(1_000)])
    yield opened
    opened.dispose()


def test_values_of_every_type_come_back(engine: Engine) -> None:
    """By bind parameters; semi-structured values by PARSE_JSON."""
    noon = datetime(2024, 1, 2, 12, 0, 0, 678)  # noqa: DTZ001 - TIMESTAMP_NTZ has none
    zoned = datetime(2024, 1, 2, 12, tzinfo=UTC)
    row = {
        "id": 1,
        "name": "o'hara",
        "price": Decimal("1.25"),
        "pieces": 12_345_678_901,
        "wall_clock": noon,
        "local_time": zoned,
        "zoned": zoned,
        "day": date(2024, 1, 2),
        "at": time(1, 2, 3),
        "paid": True,
        "weight": 1.5,
        "signature": b"\x00\x01",
    }
    with engine.begin() as connection:
        connection.execute(insert(ORDERS).values(row))
        found = connection.execute(select(ORDERS).where(ORDERS.c.id == 1)).mappings().one()
        connection.execute(
            text(
                "INSERT INTO orders (id, name, anything, list, fields) "
                "SELECT 2, 'json', PARSE_JSON(:anything), PARSE_JSON(:list), PARSE_JSON(:fields)"
            ),
            {"anything": '{"a": 1}', "list": "[1, 2]", "fields": '{"x": 2}'},
        )
        query = select(ORDERS.c.anything, ORDERS.c.list, ORDERS.c.fields).where(ORDERS.c.id == 2)
        assert ({"a": 1}, [1, 2], {"x": 2}) == tuple(connection.execute(query).one())
    assert row == {name: value for name, value in found.items() if name in row}


def test_reflection_finds_tables_columns_and_keys(engine: Engine, login: dict[str, Any]) -> None:
    """`inspect(engine)`: also sequences, without those that number columns."""
    found = inspect(engine)
    assert login["schema"].lower() in found.get_schema_names()
    assert {"orders", "items"} <= set(found.get_table_names())
    assert ["order_numbers"] == [name for name in found.get_sequence_names() if "person" not in name]
    columns = {column["name"]: column for column in found.get_columns("orders")}
    assert [column.name for column in ORDERS.columns] == list(columns)
    assert "who ordered" == columns["name"]["comment"]
    assert not columns["name"]["nullable"]
    assert "VARCHAR(20)" == str(columns["name"]["type"])
    assert "DECIMAL(12, 2)" == str(columns["price"]["type"])
    assert ["id"] == found.get_pk_constraint("orders")["constrained_columns"]
    (key,) = found.get_foreign_keys("items")
    assert (["order_id"], "orders", ["id"]) == (
        key["constrained_columns"],
        key["referred_table"],
        key["referred_columns"],
    )
    assert {"text": "orders of the shop"} == found.get_table_comment("orders")
    assert [True, False] == [found.has_table(name) for name in ("orders", "nothing")]


def test_a_table_is_reflected_into_metadata(engine: Engine) -> None:
    """`MetaData.reflect`, with a view; an AUTOINCREMENT column is an identity."""
    with engine.begin() as connection:
        connection.execute(text("CREATE OR REPLACE VIEW named AS SELECT id, name FROM orders"))
    reflected = MetaData()
    reflected.reflect(engine, views=True, only=["orders", "items", "named"])
    assert ["id", "name"] == reflected.tables["named"].columns.keys()
    assert reflected.tables["items"].c.id.identity is not None
    assert "create or replace view named" in inspect(engine).get_view_definition("named").lower()


def test_statements_have_counts_and_parameters(engine: Engine) -> None:
    """IN, LIKE, LIMIT and OFFSET with bind parameters; `rowcount` of UPDATE and DELETE; MERGE."""
    query = select(ITEMS.c.id).where(ITEMS.c.id.in_([5, 6, 7]), ITEMS.c.word.like("w%"))
    source = select(literal(8).label("id"), literal("merged").label("word")).subquery("s")
    merge = MergeInto(target=ITEMS, source=source, on=ITEMS.c.id == source.c.id)
    merge.when_matched_then_update().values(word=source.c.word)
    with engine.begin() as connection:
        assert [6] == list(connection.execute(query.order_by(ITEMS.c.id.desc()).limit(1).offset(1)).scalars())
        assert 5 == connection.execute(update(ITEMS).where(ITEMS.c.id < 5).values(word="u")).rowcount
        assert 9 == connection.execute(delete(ITEMS).where(ITEMS.c.id > 990)).rowcount
        connection.execute(merge)
        assert "merged" == connection.execute(select(ITEMS.c.word).where(ITEMS.c.id == 8)).scalar()


def test_a_transaction_is_rolled_back(engine: Engine) -> None:
    """`begin()` and `rollback()`; AUTOCOMMIT as isolation level commits each statement."""
    with engine.connect() as connection:
        before = connection.execute(select(func.count()).select_from(ITEMS)).scalar()
        connection.rollback()
        transaction = connection.begin()
        connection.execute(delete(ITEMS))
        transaction.rollback()
        assert before == connection.execute(select(func.count()).select_from(ITEMS)).scalar()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE OR REPLACE TABLE committed (a INT)"))
        connection.execute(text("INSERT INTO committed VALUES (1)"))
    with engine.connect() as connection:
        assert [(1,)] == [tuple(row) for row in connection.execute(text("SELECT * FROM committed"))]


def test_objects_are_stored_and_found(engine: Engine) -> None:
    """The ORM, whose keys come from a sequence."""
    Model.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Person(name="Ada"), Person(name="Bob")])
        session.commit()
        bob = session.scalars(select(Person).where(Person.name == "Bob")).one()
        bob.name = "Eve"
        session.delete(session.get(Person, 1))
        session.commit()
        assert [(2, "Eve")] == [(each.id, each.name) for each in session.scalars(select(Person))]


def test_an_unknown_table_is_a_programming_error(engine: Engine) -> None:
    """With Snowflake's code."""
    with engine.connect() as connection, pytest.raises(ProgrammingError, match="002003"):
        connection.execute(text("SELECT * FROM nothing"))


def test_pandas_writes_and_reads(engine: Engine) -> None:
    """`to_sql` with replace and append, `read_sql`, `read_sql_table`; NULL is NaN."""
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.to_datetime(["2024-01-01", None])})
    frame.to_sql("frame", engine, index=False, if_exists="replace")
    frame.to_sql("frame", engine, index=False, if_exists="append", method="multi")
    read = pd.read_sql("SELECT * FROM frame ORDER BY a", engine)
    assert [1, 1, 2, 2] == list(read["a"])
    assert ["x", "x"] == list(read["b"].dropna())
    assert 4 == len(pd.read_sql_table("frame", engine))
