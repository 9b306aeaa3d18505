"""Each check of Snowflake, ok and wrong, asked of the local Snowflake."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.doctor.checks import Area, Finding, Verdict, examine
from infra.doctor.demands import Demands
from infra.doctor.snowflake import snowflake_checks
from snowflake_components import SnowflakeSettings, query
from snowflake_components.applying.account import apply_plan, plan_account
from snowflake_components.applying.project import DescribedObject, read_objects
from snowflake_components.connection import open_session
from snowflake_components.errors import SnowflakeError
from tests.fakes.clock import FakeClock
from tests.fakes.local_snowflake import FOREIGN_WARNING, NOW

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)

DOCUMENT = """
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes:
  name: orders
  database_name: aws
  schema_name: {schema}
  type: stage
  role: {role}
  options: {{url: "s3://hourglass/{schema}/", storage_integration: {schema}_integration}}
"""
INTEGRATION = (
    "CREATE STORAGE INTEGRATION {schema}_integration TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE "
    "STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::1:role/r' STORAGE_ALLOWED_LOCATIONS = ('s3://hourglass/{schema}/')"
)


class SetUp:
    """An account with one stage, its role and its integration; the checks of it, by name."""

    def __init__(self, settings: SnowflakeSettings, folder: Path) -> None:
        self.settings = settings
        self.role = f"{settings.schema_name}_WRITER"
        (folder / "defs.yaml").write_text(DOCUMENT.format(schema=settings.schema_name, role=self.role))
        self.documents: list[DescribedObject] = read_objects(folder)
        self.sql("CREATE ROLE {schema}_WRITER", f"GRANT ROLE {{schema}}_WRITER TO USER {settings.user}")
        self.sql("GRANT USAGE ON DATABASE AWS TO ROLE {schema}_WRITER", INTEGRATION)
        self.sql("GRANT USAGE, CREATE STAGE ON SCHEMA {schema} TO ROLE {schema}_WRITER")
        self.sql("GRANT USAGE ON INTEGRATION {schema}_integration TO ROLE {schema}_WRITER")
        with open_session(settings) as session:
            list(apply_plan(session, plan_account(session, self.documents).objects))

    def sql(self, *statements: str) -> None:
        """Execute statements; `{schema}` is the schema of the test."""
        for statement in statements:
            query(self.settings, statement.format(schema=self.settings.schema_name))

    def asked(self, clock_late: timedelta = timedelta(), **changes: object) -> dict[str, Finding]:
        """Ask all checks, with other settings."""
        settings = self.settings.model_copy(update=changes)
        clock = FakeClock(self.now + clock_late)
        checks = snowflake_checks(settings, self.documents, Demands(timedelta(hours=24)), clock)
        return {found.check: found for found in examine(checks, (SnowflakeError,))}

    @property
    def now(self) -> datetime:
        """The time of the server, to which the test's clock is set."""
        (row,) = query(self.settings, "SELECT CURRENT_TIMESTAMP() AS NOW").rows
        now: datetime = row["NOW"]
        return now

    def stage(self, check: str) -> str:
        """Return the name of a check of the stage."""
        return check.format(stage=f"AWS.{self.settings.schema_name}.ORDERS")


@pytest.fixture
def account(own_schema: SnowflakeSettings, tmp_path: Path) -> SetUp:
    return SetUp(own_schema, tmp_path)


def test_an_account_that_is_whole_is_ok(account: SetUp) -> None:
    """Every check, with a warehouse."""
    account.sql("CREATE WAREHOUSE IF NOT EXISTS COMPUTE")
    found = account.asked(warehouse="COMPUTE")
    assert {Verdict.OK} == {one.verdict for one in found.values()}, found
    names = {"login", "clock of Snowflake", "warehouse", f"role {account.role}", "stages and tables"}
    assert names | set(map(account.stage, ("integration of stage {stage}", "list stage {stage}"))) == found.keys()


@pytest.mark.parametrize(
    ("broken", "check", "said", "repair"),
    [
        ("REVOKE ROLE {schema}_WRITER FROM USER hourglass", "role {role}", "", "GRANT ROLE {role} TO USER hourglass"),
        ("DROP STAGE {schema}.ORDERS", "stages and tables", "needs to be created", "first run"),
        (
            "ALTER STAGE {schema}.ORDERS SET URL = 's3://hourglass/{schema}/elsewhere/'",
            "stages and tables",
            "elsewhere/ in the account",
            "hourglass snowflake apply",
        ),
        (
            "ALTER STORAGE INTEGRATION {schema}_integration SET ENABLED = FALSE",
            "integration of stage {stage}",
            "is not enabled",
            "SET ENABLED = TRUE",
        ),
        (
            "ALTER STORAGE INTEGRATION {schema}_integration SET STORAGE_ALLOWED_LOCATIONS = ('s3://other/')",
            "integration of stage {stage}",
            "does not allow s3://hourglass/",
            "SET STORAGE_ALLOWED_LOCATIONS = ('s3://hourglass/",
        ),
        (
            "DROP STORAGE INTEGRATION {schema}_integration",
            "integration of stage {stage}",
            "does not exist",
            "CREATE STORAGE INTEGRATION",
        ),
        (
            "ALTER STORAGE INTEGRATION {schema}_integration SET ENABLED = FALSE",
            "list stage {stage}",
            "",
            "let the AWS role",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_repair(
    account: SetUp, broken: str, check: str, said: str, repair: str
) -> None:
    """Each check turns red."""
    account.sql(broken)
    found = account.asked()[account.stage(check.replace("{role}", account.role))]
    assert Verdict.WRONG is found.verdict, found
    assert said in found.said
    assert repair.replace("{role}", account.role) in found.repair


def test_a_login_that_is_refused_closes_the_area(account: SetUp) -> None:
    """Nothing else can be asked."""
    found = account.asked(password=SecretStr("wrong"))
    assert Verdict.WRONG is found.pop("login").verdict
    assert {Verdict.UNKNOWN} == {one.verdict for one in found.values()}


def test_a_clock_that_is_late_is_wrong(account: SetUp) -> None:
    """By more than the limit of five seconds."""
    found = account.asked(clock_late=timedelta(hours=1))["clock of Snowflake"]
    assert Verdict.WRONG is found.verdict
    assert "from this machine's" in found.said


def test_a_session_without_a_warehouse_is_wrong_in_production_alone(account: SetUp) -> None:
    """The local stack has none."""
    found = account.asked()["warehouse"]
    assert Verdict.WRONG is found.verdict
    assert "HOURGLASS_SNOWFLAKE_WAREHOUSE" in found.repair
    local = snowflake_checks(account.settings, [], Demands.of_one_machine(timedelta(hours=1)), FakeClock(NOW))
    assert ["login", "clock of Snowflake", "stages and tables"] == [check.name for check in local]


def test_a_stage_that_is_missing_is_reported_once(account: SetUp) -> None:
    """Listing it cannot be asked."""
    account.sql("DROP STAGE {schema}.ORDERS")
    found = account.asked()
    assert Verdict.UNKNOWN is found[account.stage("list stage {stage}")].verdict
    assert Area.SNOWFLAKE is found["login"].area
