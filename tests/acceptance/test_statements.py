"""Every statement of the product, sent to a Snowflake in an order in which each one has what it needs."""

from __future__ import annotations

import re

import pytest

from snowflake_components.connection import open_session
from snowflake_components.errors import MissingPrivilegeError, ObjectMissingError, StatementFailedError
from tests.acceptance.places import OwnPlace
from tests.fakes.local_snowflake import FOREIGN_WARNING
from tests.fakes.staged_table import create_tables_of_dbt
from tests.goldens.rendered import rendered

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)

EVENT = {
    "topic": "platform-events",
    "partition": 0,
    "offset": 7,
    "timestamp": "2025-08-01T03:00:01Z",
    "event": {"event_id": "e-1", "event_type": "RUN_STARTED", "schema_version": 1, "organization": "acme"},
}
REFUSED_LOCALLY = {"AVRO", "ORC"}
"""Types of files that the local Snowflake does not read."""
_REFUSED = re.compile(r"Unsupported feature 'FILE_FORMAT TYPE = (\w+)'")


def test_every_statement_is_accepted(place: OwnPlace, pytestconfig: pytest.Config) -> None:
    """Credits alone may be refused: few roles may read the metering, and the product expects that.

    The local Snowflake refuses the file formats that it does not read, too.
    """
    refused = set()
    place.storage.write("2025/08/01/03/part-0.jsonl", EVENT)
    create_tables_of_dbt(place.settings, place.settings.database)
    names = place.names
    with open_session(place.settings) as session:
        for sent in rendered(names):
            try:
                session.execute(sent.sql)
            except (MissingPrivilegeError, ObjectMissingError):
                if sent.golden != "metered credits":
                    raise
            except StatementFailedError as exc:
                found = _REFUSED.match(str(exc))
                if found is None:
                    raise
                refused.add(found[1])
    assert refused == (REFUSED_LOCALLY if pytestconfig.getoption("--snowflake") == "local" else set())
