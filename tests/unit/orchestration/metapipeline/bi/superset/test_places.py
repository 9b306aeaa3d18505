from __future__ import annotations

import pytest

from orchestration.metapipeline.bi.superset.places import place_of, stored, within
from orchestration.metapipeline.bi.workspace import Place


@pytest.mark.parametrize(
    ("backend", "uri", "place"),
    [
        ("snowflake", "snowflake://me:XXX@acme/aws/dev?warehouse=w&role=r", Place("snowflake", "AWS", "DEV")),
        ("snowflake", "snowflake://me:XXX@acme/%22Aws%22", Place("snowflake", "Aws", None)),
        ("snowflake", "snowflake://me:XXX@acme", Place("snowflake", None, None)),
        ("postgresql", "postgresql+psycopg2://me:XXX@host:5432/shop", Place("postgres", "shop", None)),
        ("mysql", "mysql://me:XXX@host/shop", Place("mysql", None, "shop")),
        ("bigquery", "bigquery://project/dataset", Place("bigquery", "project", "dataset")),
        ("trino", "trino://me@host:8080/hive/sales", Place("trino", "hive", "sales")),
        ("sqlite", "sqlite:////data/x.db", Place("sqlite", None, "main")),
        ("mssql", "mssql+pymssql://me:XXX@host/shop", Place("tsql", "shop", None)),
        ("something", "something://host/a/b", Place("", None, None)),
        ("postgresql", "postgresql://[broken/x", Place("postgres", None, None)),
        (None, "", Place("", None, None)),
    ],
)
def test_a_connection_has_a_dialect_and_defaults(backend: str | None, uri: str, place: Place) -> None:
    """What the URI does not have is unknown; an unknown database is general SQL."""
    assert place == place_of(backend, uri)


def test_catalog_and_schema_of_a_dataset_precede_those_of_the_connection() -> None:
    """SQLAlchemy shows upper case names of Snowflake in lower case."""
    place = Place("snowflake", "AWS", "DEV")

    assert place == within(place, None, "")
    assert Place("snowflake", "AWS", "PROD") == within(place, None, "prod")
    assert Place("snowflake", "Other", "my schema") == within(place, "Other", "my schema")
    assert Place("postgres", None, "sales") == within(Place("postgres"), None, "sales")


@pytest.mark.parametrize(
    ("name", "expected"), [("orders", "ORDERS"), ("Orders", "Orders"), ("ORDERS", "ORDERS"), ("a b", "a b")]
)
def test_names_are_as_snowflake_stores_them(name: str, expected: str) -> None:
    """SQLAlchemy quotes every name that is not plain lower case."""
    assert expected == stored("snowflake", name)
