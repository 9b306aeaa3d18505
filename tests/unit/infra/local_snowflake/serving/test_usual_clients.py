"""What clients beside the connector of version 4 ask of the server."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from tests.fakes.local_snowflake import PASSWORD

_SECONDS_MAX = 60


class Five:
    """The requests of the connector of version 5."""

    def __init__(self, client: Any) -> None:
        self._url = f"http://127.0.0.1:{client.server.port}"
        login = {
            "LOGIN_NAME": "hourglass",
            "PASSWORD": PASSWORD,
            "CLIENT_APP_ID": "PythonConnector",
            "CLIENT_APP_VERSION": "5.2.0",
        }
        where = {"databaseName": "AWS", "schemaName": client.schema}
        answer = self._post("/session/v1/login-request", {"data": login}, params=where)
        self._headers = {"Authorization": f'Snowflake Token="{answer["data"]["token"]}"'}

    def _post(self, path: str, body: Any, **more: Any) -> Any:
        return requests.post(self._url + path, json=body, timeout=_SECONDS_MAX, **more).json()

    def execute(self, sql: str, **more: Any) -> Any:
        """Send a statement."""
        return self._post("/queries/v1/query-request", {"sqlText": sql, **more}, headers=self._headers)

    def get(self, path: str) -> requests.Response:
        """Read a path of the server."""
        return requests.get(self._url + path, headers=self._headers, timeout=_SECONDS_MAX)

    def telemetry(self) -> Any:
        """Send what the client measured."""
        return self._post("/telemetry/send", {"logs": []}, headers=self._headers)


@pytest.fixture
def five(client: Any) -> Five:
    """A session of the connector of version 5, in the schema of the test."""
    return Five(client)


def test_files_are_transferred_over_http(five: Five, client: Any) -> None:
    """A client that copies no files between folders gets the place as one of Google Cloud Storage."""
    five.execute("CREATE STAGE files")
    place = five.execute("PUT file:///tmp/a.csv @files/in")["data"]["stageInfo"]
    assert "GCS" == place["locationType"]
    url = f"{place['endPoint']}/{place['location']}a.csv"
    headers = {"Authorization": f"Bearer {place['creds']['GCS_ACCESS_TOKEN']}"}
    written = requests.put(url, data=b"1,a\n", headers=headers, timeout=_SECONDS_MAX)
    only_new = headers | {"x-goog-if-generation-match": "0"}
    again = requests.put(url, data=b"2,b\n", headers=only_new, timeout=_SECONDS_MAX)
    read = requests.get(url, headers=headers, timeout=_SECONDS_MAX)
    assert (200, 412, b"1,a\n") == (written.status_code, again.status_code, read.content)
    assert ["files/in/a.csv"] == client.values("LIST @files")
    got = five.execute("GET @files file:///tmp/")["data"]
    assert (["in/a.csv"], "GCS") == (got["src_locations"], got["stageInfo"]["locationType"])


@pytest.mark.parametrize(("key", "token", "status"), [("a.csv", "wrong", 401), ("%2e%2e/%2e%2e/AWS.db", "", 400)])
def test_a_file_is_of_a_stage_and_for_clients(five: Five, key: str, token: str, status: int) -> None:
    """Without the token of a login nothing is read, and with it nothing outside of stages."""
    five.execute("CREATE STAGE files")
    place = five.execute("PUT file:///tmp/a.csv @files")["data"]["stageInfo"]
    headers = {"Authorization": f"Bearer {token or place['creds']['GCS_ACCESS_TOKEN']}"}
    url = f"{place['endPoint']}/{place['location']}{key}"
    prepared = requests.Request("GET", url, headers=headers).prepare()
    prepared.url = url  # as it stands, with its dots
    assert status == requests.Session().send(prepared, timeout=_SECONDS_MAX).status_code


def test_the_state_of_a_statement_has_two_slashes(five: Five) -> None:
    """So asks version 5; what it measured is accepted."""
    query = five.execute("SELECT 1", asyncExec=True)["data"]["queryId"]
    assert [query] == [one["id"] for one in five.get(f"/monitoring/queries//{query}").json()["data"]["queries"]]
    assert five.telemetry()["success"]


def test_all_statements_of_a_session_are_canceled(client: Any) -> None:
    """SYSTEM$CANCEL_ALL_QUERIES; also from the session itself, for whose statement it does not wait."""
    number = client.values("SELECT CURRENT_SESSION()")[0]
    endless = "SELECT COUNT(*) FROM TABLE(GENERATOR(ROWCOUNT => 100000000)) a, TABLE(GENERATOR(ROWCOUNT => 100000)) b"
    with client.connection.cursor() as cursor:
        cursor.execute_async(endless)
        assert ["1 cancelled."] == client.values(f"SELECT SYSTEM$CANCEL_ALL_QUERIES({number})")
        end = time.monotonic() + _SECONDS_MAX
        while client.connection.is_still_running(client.connection.get_query_status(cursor.sfqid)):
            assert time.monotonic() < end
        assert "ABORTED" == client.connection.get_query_status(cursor.sfqid).name
    said = client.values("SELECT SYSTEM$CANCEL_QUERY('00000000-0000-0000-0000-000000000000')")
    assert ["Identified SQL statement is not currently executing."] == said


def test_columns_are_named_by_words_of_the_engine(client: Any) -> None:
    """AT, END, OFFSET and the like are ordinary names in Snowflake."""
    client.rows('CREATE TABLE words (at INT, offset INT, "END" INT, show INT)')
    client.rows("INSERT INTO words (at, offset, show) VALUES (1, 2, DEFAULT)")
    assert [{"at": 1, "offset": 2}] == client.rows("SELECT w.at, offset FROM words w WHERE at = 1 ORDER BY at")


def test_an_assignment_is_no_comparison(client: Any) -> None:
    """UPDATE of a number, where another table has a VARIANT of that name."""
    client.rows("CREATE TABLE other (a VARIANT)")
    client.rows("CREATE TABLE numbers AS SELECT 1 AS a")
    client.rows("UPDATE numbers SET a = 5")
    assert [5] == client.values("SELECT a FROM numbers")


def test_a_merge_from_a_query_without_a_name(client: Any) -> None:
    """As Snowpark writes it."""
    client.rows("CREATE TABLE target AS SELECT 4 AS id, 'b' AS grp")
    client.rows(
        'MERGE INTO target USING (SELECT 4 AS "r_ID", \'m\' AS "r_GRP") ON ("ID" = "r_ID") '
        'WHEN MATCHED THEN UPDATE SET "GRP" = "r_GRP" WHEN NOT MATCHED THEN INSERT ("ID") VALUES ("r_ID")'
    )
    assert [{"id": 4, "grp": "m"}] == client.rows("SELECT * FROM target")


def test_rows_are_numbered_in_the_order_of_the_generator(client: Any) -> None:
    """ROW_NUMBER() OVER (ORDER BY SEQ8()), Snowpark's range."""
    sql = "SELECT (ROW_NUMBER() OVER (ORDER BY SEQ8()) - 1) * 3 + 1 FROM (TABLE(GENERATOR(ROWCOUNT => 3)))"
    assert [1, 4, 7] == client.values(sql)


def test_text_becomes_binary(client: Any) -> None:
    """Hexadecimal digits, unless a format says otherwise."""
    sql = "SELECT TO_BINARY('6162') = '6162'::BINARY AND TO_BINARY('ab', 'utf-8') = TO_BINARY('YWI=', 'base64')"
    assert [True] == client.values(sql)
    assert [b"ab"] == [bytes(value) for value in client.values("SELECT TO_BINARY('6162')")]


def test_numbered_columns_and_foreign_keys_are_described(client: Any) -> None:
    """AUTOINCREMENT is an identity, not a sequence; SHOW IMPORTED KEYS has both sides."""
    client.rows("CREATE TABLE parent (id INT PRIMARY KEY)")
    client.rows("CREATE TABLE child (id INT AUTOINCREMENT START 5 INCREMENT 2, parent_id INT REFERENCES parent)")
    (key,) = client.rows("SHOW IMPORTED KEYS IN TABLE child")
    assert ("PARENT", "ID", "PARENT_ID") == (key["pk_table_name"], key["pk_column_name"], key["fk_column_name"])
    assert [] == client.rows(f"SHOW SEQUENCES IN SCHEMA AWS.{client.schema}")
    described = client.rows("DESC TABLE child")
    assert "IDENTITY START 5 INCREMENT 2 NOORDER" == described[0]["default"]
    (column,) = client.rows(
        "SELECT column_default, is_identity, identity_start, identity_increment, data_type_alias "  # noqa: S608 - names of ours
        f"FROM information_schema.columns WHERE table_schema = '{client.schema}' AND column_name = 'ID' "
        "AND table_name = 'CHILD'"
    )
    assert [None, "YES", "5", "2", "NUMBER"] == list(column.values())


def test_a_view_of_information_schema_that_is_missing_is_unsupported(client: Any) -> None:
    """Not an object that does not exist."""
    assert (2, "0A000") == client.refused("SELECT * FROM information_schema.packages")
