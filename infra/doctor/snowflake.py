"""Whether Snowflake takes our login, our roles may do what runs do, and its objects are as their documents say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial

from flink_jobs.contracts.clock import Clock
from infra.doctor.checks import Area, Check, Judgement, ok, unknown, wrong
from infra.doctor.clocks import Asked
from infra.doctor.demands import Demands, spoken
from snowflake_components.applying.account import plan_account
from snowflake_components.applying.project import DescribedObject
from snowflake_components.connection import SnowflakeSettings, open_session
from snowflake_components.errors import ObjectMissingError, SnowflakeError
from snowflake_components.identifiers import Identifier
from snowflake_components.planning.change import Action
from snowflake_components.statements.stages import CreateStage
from snowflake_components.work import Session

NOWHERE = "hourglass-doctor/"
"""A path without objects: listing it needs every right that listing an hour needs, and returns nothing."""


class Account:
    """The account that the settings name, with one session for all checks.

    Args:
        settings: address and login.
        stack: closes the session.
    """

    def __init__(self, settings: SnowflakeSettings, stack: ExitStack) -> None:
        self.settings = settings
        self._stack = stack
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The session, which is opened at first use.

        Raises:
            SnowflakeError: as `open_session`.
        """
        if self._session is None:
            self._session = self._stack.enter_context(open_session(self.settings))
        return self._session


def snowflake_checks(
    settings: SnowflakeSettings, documents: Sequence[DescribedObject], demands: Demands, clock: Clock
) -> Iterator[Check]:
    """Yield the checks of the account; the session ends with the last of them.

    Args:
        settings: address and login.
        documents: stages, file formats, tables.
        demands: whether there must be a warehouse, and the limit of the clock's skew.
        clock: of this machine.
    """
    roles = sorted({one.spec.role.name for one in documents if one.spec.role})
    stages = [(one.spec.definition, one.spec.role) for one in documents if isinstance(one.spec.definition, CreateStage)]
    with ExitStack() as stack:
        account = Account(settings, stack)
        yield Check(Area.SNOWFLAKE, "login", partial(logs_in, account), is_gate=True)
        yield Check(Area.SNOWFLAKE, "clock of Snowflake", partial(clock_skew, account, demands.skew, clock))
        if demands.warehouse:
            yield Check(Area.SNOWFLAKE, "warehouse", partial(has_warehouse, account))
        for name in roles:
            yield Check(Area.SNOWFLAKE, f"role {name}", partial(may_use, account, Identifier(name)))
        yield Check(Area.SNOWFLAKE, "stages and tables", partial(as_described, account, documents))
        for stage, role in stages:
            if stage.storage_integration:
                integration = partial(integrates, account, stage, stage.storage_integration, role)
                yield Check(Area.SNOWFLAKE, f"integration of stage {stage.name}", integration)
            yield Check(Area.SNOWFLAKE, f"list stage {stage.name}", partial(lists, account, stage, role))


def logs_in(account: Account) -> Judgement:
    """Judge address and login."""
    settings = account.settings
    try:
        account.session.execute("SELECT CURRENT_USER() AS NAME")
    except SnowflakeError as exc:
        return wrong(str(exc), "set the variables HOURGLASS_SNOWFLAKE_ACCOUNT, _USER, _HOST and those of one login")
    return ok(f"{settings.user} at {settings.address}, by {settings.login}")


def clock_skew(account: Account, skew_max: timedelta, clock: Clock) -> Judgement:
    """Judge the difference between Snowflake's clock and that of this machine."""
    before = clock.utc_now()
    (row,) = account.session.execute("SELECT CURRENT_TIMESTAMP() AS NOW").rows
    after = clock.utc_now()
    skew = abs(Asked(before, after).skew(row["NOW"]))
    if skew > skew_max:
        return wrong(f"{spoken(skew)} from this machine's", "let this machine keep its time by NTP")
    return ok(f"within {spoken(skew_max)} of this machine")


def has_warehouse(account: Account) -> Judgement:
    """Judge that statements that compute have a warehouse."""
    (row,) = account.session.execute("SELECT CURRENT_WAREHOUSE() AS NAME").rows
    if row["NAME"] is None:
        return wrong(
            "the session has none: checks and models cannot count rows",
            "set HOURGLASS_SNOWFLAKE_WAREHOUSE, or ALTER USER … SET DEFAULT_WAREHOUSE, and GRANT USAGE on it",
        )
    return ok(str(row["NAME"]))


def may_use(account: Account, role: Identifier) -> Judgement:
    """Judge that the login may take a role of the documents."""
    try:
        with account.session.role(role):
            pass
    except SnowflakeError as exc:
        return wrong(str(exc), f"GRANT ROLE {role.name} TO USER {account.settings.user}")
    return ok("granted")


def as_described(account: Account, documents: Sequence[DescribedObject]) -> Judgement:
    """Judge the objects by the plan of `hourglass snowflake plan --deep`."""
    pending = plan_account(account.session, documents, deep=True).pending
    if not pending:
        return ok(f"{len(documents)} objects are as their documents say")
    are_new = all(one.change.action is Action.CREATE for one in pending)
    first_run = "; the first run of an hour creates them, too" if are_new else ""
    return wrong("; ".join(one.change.said for one in pending), f"hourglass snowflake apply --yes{first_run}")


def integrates(account: Account, stage: CreateStage, integration: Identifier, role: Identifier | None) -> Judgement:
    """Judge that the integration is enabled and allows the URL of the stage."""
    try:
        with account.session.role(role):
            rows = account.session.execute(f"DESC INTEGRATION {integration.sql}").rows
    except SnowflakeError as exc:
        granted = role.name if role else "the role"
        return wrong(str(exc), f"CREATE STORAGE INTEGRATION {integration.name} …, and GRANT USAGE on it to {granted}")
    found = {str(row["property"]): str(row["property_value"]) for row in rows}
    allowed = [one for one in found.get("STORAGE_ALLOWED_LOCATIONS", "").split(",") if one]
    alter = f"ALTER STORAGE INTEGRATION {integration.name} SET"
    if found.get("ENABLED") != "true":
        return wrong(f"{integration.name} is not enabled", f"{alter} ENABLED = TRUE")
    if not any(one == "*" or stage.url.startswith(one) for one in allowed):
        return wrong(
            f"{integration.name} does not allow {stage.url}", f"{alter} STORAGE_ALLOWED_LOCATIONS = ('{stage.url}')"
        )
    return ok(f"{integration.name} allows {stage.url}")


def lists(account: Account, stage: CreateStage, role: Identifier | None) -> Judgement:
    """Judge that Snowflake can list below the stage's URL."""
    try:
        with account.session.role(role):
            account.session.execute(f"LIST @{stage.name.sql}/{NOWHERE}")
    except ObjectMissingError as exc:
        return unknown(str(exc))
    except SnowflakeError as exc:
        return wrong(
            str(exc),
            "let the AWS role of the integration list the prefix, and trust the user and the external id that DESC "
            "INTEGRATION shows",
        )
    return ok(stage.url)
