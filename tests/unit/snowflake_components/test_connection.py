"""Sessions over the connector: their results and their errors."""

from __future__ import annotations

import signal
import socket
import threading

import dagster as dg
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError
from snowflake.connector import errors as foreign

from infra.local_snowflake.faults import Fault, FaultKind, Faults
from snowflake_components import errors
from snowflake_components.access.refusals import SessionFacts
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings, open_session, query
from snowflake_components.identifiers import Identifier
from snowflake_components.session import ConnectorSession, login_error, statement_error
from tests.fakes.local_snowflake import FOREIGN_WARNING

ADDRESS = "http://127.0.0.1:1"
CANARY = "canary-7f3a"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.chdir(str(tmp_path))
    for name in SnowflakeSettings.model_fields:
        monkeypatch.delenv(f"HOURGLASS_SNOWFLAKE_{name.upper().removesuffix('_NAME')}", raising=False)


def test_a_demo_starts_without_any_setting() -> None:
    """The defaults are the local server."""
    settings = SnowflakeSettings()
    assert ("http://127.0.0.1:8084", "local", "hourglass", "AWS", "DEV") == (
        settings.address,
        settings.account,
        settings.user,
        settings.database,
        settings.schema_name,
    )


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names are those that dbt reads too."""
    for name, value in {"PORT": "443", "PROTOCOL": "https", "HOST": "x.example", "SCHEMA": "PR_12"}.items():
        monkeypatch.setenv(f"HOURGLASS_SNOWFLAKE_{name}", value)
    settings = SnowflakeSettings()
    assert ("https://x.example:443", "PR_12") == (settings.address, settings.schema_name)


@pytest.mark.parametrize("tags", [{"dagster/backfill": "abcdefgh"}, {"hourglass/mode": "backfill"}])
def test_a_backfill_has_its_own_warehouse_and_timeout(tags: dict[str, str]) -> None:
    """The hours that arrive meanwhile keep theirs; what is not set for a backfill is that of every run."""
    own = SnowflakeSettings(warehouse="ARRIVAL", backfill_warehouse="BACKFILL", backfill_statement_timeout_seconds=3600)
    assert ("BACKFILL", 3600) == (own.of_run(tags).warehouse, own.of_run(tags).statement_timeout_seconds)
    assert own == own.of_run({"hourglass/mode": "arrival"})
    assert "ARRIVAL" == SnowflakeSettings(warehouse="ARRIVAL").of_run(tags).warehouse


def test_the_connection_of_a_run_of_a_backfill_is_of_its_warehouse() -> None:
    """The tag of the run says so; no asset asks for it."""
    given = SnowflakeSettings(warehouse="ARRIVAL", backfill_warehouse="BACKFILL")
    taken = []

    @dg.asset
    def reader(snowflake: SnowflakeConnection) -> None:
        taken.append(snowflake.tagged().settings.warehouse)

    for tags in ({"dagster/backfill": "abcdefgh"}, {}):
        dg.materialize([reader], resources={"snowflake": SnowflakeConnection(settings=given)}, tags=tags)
    assert ["BACKFILL", "ARRIVAL"] == taken


def test_a_password_is_in_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is neither in settings, nor in the resource, nor in the error of a failed login."""
    monkeypatch.setenv("HOURGLASS_SNOWFLAKE_PASSWORD", CANARY)
    settings = SnowflakeSettings(port=_closed_port(), login_timeout_seconds=1)
    resource = SnowflakeConnection(settings=settings)
    with pytest.raises(errors.SnowflakeUnavailableError) as caught:
        query(settings, "select 1")
    for text in (repr(settings), str(settings), settings.model_dump_json(), repr(resource), repr(caught.value)):
        assert CANARY not in text


def test_a_server_that_is_away_is_named_with_the_settings_to_check() -> None:
    """The error is one line with the address, the cause and the settings."""
    settings = SnowflakeSettings(port=_closed_port(), login_timeout_seconds=1)
    with pytest.raises(errors.SnowflakeUnavailableError, match=rf"{settings.port} does not answer.*_HOST and _PORT"):
        query(settings, "select 1")


def test_a_refused_login_is_no_reason_to_try_again() -> None:
    """The connector reports both with one code; the class differs."""
    refused = foreign.DatabaseError(msg="Incorrect username or password was specified.", errno=390100)
    away = foreign.OperationalError(msg="Could not connect", errno=250001)
    assert isinstance(login_error(refused, ADDRESS), errors.LoginRefusedError)
    assert isinstance(login_error(away, ADDRESS), errors.SnowflakeUnavailableError)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (foreign.ProgrammingError(msg="Insufficient privileges", errno=3001), errors.MissingPrivilegeError),
        (foreign.ProgrammingError(msg="'X' does not exist or not authorized", errno=2003), errors.ObjectMissingError),
        (foreign.ProgrammingError(msg="Object does not exist", errno=2043), errors.ObjectMissingError),
        (foreign.ProgrammingError(msg="Integration not found", errno=3139), errors.ObjectMissingError),
        (foreign.ProgrammingError(msg="marked invalid", errno=91093), errors.ObjectInvalidError),
        (foreign.ProgrammingError(msg="syntax error", errno=1003), errors.StatementFailedError),
        (foreign.ProgrammingError(msg="session gone", errno=390112), errors.SnowflakeUnavailableError),
        (foreign.OperationalError(msg="reset", errno=250003), errors.SnowflakeUnavailableError),
        (foreign.ServiceUnavailableError(msg="HTTP 503"), errors.SnowflakeUnavailableError),
        (foreign.TooManyRequests(msg="HTTP 429"), errors.SnowflakeUnavailableError),
    ],
)
def test_a_refused_statement_becomes_one_of_our_errors(
    raised: foreign.Error, expected: type[errors.SnowflakeError]
) -> None:
    """Class and code decide, never the text; the error keeps the statement and Snowflake's text."""
    error = statement_error(raised, ADDRESS, "REFRESH x", SessionFacts())
    assert (expected, "REFRESH x") == (type(error), error.sql)
    assert str(raised.raw_msg) in str(error)


@pytest.mark.filterwarnings(FOREIGN_WARNING)
def test_rows_come_as_mappings_with_the_query_id(own_schema: SnowflakeSettings) -> None:
    """Columns keep their order; parameters are bound by the connector; the error keeps the connector's as its cause."""
    with open_session(own_schema) as session:
        result = session.execute("SELECT %s AS B, 1 AS A, 'it''s' AS \"c\"", ["%s'"])
        assert (("B", "A", "c"), ({"B": "%s'", "A": 1, "c": "it's"},)) == (result.columns, result.rows)
        assert result.query_id == session.execute("SELECT LAST_QUERY_ID() AS ID").rows[0]["ID"]
        with pytest.raises(errors.ObjectMissingError) as refused:
            session.execute("SELECT 1 FROM NO_SUCH_TABLE")
    assert isinstance(refused.value.__cause__, foreign.ProgrammingError)
    assert refused.value.query_id


@pytest.mark.filterwarnings(FOREIGN_WARNING)
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, DagsterExecutionInterruptedError])
def test_an_interrupted_statement_is_canceled_in_snowflake(
    own_schema: SnowflakeSettings, interrupt: type[BaseException]
) -> None:
    """Otherwise it runs on, and costs, although nobody waits for it: the table would be there afterwards."""

    def raise_it(_number: int, _frame: object) -> None:
        raise interrupt

    slow = Fault(kind=FaultKind.SLOW, statement="CREATE TABLE LATE", seconds=30)
    former = signal.signal(signal.SIGUSR1, raise_it)
    main = threading.main_thread().ident
    assert main is not None
    killer = threading.Timer(0.5, signal.pthread_kill, [main, signal.SIGUSR1])
    try:
        with Faults(own_schema.address).during(slow), open_session(own_schema) as session:
            killer.start()
            with pytest.raises(interrupt):
                session.execute("CREATE TABLE LATE (A INT)")
            assert () == session.execute("SHOW TABLES LIKE 'LATE' IN SCHEMA").rows
    finally:
        killer.cancel()
        signal.signal(signal.SIGUSR1, former)


@pytest.mark.filterwarnings(FOREIGN_WARNING)
@pytest.mark.parametrize("former", ["PUBLIC", '"odd Role"', "AWS_WRITER"])
@pytest.mark.parametrize("fails", [False, True])
def test_a_role_is_taken_for_a_block_and_given_back(own_schema: SnowflakeSettings, former: str, fails: bool) -> None:
    """The former role is restored also when the work fails, spelled as Snowflake stores it."""
    if '"' in former:
        query(own_schema, f"CREATE ROLE IF NOT EXISTS {former}")
        query(own_schema, f"GRANT ROLE {former} TO USER HOURGLASS")
    with open_session(own_schema) as session:
        session.execute(f"USE ROLE {former}")
        try:
            with session.role(Identifier("AWS_WRITER")):
                assert "AWS_WRITER" == _role(session)
                session.execute("NONSENSE" if fails else "SELECT 1")
        except errors.StatementFailedError:
            assert fails
        assert former.strip('"') == _role(session)


def _role(session: ConnectorSession) -> str:
    return str(session.execute("SELECT CURRENT_ROLE() AS ROLE").rows[0]["ROLE"])


def test_the_resource_hands_its_settings_to_an_asset_without_showing_them() -> None:
    """The settings are not configuration, so they are not in the UI."""
    seen = []

    @dg.asset
    def reader(snowflake: SnowflakeConnection) -> None:
        seen.append(snowflake.settings.address)

    resource = SnowflakeConnection(settings=SnowflakeSettings(port=1234))
    assert dg.materialize([reader], resources={"snowflake": resource}).success
    assert ["http://127.0.0.1:1234"] == seen
    assert 5 == resource.retries.attempts_max


def test_statements_of_a_run_have_its_id_and_the_asset_in_their_tag() -> None:
    """The history of Snowflake leads back to the run; outside of a run the tag has the application alone."""
    found = []

    @dg.asset
    def reader(snowflake: SnowflakeConnection) -> None:
        found.append(dict(snowflake.tagged(asset_key="aws/dev/x").tag))

    resource = SnowflakeConnection(settings=SnowflakeSettings())
    run = dg.materialize([reader], resources={"snowflake": resource})
    assert [{"run_id": run.run_id, "asset_key": "aws/dev/x"}] == found
    assert {"asset_key": "x"} == resource.tagged(asset_key="x").tag


def _closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
