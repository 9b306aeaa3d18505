"""The page of the server."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from tests.fakes.local_snowflake import PASSWORD


def read(server: Any, path: str, password: str = PASSWORD) -> str:
    """Return a page, as a browser with user and password reads it."""
    login = b64encode(f"hourglass:{password}".encode()).decode()
    request = Request(f"http://127.0.0.1:{server.port}{path}", headers={"Authorization": f"Basic {login}"})
    with urlopen(request) as answer:  # noqa: S310 - an address of ours
        return str(answer.read().decode())


def test_the_page_shows_statements_sessions_objects_and_files(server: Any, client: Any) -> None:
    """Texts are escaped, secrets are masked."""
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/' DIRECTORY = (ENABLE = TRUE)")
    client.bucket.write(f"{client.schema}/<a>.jsonl", {"n": 1})
    client.rows("ALTER STAGE st REFRESH")
    client.refused("SELECT '<b>', no_such_column")
    client.rows("CREATE TABLE orders AS SELECT 1 AS a UNION ALL SELECT 2")
    client.rows("CREATE VIEW seen AS SELECT a FROM orders")
    client.rows("CREATE TEMPORARY TABLE brief (a INT)")
    client.refused("SELECT 'token', 'hunter2'::INT")
    client.rows("SELECT 'token hunter2'")
    page = read(server, "/")
    name = f"AWS.{client.schema}.ST"
    assert f'<a href="/files?of={name}">{name}</a>' in page
    assert "<td class=text>SELECT &#x27;&lt;b&gt;&#x27;, no_such_column<div class=bad>SQL compilation error" in page
    assert f"<td>AWS.{client.schema}.ORDERS</td><td>table</td><td class=number>2</td>" in page
    assert f"<td>AWS.{client.schema}.SEEN</td><td>view</td>" in page
    assert "BRIEF" not in page.partition("<h2>Tables and views</h2>")[2]
    assert client.values("SELECT CURRENT_SESSION()")[0] in page
    assert "hunter2" not in page
    assert f"{client.schema}/&lt;a&gt;.jsonl" in read(server, f"/files?of={quote(name)}")


@pytest.mark.parametrize("password", ["", "wrong"])
def test_the_page_asks_for_the_password(server: Any, password: str) -> None:
    """Statements hold data."""
    with pytest.raises(HTTPError) as caught:
        read(server, "/", password)
    with caught.value as refused:
        assert (401, True) == (refused.code, "Basic" in refused.headers["WWW-Authenticate"])
