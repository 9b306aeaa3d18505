"""The whole chain on real servers: all tests share one stack, and each continues where the previous one ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from dagster import AssetKey, DagsterInstance, DagsterRunStatus

from flink_jobs.contracts.layout import Hour
from flink_jobs.settings import LandingSettings
from infra.local import dagster_runs
from infra.local.proof import ProofRow
from infra.local.publication import wait_until_published
from infra.local.servers import object_store, snowflake_server
from infra.local.stack import Stack
from orchestration.metapipeline.definitions.values import ANSWER, CHANGES
from orchestration.metapipeline.findings import Withheld
from producers.client import EventProducer
from producers.events import EventType, PlatformEvent
from producers.settings import ProducerSettings
from producers.simulate import simulate
from producers.simulation.plan import SimulationPlan
from producers.simulation.sent import Sent, SentLedger, read_sent
from snowflake_components.connection import SnowflakeSettings, query
from tests.integration.canaries import command_lines, file_contents, found_in
from tests.integration.hours import LIMIT_SECONDS, rows_of, send, wait_until_agreed
from tests.integration.test_command_line import run
from tests.integration.truth import (
    object_contents,
    read_landed,
    record_contents,
    runs_by_hour,
    topic_positions,
    wait_for,
)
from tests.stacks.option import on_containers

pytestmark = pytest.mark.either_stack

EVENTS = 24_000
FIRST = datetime(2025, 8, 1, 1, tzinfo=UTC)
HOURS = tuple(FIRST + timedelta(hours=n) for n in range(4))
HOURGLASS = str(Path(sys.executable).with_name("hourglass"))


def answers(statement: str) -> list[tuple[Any, ...]]:
    """Query the local Snowflake through its own connector."""
    return [tuple(row.values()) for row in query(SnowflakeSettings(), statement).rows]


@pytest.fixture(scope="module")
def sent(stack: Stack) -> Sent:
    """Send the events; kill -9 the Flink job between two of them, and start it again after the last."""
    landing = LandingSettings()

    def kill_the_job() -> None:
        wait_for(lambda: bool(read_landed(stack.settings).accepted), seconds_max=120, what="the first landed object")
        stack.landing.kill(landing)
        wait_for(lambda: not stack.landing.lives(landing), seconds_max=120, what="the death of the job")

    sent = send(stack.settings, HOURS, EVENTS, kill_the_job)
    stack.landing.start(landing, print)
    return sent


def test_every_hour_is_published_and_agrees_after_a_kill(stack: Stack, sent: Sent) -> None:
    """After a kill -9 of the job in the middle of the stream every hour is sealed, published, and its numbers agree."""
    rows = wait_until_agreed(stack.settings, len(HOURS))

    assert {label: hour.produced for label, hour in sent.hours.items()} == {
        label: row.reported.accepted + row.reported.rejected for label, row in rows.items()
    }
    assert {label: len(hour.rejected) for label, hour in sent.hours.items()} == {
        label: row.reported.rejected for label, row in rows.items()
    }


def test_nothing_is_missing_or_doubled_by_position(stack: Stack, sent: Sent) -> None:
    """Sets of (topic, partition, offset): produced = accepted + rejected, each once, each in its hour."""
    landed = read_landed(stack.settings)

    assert set() == landed.doubled
    assert topic_positions(stack.settings) == set(landed.accepted) | set(landed.rejected)
    assert {p for hour in sent.hours.values() for p in hour.accepted} == set(landed.accepted)
    assert {p for hour in sent.hours.values() for p in hour.rejected} == set(landed.rejected)
    expected_hours = {
        position: label.replace("-", "/").replace("T", "/")
        for label, hour in sent.hours.items()
        for position in hour.accepted | hour.rejected
    }
    assert expected_hours == landed.hours


def test_what_is_queryable_is_what_was_accepted(stack: Stack, sent: Sent) -> None:
    """The external table returns exactly the accepted records, and the staging model each event once."""
    del stack  # its Dagster builds the models after the hours agree
    wait_for(lambda: not dagster_runs.unfinished(), seconds_max=LIMIT_SECONDS, what="the models of the last hour")
    with DagsterInstance.get() as instance:
        assert {DagsterRunStatus.SUCCESS} == {run.status for run in instance.get_runs()}
    rows = answers("SELECT TOPIC, KAFKA_PARTITION, KAFKA_OFFSET FROM EXT_FLINK_EVENT_LOG")
    events = answers("SELECT EVENT_ID FROM STG_PLATFORM_EVENTS")

    assert EVENTS - sum(len(hour.rejected) for hour in sent.hours.values()) == len(rows)
    assert {p for hour in sent.hours.values() for p in hour.accepted} == {(t, int(p), int(o)) for t, p, o in rows}
    assert sent.event_ids == {event_id for (event_id,) in events}
    assert len(sent.event_ids) == len(events)


def test_usage_equals_the_ledger_of_the_generator(sent: Sent) -> None:
    """Billing: events per organization and hour, and per day, counted by SQL, equal those in the generator's ledger."""
    rows = answers("SELECT HOUR, ORGANIZATION, EVENTS FROM USAGE_BY_ORGANIZATION_HOUR")

    assert dict(sent.usage) == {
        (f"{hour:%Y-%m-%dT%H}", organization): int(events) for hour, organization, events in rows
    }
    days: Counter[tuple[str, str]] = Counter()
    for (hour, organization), events in sent.usage.items():
        days[hour[:10], organization] += events
    rows = answers("SELECT DAY, ORGANIZATION, EVENTS FROM USAGE_BY_ORGANIZATION_DAY")
    assert dict(days) == {(f"{day:%Y-%m-%d}", organization): int(events) for day, organization, events in rows}


def test_a_further_hour_makes_one_run_for_itself_and_nothing_else(stack: Stack, sent: Sent) -> None:
    """A new hour while everything runs causes exactly one run, for that hour."""
    del sent
    before = runs_by_hour()
    send(stack.settings, (FIRST + timedelta(hours=4),), 2_000)
    rows = wait_until_agreed(stack.settings, len(HOURS) + 1)

    assert {"2025-08-01-05:00": 1} == dict(runs_by_hour() - before)
    assert {1} == {row.reported.revision for row in rows.values()}


def test_a_late_record_amends_its_hour_alone(stack: Stack, sent: Sent) -> None:
    """A late record for an old hour causes one more run for that hour and revision 2, and the numbers agree again."""
    del sent
    before = runs_by_hour()
    late = FIRST + timedelta(hours=1, minutes=30)
    event = PlatformEvent(
        event_id="late-1",
        event_type=EventType.SENSOR_TICK,
        occurred_at=late,
        organization="org-late",
        deployment="prod",
        payload={},
    )
    with EventProducer(ProducerSettings()) as producer:
        producer.send(event, record_time=late)
        assert producer.flush().acked == 1
    wait_for(
        lambda: rows_of(stack.settings)["2025-08-01T02"].reported.revision == 2,
        seconds_max=LIMIT_SECONDS,
        what="revision 2 of the amended hour",
    )
    rows = wait_until_agreed(stack.settings, len(HOURS) + 1)

    assert {"2025-08-01-02:00": 1} == dict(runs_by_hour() - before)
    assert {"2025-08-01T02"} == {label for label, row in rows.items() if row.reported.revision == 2}


def test_an_hour_is_published_although_bucket_and_snowflake_were_away(stack: Stack, sent: Sent) -> None:
    """The chain waits for a server that is away: the bucket while an hour is produced, Snowflake during its run."""
    del sent
    stack.table.stop("s3")
    send(stack.settings, (FIRST + timedelta(hours=5),), 2_000)
    stack.table.stop("snowflake")
    stack._wait([stack._start(object_store.program(stack.settings))])
    wait_for(lambda: "2025-08-01-06:00" in runs_by_hour(), seconds_max=LIMIT_SECONDS, what="the run of the hour")
    stack._wait([stack._start(snowflake_server.program(stack.settings))])
    rows = wait_until_agreed(stack.settings, len(HOURS) + 2)

    assert 2_000 == rows["2025-08-01T06"].reported.accepted + rows["2025-08-01T06"].reported.rejected
    landed = read_landed(stack.settings)
    assert set() == landed.doubled
    assert topic_positions(stack.settings) == set(landed.accepted) | set(landed.rejected)


def test_the_metapipeline_counts_the_models_that_ran(stack: Stack, sent: Sent) -> None:
    """Distinct dbt models of each day equal those in the generator's ledger, and their chart goes to Slack."""
    sent = read_sent(stack.settings.data_dir / "simulator" / "sent.jsonl")
    dagster_runs.wait_until_finished(LIMIT_SECONDS, print)  # an hour agrees before its run has built the models
    command = [str(Path(sys.executable).with_name("dagster")), "job", "execute", "-m", "orchestration.definitions"]
    done = subprocess.run(
        [*command, "-j", "metapipeline"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | stack.settings.environment(),
    )
    assert done.returncode == 0, done.stderr
    with DagsterInstance.get() as instance:
        event = instance.get_latest_materialization_event(AssetKey("models_run_per_day"))
    assert event is not None
    assert event.asset_materialization is not None
    metadata: dict[str, Any] = dict(event.asset_materialization.metadata)
    days = {str(row.data["day"]): row.data["models"] for row in metadata["days"].records}

    assert {day: len(models) for day, models in sent.models_by_day.items()} == days
    assert Path(str(metadata["file"].value)).read_bytes().startswith(b"\x89PNG")
    assert "sent to C0000000001" == metadata["slack"].value


def test_the_metapipeline_archives_and_proposes_and_withholds_what_it_cannot_know(stack: Stack, sent: Sent) -> None:
    """Stale reports are archived, exposures are proposed; the events are of last year, so no model is called unused."""
    del sent
    frames = stack.settings.data_dir / "metapipeline" / "frames"
    unused = ANSWER.from_json((frames / "unused_models.json").read_bytes())
    archived = CHANGES.from_json((frames / "archived_reports.json").read_bytes())
    proposed = CHANGES.from_json((frames / "pull_requests.json").read_bytes())

    assert isinstance(unused, Withheld)
    assert "are not sealed" in unused.reason
    assert [("archive", "done")] * 3 == [(change.action, change.result) for change in archived]
    assert [("exposures", "opened")] == [(change.action, change.result) for change in proposed]
    assert 200 == requests.get(proposed[0].url, timeout=10).status_code
    notebook = json.loads((stack.settings.data_dir / "notebooks" / "meta_analysis_notebook.ipynb").read_text())
    assert any(
        "image/png" in output.get("data", {}) for cell in notebook["cells"] for output in cell.get("outputs", [])
    )


def test_the_command_line_shows_the_same_table(stack: Stack, sent: Sent) -> None:
    """`hourglass status --json` prints the documented fields, and its exit code is 0 when everything agrees."""
    del sent
    done = subprocess.run(
        [HOURGLASS, "status", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | stack.settings.environment(),
    )
    rows = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert len(HOURS) + 2 == len(rows)
    fields = {"hour", "state", "accepted", "rejected", "objects", "registered", "queryable", "revision", "agree"}
    assert all(fields <= row.keys() for row in rows)
    assert {"published"} == {row["state"] for row in rows}


@pytest.fixture(scope="module")
def hour_before(stack: Stack) -> datetime:
    """Return the last hour without events of Dagster, which the relay sends: no silent hours lie between."""
    del stack  # its Dagster has begun
    with DagsterInstance.get() as instance:
        [first] = instance.get_run_records(limit=1, ascending=True)
    return first.create_timestamp.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)


def test_a_second_document_is_a_second_stream(stack: Stack, sent: Sent, hour_before: datetime) -> None:
    """It has its own topic, job, prefix, table and model, and changes nothing of the first stream."""
    del sent
    first = rows_of(stack.settings)
    before, own = runs_by_hour(), f"{hour_before:%Y-%m-%d-%H}:00"
    plan = SimulationPlan(hours=(hour_before,), events=2_000)
    with SentLedger(stack.settings.data_dir / "simulator" / "second.jsonl") as ledger:
        assert simulate(plan, EventProducer(ProducerSettings(topic="dagster-events")), ledger).complete
    row = wait_until_agreed(stack.settings, 1, "dagster_events")[f"{hour_before:%Y-%m-%dT%H}"]
    wait_for(lambda: not dagster_runs.unfinished(), seconds_max=LIMIT_SECONDS, what="the models of the hour")

    assert (2_000, 2_000) == (row.produced, row.reported.accepted + row.reported.rejected)
    assert [(row.reported.accepted,)] == answers("SELECT COUNT(*) FROM EXT_DAGSTER_EVENT_LOG")
    assert [("dagster-events", f"{hour_before:%Y-%m-%d %H:%M:%S}")] == [
        (topic, f"{hour:%Y-%m-%d %H:%M:%S}")
        for topic, hour in answers("SELECT DISTINCT TOPIC, REPLICATION_HOUR FROM STG_DAGSTER_EVENTS")
    ]
    began = {label: runs for label, runs in (runs_by_hour() - before).items() if label <= own}  # one may end meanwhile
    assert {own: 1} == began
    assert first == rows_of(stack.settings)


def test_topics_jobs_and_objects_of_both_streams_are_observed(stack: Stack, sent: Sent) -> None:
    """Each observation has the time at which its system was seen last, whatever hours complete."""
    del sent
    keys = [key for one in stack.documents for key in one.keys.external(one.topics)]
    found: dict[AssetKey, dict[str, Any]] = {}

    def observed() -> bool:
        with DagsterInstance.get() as instance:
            for key in keys:
                records = instance.fetch_observations(key, limit=1).records
                if records and (observation := records[0].asset_observation):
                    found[key] = {name: value.value for name, value in observation.metadata.items()}
        return len(found) == len(keys)

    wait_for(observed, seconds_max=LIMIT_SECONDS, what="an observation of every external asset")
    assert [] == [(key, facts) for key, facts in found.items() if "away" in facts or facts["last_seen"] == "never"]
    states = {key.path[0]: facts["state"] for key, facts in found.items() if key.path[-1] == "flink_event_log_writer"}
    assert {"flink_event_log_writer": "RUNNING", "dagster_events": "RUNNING"} == states


def test_dagsters_own_events_land_in_the_open_hour_of_their_stream(stack: Stack, sent: Sent) -> None:
    """The events of the Dagster runs above are relayed to their own topic as records, and accepted."""
    del sent
    first, before = rows_of(stack.settings), set(rows_of(stack.settings, "dagster_events"))
    stack.start_relay()
    opened: dict[str, ProofRow] = {}

    def landed() -> bool:
        rows = rows_of(stack.settings, "dagster_events")
        opened.update({hour: row for hour, row in rows.items() if hour not in before})
        return any(row.reported.accepted for row in opened.values())

    wait_for(landed, seconds_max=LIMIT_SECONDS, what="relayed events in the open hour")
    assert [0] * len(opened) == [row.reported.rejected for row in opened.values()]
    assert first == rows_of(stack.settings)


def test_demo_knows_a_full_hour_from_the_open_one(stack: Stack, sent: Sent, hour_before: datetime) -> None:
    """The demo waits for full hours of every stream: the open hour of its own relayed events is not one of them."""
    del sent
    full = {("platform_events", f"{FIRST + timedelta(hours=n):%Y-%m-%dT%H}") for n in range(len(HOURS) + 2)}
    full.add(("dagster_events", f"{hour_before:%Y-%m-%dT%H}"))
    began = datetime.now(UTC)
    proof = wait_until_published(stack.settings, LIMIT_SECONDS, print)
    ended = datetime.now(UTC)

    agreed = {(row.stream, row.hour) for row in proof.rows if row.agree}
    others = {(row.stream, row.hour) for row in proof.rows} - agreed
    assert proof.agreed
    assert full <= agreed
    assert [] == [hour for _, hour in agreed if Hour.from_label(hour).end > ended]
    assert [] == [hour for _, hour in others if Hour.from_label(hour).end <= began]
    assert ended - began < timedelta(seconds=LIMIT_SECONDS), "it waited in vain for something"


def test_no_secret_is_in_any_file_but_those_that_need_it(pytestconfig: pytest.Config, stack: Stack, sent: Sent) -> None:
    """Logs, pid files, Dagster's storage and dbt's artifacts hold no secret; only the servers' settings do.

    Servers in containers have their settings there.
    """
    del sent
    found = {
        name: secrets for name, content in file_contents(stack.settings.data_dir) if (secrets := found_in(content))
    }

    assert ({} if on_containers(pytestconfig) else _needed_by_servers()) == found
    assert [] == [name for name in found if (stack.settings.data_dir / name).stat().st_mode & 0o777 != 0o600]


def _needed_by_servers() -> dict[str, set[str]]:
    """Return the files from which the bucket and both landing jobs read their secrets."""
    holders = {"s3/s3proxy.conf": {"HOURGLASS_S3_SECRET_ACCESS_KEY"}}
    for job in ("", "streams/dagster-events/"):
        holders[f"{job}flink/conf/config.yaml"] = {"HOURGLASS_S3_SECRET_ACCESS_KEY"}
        for secret in ("kafka_sasl_password", "kafka_ssl_key_password"):
            holders[f"{job}flink/secrets/{secret}"] = {f"HOURGLASS_{secret.upper()}"}
    return holders


def test_no_secret_is_in_any_record_or_object(stack: Stack, sent: Sent) -> None:
    """Relayed Dagster events land like any event; the test decompresses both topics and the bucket."""
    topics = [stack.settings, stack.settings.model_copy(update={"topic": "dagster-events"})]
    known = min(sent.event_ids).encode()

    def holders(contents: Iterator[tuple[str, bytes]]) -> list[str]:
        return [name for name, content in contents if found_in(content)]

    def has_known(contents: Iterator[tuple[str, bytes]]) -> bool:
        return any(known in content for _, content in contents)

    assert [[], []] == [holders(record_contents(topic)) for topic in topics]
    assert [] == holders(object_contents(stack.settings))
    assert has_known(record_contents(stack.settings)), "what was sent was not readable"
    assert has_known(object_contents(stack.settings)), "what landed was not readable"


def test_no_secret_is_in_a_command_line_or_in_what_a_command_prints(stack: Stack, sent: Sent) -> None:
    """Everybody on the machine can read the first; the second gets into tickets."""
    del sent
    assert {} == {name: secrets for name, content in command_lines() if (secrets := found_in(content))}
    for command in (["doctor", "--json"], ["status", "--json"], ["snowflake", "plan"]):
        done = run(stack.settings, *command)
        assert done.stdout + done.stderr, command
        assert set() == found_in((done.stdout + done.stderr).encode()), command
