"""Rules of Snowflake for file formats and storage integrations."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest


def option(client: Any, name: str, wanted: str) -> str:
    rows = client.rows(f"DESC FILE FORMAT {name}")
    found: str = next(row["property_value"] for row in rows if row["property"] == wanted)
    return found


def test_a_file_format_is_shown_and_described(client: Any) -> None:
    client.rows("CREATE FILE FORMAT ff TYPE = CSV SKIP_HEADER = 1 NULL_IF = ('NULL', '') COMMENT = 'c'")
    (row,) = client.rows("SHOW FILE FORMATS LIKE 'f%'")
    assert (row["name"], row["type"], row["comment"]) == ("FF", "CSV", "c")
    assert '"SKIP_HEADER":1' in row["format_options"]
    assert option(client, "ff", "NULL_IF") == '["NULL", ""]'


def test_a_file_format_is_altered_renamed_and_dropped(client: Any) -> None:
    client.rows("CREATE FILE FORMAT ff TYPE = JSON")
    client.rows("ALTER FILE FORMAT IF EXISTS ff SET COMPRESSION = BROTLI COMMENT = 'x'")
    client.rows("ALTER FILE FORMAT ff RENAME TO other")
    assert option(client, "other", "COMPRESSION") == "BROTLI"
    client.rows("DROP FILE FORMAT other")
    assert client.refused("DESC FILE FORMAT other") == (2003, "02000")


def test_the_type_of_a_file_format_cannot_be_changed(client: Any) -> None:
    client.rows("CREATE FILE FORMAT ff TYPE = JSON")
    assert client.refused("ALTER FILE FORMAT ff SET TYPE = CSV")[0] == 1420
    assert client.refused("CREATE OR ALTER FILE FORMAT ff TYPE = CSV")[0] == 1420


def test_a_temporary_file_format_belongs_to_its_session(client: Any) -> None:
    client.rows("CREATE TEMP FILE FORMAT ff TYPE = JSON")
    assert len(client.rows("SHOW FILE FORMATS")) == 1
    other = client.another()
    with closing(other.connection):
        assert other.rows("SHOW FILE FORMATS") == []


@pytest.mark.parametrize("clause", ["= 'ff'", "= ff", "= (FORMAT_NAME = 'ff')", "= (FORMAT_NAME = AWS.{0}.ff)"])
def test_a_stage_names_a_file_format_in_four_ways(client: Any, clause: str) -> None:
    client.rows("CREATE FILE FORMAT ff TYPE = JSON")
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/x/' FILE_FORMAT {clause.format(client.schema)}")
    rows = [row for row in client.rows("DESC STAGE st") if row["property"] == "FORMAT_NAME"]
    assert [row["property_value"] for row in rows] == [f"AWS.{client.schema}.FF"]


INTEGRATION = (
    "TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::1:role/r' "
    "STORAGE_ALLOWED_LOCATIONS = ('s3://hourglass/') STORAGE_BLOCKED_LOCATIONS = ('s3://hourglass/secret/')"
)


def test_an_integration_allows_its_locations_alone(client: Any) -> None:
    name = f"I_{client.schema}"
    client.rows(f"CREATE STORAGE INTEGRATION {name} {INTEGRATION}")
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/x/' STORAGE_INTEGRATION = {name}")
    for url in ("s3://other/x/", "s3://hourglass/secret/x/"):
        assert client.refused(f"CREATE STAGE s2 URL = '{url}' STORAGE_INTEGRATION = {name}") == (3167, "42601")
    assert [row["enabled"] for row in client.rows(f"SHOW INTEGRATIONS LIKE '{name}'")] == ["true"]


def test_a_disabled_or_dropped_integration_is_refused_at_use(client: Any) -> None:
    name = f"I_{client.schema}"
    client.rows(f"CREATE STORAGE INTEGRATION {name} {INTEGRATION}")
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/x/' STORAGE_INTEGRATION = {name}")
    client.rows(f"ALTER STORAGE INTEGRATION {name} SET ENABLED = FALSE")
    assert client.refused("LIST @st")[0] == 3142
    client.rows(f"DROP INTEGRATION {name}")
    assert client.refused("LIST @st")[0] == 3139


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ("STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::1:role/r' ", 2029),
        ("ENABLED = TRUE ", 2029),
        ("STORAGE_ALLOWED_LOCATIONS = ('s3://hourglass/') ", 2029),
    ],
)
def test_an_integration_needs_its_options(client: Any, changed: str, code: int) -> None:
    assert client.refused(f"CREATE STORAGE INTEGRATION incomplete {INTEGRATION.replace(changed, '')}")[0] == code
