"""`hourglass provision`: the topics and the buckets of the streams."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.commands.console import print_progress


def provision_command(
    *,
    partitions: Annotated[
        int, typer.Option(min=1, envvar="HOURGLASS_TOPIC_PARTITIONS", help="Partitions of a topic that is created.")
    ] = 4,
    replication_factor: Annotated[int, typer.Option(min=1, help="Copies of each of its partitions.")] = 1,
    topic_config: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Further settings of a topic that is created, such as retention.ms=-1."
        ),
    ] = None,
) -> None:
    """Create the topics and the buckets of every stream where they are absent; what exists is not changed.

    Record time of a topic is that of its stream's document. Exit code 2: a server does not answer, or refuses.
    """
    from infra.local.streams import streams
    from infra.provisioning import BUCKET_LIMITS, TopicPlan, provision
    from orchestration.settings import StreamAccess

    plan = TopicPlan(partitions, replication_factor, dict(map(_setting, topic_config or [])))
    access = StreamAccess()
    provision(tuple(entry.document for entry in streams()), access, access.client(BUCKET_LIMITS), plan, print_progress)


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--topic-config")
    return name, value
