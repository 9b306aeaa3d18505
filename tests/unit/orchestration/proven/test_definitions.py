"""The sensors and checks that every code location has, and local days."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from orchestration.alerts.incidents import Message
from orchestration.proven.condition import proven
from orchestration.proven.definitions import freshness_sensor, with_automation
from orchestration.proven.freshness import lateness
from orchestration.proven.graph import Graph, policy_of
from orchestration.proven.standing import Decision, Standing, State
from tests.fakes.clock import FakeClock
from tests.fakes.component_documents import loaded, mistakes_in
from tests.fakes.history import FakeHistory

HOURS = dg.HourlyPartitionsDefinition("2025-01-01-00:00")
HOUR = timedelta(hours=1)


def hours_spec() -> dg.AssetSpec:
    return dg.AssetSpec("hours", partitions_def=HOURS)


def local_days(zone: str, **policy: str) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Return a day of a zone over hours of UTC."""

    @dg.asset(
        deps=[dg.AssetDep("hours", partition_mapping=dg.AllPartitionMapping())],
        partitions_def=dg.DailyPartitionsDefinition("2025-01-01", timezone=zone),
        automation_condition=proven(**policy),
    )
    def day() -> None: ...

    return [hours_spec(), day]


def test_the_automation_sensor_runs_without_anybody_starting_it() -> None:
    """Dagster's own one is stopped until somebody finds out."""
    from orchestration.definitions import defs  # noqa: PLC0415 (loads the project)

    found = next(one for one in defs().sensors or () if one.name == "automation")
    assert isinstance(found, dg.AutomationConditionSensorDefinition)
    assert dg.DefaultSensorStatus.RUNNING is found.default_status
    assert dg.AssetSelection.all() == found.asset_selection


@pytest.mark.parametrize(
    ("zone", "day", "count"),
    [
        ("UTC", "2025-03-30", 24),
        ("Europe/Berlin", "2025-03-29", 24),
        ("Europe/Berlin", "2025-03-30", 23),
        ("Europe/Berlin", "2025-10-26", 25),
        ("America/New_York", "2025-03-09", 23),
        ("America/New_York", "2025-11-02", 25),
    ],
)
def test_a_day_needs_each_of_its_hours(zone: str, day: str, count: int) -> None:
    """24, and 23 or 25 on the days when local clocks change; one hour less, and it waits."""
    begin = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    history = FakeHistory()
    history.publish("hours", f"{begin - 48 * HOUR:%Y-%m-%d-%H:%M}", begin)
    assets = dg.Definitions(local_days(zone)).resolve_asset_graph()

    def decided() -> Decision:
        now = begin + (count + 1) * HOUR
        return Standing(Graph(assets, now), history).decide(dg.AssetKey("day"), day)

    for number in range(count):
        assert State.WAITS is decided().state
        hour = begin + number * HOUR
        history.publish("hours", f"{hour:%Y-%m-%d-%H:%M}", hour + HOUR)
    assert State.DUE is decided().state


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize(("clock", "is_late"), [("08:59", False), ("09:01", True)])
@pytest.mark.parametrize(
    "day",
    ["2025-03-29", "2025-03-30", "2025-10-25", "2025-10-26", "2025-03-08", "2025-03-09", "2025-11-01", "2025-11-02"],
)
def test_a_day_that_is_not_built_is_late_from_nine_on_also_when_clocks_change(
    zone: str, day: str, clock: str, is_late: bool
) -> None:
    """The day before it is built; its own hours are all there, and only its run is missing."""
    begin = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    end = (begin + timedelta(days=1)).astimezone(UTC)
    now = datetime.fromisoformat(f"{begin + timedelta(days=1):%Y-%m-%d}T{clock}").replace(tzinfo=ZoneInfo(zone))
    history, hour = FakeHistory(), (begin - timedelta(days=1)).astimezone(UTC)
    while hour < end:
        history.publish("hours", f"{hour:%Y-%m-%d-%H:%M}", hour + HOUR)
        hour += HOUR
    history.build("day", f"{begin - timedelta(days=1):%Y-%m-%d}", begin.astimezone(UTC), "hours")
    assets = dg.Definitions(local_days(zone, by="09:00", timezone=zone)).resolve_asset_graph()
    graph = Graph(assets, now.astimezone(UTC))
    # hours after the end of the day are of the next one, which is not over
    found = lateness(Standing(graph, history), dg.AssetKey("day"))
    assert is_late == (found is not None)
    if found:
        assert (day, 0, None) == (found.partition, found.others, found.hop)


@dataclass
class Sent:
    """A channel that keeps what it is sent."""

    messages: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        """Keep a message."""
        self.messages.append(message)


def test_stale_data_alerts_and_a_failed_try_does_not() -> None:
    """Before the deadline nobody hears of a run that failed; after it one message, and one when the data is there."""

    @dg.asset(deps=["hours"], automation_condition=proven(lag="60 minutes"))
    def table(context: dg.AssetExecutionContext) -> None:
        if "fails" in context.run.tags:
            raise dg.Failure("the try fails")

    clock = FakeClock(datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
    hours = dg.AssetSpec(
        "hours", partitions_def=dg.HourlyPartitionsDefinition(f"{clock.time - 3 * HOUR:%Y-%m-%d-%H:%M}")
    )
    channel, cursor, said = Sent(), None, []
    sensor = freshness_sensor(clock, {"told": channel})
    defs = dg.Definitions([hours, table], sensors=[sensor])
    with dg.DagsterInstance.ephemeral() as instance:

        def tick(minutes: int) -> list[bool]:
            nonlocal cursor
            clock.time += timedelta(minutes=minutes)
            context = dg.build_sensor_context(instance, cursor, repository_def=defs.get_repository_def())
            result = sensor(context)
            assert isinstance(result, dg.SensorResult)
            cursor = result.cursor
            said.append([message.occasion.value for message in channel.messages])
            return [event.passed for event in result.asset_events if isinstance(event, dg.AssetCheckEvaluation)]

        partition = f"{clock.time - HOUR:%Y-%m-%d-%H:%M}"
        instance.report_runless_asset_event(dg.AssetMaterialization("hours", partition=partition))
        dg.materialize([hours, table], instance=instance, tags={"fails": "yes"}, raise_on_error=False)
        assert [[True], []] == [tick(30), tick(20)]
        assert [[False], []] == [tick(20), tick(20)]
        dg.materialize([hours, table], instance=instance)
        clock.time -= timedelta(minutes=60)  # no further hour is over
        assert [[True]] == [tick(0)]
    assert [[], [], ["opened"], ["opened"], ["opened", "resolved"]] == said


def test_a_location_without_deadlines_has_the_automation_sensor_alone() -> None:
    """And one with a deadline a check of each such asset."""

    def names(defs: dg.Definitions) -> tuple[list[str], list[str]]:
        checks = [one for one in defs.asset_checks or () if isinstance(one, dg.AssetChecksDefinition)]
        keys = [key.asset_key.to_user_string() for one in checks for key in one.check_keys]
        return [sensor.name for sensor in defs.sensors or ()], keys

    found: Mapping[bool, tuple[list[str], list[str]]] = {
        has: names(with_automation(dg.Definitions(local_days("UTC", **({"by": "09:00"} if has else {})))))
        for has in (False, True)
    }
    assert {False: (["automation"], []), True: (["automation", "freshness"], ["day"])} == found


DOCUMENT = """
type: snowflake_components.SnowflakeCreateOrRefreshComponent
template_vars_module: orchestration.proven.template_vars
attributes:
  name: totals
  database_name: aws
  schema_name: dev
  type: file format
  options: {type: JSON}
  asset_attributes: {automation_condition: "{{ proven(lag='60 minutes') }}"}
"""


@pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")  # Dagster's own
@pytest.mark.filterwarnings("ignore:.*is currently in beta")  # Dagster's own
def test_a_document_of_any_component_says_how_its_asset_is_built() -> None:
    """By a variable of templates, which has the fields of a policy."""
    with loaded(DOCUMENT, {"snowflake": object()}) as defs:
        (spec,) = defs.resolve_all_asset_specs()
    policy = policy_of(spec.automation_condition)
    assert policy is not None
    assert "within 60 minutes" == policy.sentence()
    assert "proven.lags: no such field" in mistakes_in(DOCUMENT.replace("lag=", "lags="))
