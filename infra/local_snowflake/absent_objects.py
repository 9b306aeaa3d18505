"""Statements on kinds of objects that cannot be created here: pipes, streams, tasks and others."""

from __future__ import annotations

from infra.local_snowflake.answers import Answer, status
from infra.local_snowflake.errors import ObjectMissingError, TableMissingError
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.statements import CreateStream, OnAbsent
from infra.local_snowflake.objects.catalog import Catalog
from infra.local_snowflake.objects.stages import Stages
from infra.local_snowflake.sessions import Session


def answer_absent(statement: OnAbsent | CreateStream, session: Session, stages: Stages, catalog: Catalog) -> Answer:
    """Answer as Snowflake does where there is no such object.

    Raises:
        ObjectMissingError: the statement needs the object, or the source of the stream, which does not exist.
        NotSupportedError: the source of the stream exists.
    """
    if isinstance(statement, CreateStream):
        raise _refused_stream(statement, session, stages, catalog)
    if statement.if_exists:
        done = f"Drop statement executed successfully ({statement.name.parts[-1]} already dropped)."
        return status(done if statement.verb == "DROP" else "Statement executed successfully.")
    kind = statement.kind.capitalize()
    raise ObjectMissingError(f"SQL compilation error:\n{kind} '{statement.name}' does not exist or not authorized.")


def _refused_stream(stream: CreateStream, session: Session, stages: Stages, catalog: Catalog) -> Exception:
    name = session.full(stream.source)
    if stream.on == "STAGE":
        stages.get(name, session)
    elif catalog.relation_kind(session.stored(stream.source)) is None:
        return TableMissingError(
            f"SQL compilation error:\n{stream.on.capitalize()} '{name}' does not exist or not authorized."
        )
    return unsupported("CREATE STREAM")
