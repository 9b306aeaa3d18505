"""What a Snowflake refuses is named with the repair; and what its history knows of a statement."""

from __future__ import annotations

import json

import pytest

from snowflake_components import errors
from snowflake_components.connection import SnowflakeConnection, open_session, query
from tests.acceptance.places import OwnPlace
from tests.fakes.local_snowflake import FOREIGN_WARNING

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)


def test_a_missing_warehouse_is_named(place: OwnPlace) -> None:
    """Snowflake lets the session begin, and refuses the first statement that needs a warehouse."""
    place.rows("CREATE TABLE T AS SELECT 1 AS A")
    settings = place.settings.model_copy(update={"warehouse": "HOURGLASS_NO_SUCH_WAREHOUSE"})
    with pytest.raises(errors.SnowflakeError, match="HOURGLASS_NO_SUCH_WAREHOUSE") as refused:
        query(settings, "SELECT COUNT(*) FROM T WHERE A > 0")
    assert isinstance(refused.value, errors.WarehouseError)


def test_a_missing_grant_is_named(place: OwnPlace) -> None:
    """A role without privileges does not see the table, and the message says whom to grant what."""
    place.rows("CREATE TABLE T AS SELECT 1 AS A")
    schema = f"{place.settings.database}.{place.settings.schema_name}"
    with open_session(place.settings.model_copy(update={"role": "PUBLIC"})) as session:
        session.execute("USE SECONDARY ROLES NONE")
        with pytest.raises(errors.SnowflakeError, match=r"[Gg]rant|GRANT") as refused:
            session.execute(f"SELECT A FROM {schema}.T")  # noqa: S608
    assert isinstance(refused.value, errors.ObjectMissingError | errors.MissingPrivilegeError)


def test_a_statement_has_run_and_asset_in_its_tag_and_a_time_limit(place: OwnPlace) -> None:
    """Both are parameters of the session."""
    connection = SnowflakeConnection(settings=place.settings).tagged(asset_key="aws/dev/x", run_id="r-1")
    limited = place.settings.model_copy(update={"statement_timeout_seconds": 77})
    with connection.connect() as session, open_session(limited) as other:
        (tag,) = session.execute("SHOW PARAMETERS LIKE 'QUERY_TAG' IN SESSION").rows
        (limit,) = other.execute("SHOW PARAMETERS LIKE 'STATEMENT_TIMEOUT_IN_SECONDS' IN SESSION").rows
    assert {"application": "hourglass", "asset_key": "aws/dev/x", "run_id": "r-1"} == json.loads(tag["value"])
    assert "77" == limit["value"]
