"""The YAML component: one document is one Dagster asset, a Snowflake stage or an external table."""

import hashlib
import logging
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Annotated, Any, Self, TypeAlias

import dagster as dg
from dagster.components.core.decl import YamlDecl
from dagster.components.resolved.core_models import ResolvedAssetAttributes
from pydantic import (
    BaseModel,
    Field,
    InstanceOf,
    model_validator,
)

from snowflake_components.documents.reading import (
    mistake,
    read_options,
    require_unique_keys,
    resolve_text,
    suggestion,
)
from snowflake_components.documents.schema import document_model
from snowflake_components.documents.specs import ExternalTableOptions, StageOptions, split_location
from snowflake_components.identifiers import Identifier, QualifiedName, UnsafeTextError, split_name
from snowflake_components.planning.hours import NotHourlyError, directories, hours_between
from snowflake_components.planning.objects import (
    StageUrlUnknownError,
    external_table_object,
    incomplete_columns,
    stage_object,
    warnings_of,
)
from snowflake_components.planning.outcome import FileStatus
from snowflake_components.planning.refresh import ObjectSpec
from snowflake_components.statements.kinds import ObjectType
from snowflake_components.work import Connection, Report, create_or_refresh

RESOURCE_KEY = "snowflake"
"""Name of the Dagster resource that opens sessions (`SnowflakeConnection`)."""
POOL = "snowflake"
"""Concurrency pool of every statement that creates or refreshes."""

_OPTIONS: dict[str, type[StageOptions | ExternalTableOptions]] = {
    ObjectType.STAGE: StageOptions,
    ObjectType.EXTERNAL_TABLE: ExternalTableOptions,
}
_log = logging.getLogger(__name__)

# in the component `type` is a field
_AutomationConditions: TypeAlias = type[dg.AutomationCondition]  # type: ignore[type-arg] # of any key
_Model: TypeAlias = type[BaseModel]


def _read_type(context: dg.ResolutionContext, value: Any) -> ObjectType:
    if value not in list(ObjectType):
        raise mistake(context, [], f"not a kind of object: {value!r}; {suggestion(value, list(ObjectType))}")
    return ObjectType(value)


def _read_name(context: dg.ResolutionContext, value: Any) -> str:
    text = resolve_text(context, value) if context.path[-1] in _TEMPLATED else value
    if not isinstance(text, str) or not text.strip():
        raise mistake(context, [], "must not be empty; write a name or leave the field out")
    try:
        Identifier.parse(text)
    except UnsafeTextError as exc:
        raise mistake(context, [], str(exc)) from None
    return text


def _read_options(context: dg.ResolutionContext, model: Any) -> StageOptions | ExternalTableOptions:
    object_type = _read_type(context.at_path("type"), model.type)
    return read_options(context.at_path("options"), _OPTIONS[object_type], model.options)


_TEMPLATED = frozenset({"role", "target_database", "target_schema"})


def _name(description: str) -> dg.Resolver:
    return dg.Resolver(_read_name, model_field_type=str, inject_before_resolve=False, description=description)


class HourlyAssets(dg.Component, ABC):
    """A component of the project whose assets have hourly partitions that other documents can name."""

    @abstractmethod
    def hours_of(self, key: dg.AssetKey) -> dg.HourlyPartitionsDefinition | None:
        """Return the partitions of an asset; None for an asset that this component does not make."""


class SnowflakeCreateOrRefreshComponent(dg.Component, dg.Model, dg.Resolvable):
    """Create a Snowflake stage or external table if it is absent, or refresh it if it exists.

    The asset key is database_name/schema_name/name as written. With an hourly partitions_def a run registers exactly
    the directories of its hours; without one, it lists everything below the location once. No object is ever dropped
    or replaced.
    """

    name: Annotated[str, _name("Name of the object; in double quotes to keep its case.")]
    database_name: Annotated[str, _name("Database; first part of the asset key.")]
    schema_name: Annotated[str, _name("Schema; second part of the asset key.")]
    type: Annotated[ObjectType, dg.Resolver(_read_type, model_field_type=str, inject_before_resolve=False)] = Field(
        description='"stage" or "external table".'
    )
    options: Annotated[
        InstanceOf[StageOptions] | InstanceOf[ExternalTableOptions],  # Dagster derives no schema from instances
        dg.Resolver.from_model(_read_options, model_field_type=dict[str, Any]),
    ] = Field(description="Options of the object; the fields depend on the type.")
    role: Annotated[str | None, _name("Role for every statement about the object; the session's own is restored.")] = (
        None
    )
    target_database: Annotated[
        str | None, _name("Database to work in instead of database_name; the asset key stays.")
    ] = None
    target_schema: Annotated[str | None, _name("Schema to work in instead of schema_name; the asset key stays.")] = None
    asset_attributes: ResolvedAssetAttributes = Field(default_factory=dict)

    @model_validator(mode="after")
    def _options_fit_type(self) -> Self:
        if not isinstance(self.options, _OPTIONS[self.type]):
            raise ValueError(f"options of a {self.type} are {_OPTIONS[self.type].__name__}")  # noqa: TRY004 - pydantic reports ValueError
        return self

    @staticmethod
    @dg.template_var
    def automation_condition() -> _AutomationConditions:
        """Resolve `automation_condition.on_cron(...)`, the spelling that authors know."""
        return dg.AutomationCondition

    @staticmethod
    @dg.template_var
    def hours_of(context: dg.ComponentLoadContext) -> Callable[[str], dg.HourlyPartitionsDefinition]:
        """Resolve `hours_of('landed_hour')`: the hourly partitions of an asset of another document."""

        def find(asset_key: str) -> dg.HourlyPartitionsDefinition:
            key = dg.AssetKey.from_user_string(asset_key)
            for component in context.component_tree.get_all_components(of_type=HourlyAssets):  # type: ignore[type-abstract] # loads subclasses
                if hours := component.hours_of(key):
                    return hours
            raise ValueError(f"hours_of: no document of the project has an hourly asset {asset_key}")

        return find

    @classmethod
    def get_model_cls(cls) -> _Model:
        """Return the model of a document; its errors suggest the intended field or value."""
        return document_model(cls.model(), _OPTIONS)

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """Read one document; a duplicate key is an error."""
        require_unique_keys(context)
        return super().load(attributes, context)

    @property
    def asset_key(self) -> dg.AssetKey:
        """The key as written in the YAML, in every deployment."""
        return dg.AssetKey([key_part(part) for part in (self.database_name, self.schema_name, self.name)])

    @property
    def target(self) -> QualifiedName:
        """The name of the object in statements."""
        return QualifiedName(
            Identifier.parse(self.target_database or self.database_name),
            Identifier.parse(self.target_schema or self.schema_name),
            Identifier.parse(self.name),
        )

    @property
    def stage_key(self) -> dg.AssetKey | None:
        """The asset key of the stage of an external table, from its location; None for a stage."""
        if not isinstance(self.options, ExternalTableOptions):
            return None
        parts = split_name(split_location(self.options.location)[0])
        whole = [*[self.database_name, self.schema_name][: 3 - len(parts)], *parts]
        return dg.AssetKey([key_part(part) for part in whole])

    def object_spec(self, stage_url: str | None = None) -> ObjectSpec:
        """Describe the object; only `hour_of_path` needs `stage_url`."""
        role = Identifier.parse(self.role) if self.role else None
        if isinstance(self.options, StageOptions):
            return stage_object(self.target, role, self.options)
        return external_table_object(self.target, role, self.options, stage_url)

    def asset_spec(self, spec: ObjectSpec) -> dg.AssetSpec:
        """Describe the asset: attributes of the YAML, the stage as a dependency, and a code version from the DDL."""
        given = dict(self.asset_attributes)
        deps = list(given.pop("deps", None) or [])
        # the YAML may name the stage as well, and Dagster refuses a duplicate dependency
        stage = self.stage_key
        if stage is not None and not any(_same_object(dep, stage) for dep in deps):
            deps.append(stage)
        version = hashlib.sha256(spec.definition.sql.encode()).hexdigest()[:16]
        return dg.AssetSpec(
            self.asset_key,
            deps=deps,
            kinds={"snowflake", *given.pop("kinds", [])},
            code_version=given.pop("code_version", None) or version,
            description=given.pop("description", None) or self.options.comment,
            **given,
        )

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Build the one asset of this document."""
        at = document_position(context)
        try:
            spec = self.object_spec(self._stage_url(context))
        except StageUrlUnknownError as exc:
            raise mistake(at, ["options", "columns"], str(exc)) from None
        try:
            _require_hours(self.asset_attributes.get("partitions_def"))
        except NotHourlyError as exc:
            raise mistake(at, ["asset_attributes", "partitions_def"], str(exc)) from None
        for warning in warnings_of(self.options):
            _log.warning("%s: %s", self.asset_key.to_user_string(), warning)
        return dg.Definitions(assets=[_asset(self.asset_spec(spec), spec)])

    def _stage_url(self, context: dg.ComponentLoadContext) -> str | None:
        """Find the URL of the stage in its document; None when no column needs it."""
        options, stage = self.options, self.stage_key
        if isinstance(options, StageOptions) or not any(column.hour_of_path for column in options.columns):
            return None
        for other in context.component_tree.get_all_components(of_type=SnowflakeCreateOrRefreshComponent):
            if isinstance(other.options, StageOptions) and stage and _same_object(other.asset_key, stage):
                return other.options.url
        return None


def _same_object(one: dg.AssetKey, other: dg.AssetKey) -> bool:
    """Return whether two keys name one object: Snowflake folds the case that a key keeps."""
    return [part.upper() for part in one.path] == [part.upper() for part in other.path]


def document_position(context: dg.ComponentLoadContext) -> dg.ResolutionContext:
    """Return the context at the attributes of the document; a component made in Python has no position."""
    at: dg.ResolutionContext = context.resolution_context.at_path("attributes")
    if isinstance(context.component_decl, YamlDecl) and context.component_decl.source_tree:
        at = at.with_source_position_tree(context.component_decl.source_tree.source_position_tree)
    return at


def _asset(asset_spec: dg.AssetSpec, spec: ObjectSpec) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=asset_spec.key.to_python_identifier(),
        specs=[asset_spec],
        required_resource_keys={RESOURCE_KEY},
        pool=POOL,
    )
    def create_or_refresh_object(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg] # no value
        if missing := incomplete_columns(spec):
            raise UnsafeTextError(f"columns {', '.join(missing)}: the expression is cut with '...'; write it out")
        connection: Connection = getattr(context.resources, RESOURCE_KEY)
        started = time.monotonic()
        paths = _paths(context, asset_spec)
        report = connection.retries.call(lambda: _run_in_session(connection, spec, paths), context.log.warning)
        for sql in report.statements:
            context.log.info(sql)
        return dg.MaterializeResult(
            asset_key=asset_spec.key, metadata=_metadata(report, spec, time.monotonic() - started)
        )

    return create_or_refresh_object


def _run_in_session(connection: Connection, spec: ObjectSpec, paths: list[str] | None) -> Report:
    with connection.connect() as session:
        return create_or_refresh(session, spec, paths)


def _paths(context: dg.AssetExecutionContext, asset_spec: dg.AssetSpec) -> list[str] | None:
    if asset_spec.partitions_def is None:
        return None
    # Dagster raises for a run without a partition: listing everything by mistake is slow and costs money
    window = context.partition_time_window
    return directories(hours_between(window.start, window.end))


def _require_hours(partitions_def: dg.PartitionsDefinition[str] | None) -> None:
    if partitions_def is None:
        return
    if not isinstance(partitions_def, dg.TimeWindowPartitionsDefinition):
        raise NotHourlyError("partitions must be windows of whole UTC hours: type hourly or daily")
    # there is none while the start lies in the future
    if window := partitions_def.get_first_partition_window():
        hours_between(window.start, window.end)


def _metadata(report: Report, spec: ObjectSpec, seconds: float) -> dict[str, Any]:
    return {
        "target": str(spec.name),
        "created": report.created,
        "paths": list(report.paths),
        "files_registered_new": report.count(FileStatus.REGISTERED_NEW),
        "files_registered_updated": report.count(FileStatus.REGISTERED_UPDATE),
        "files_unregistered": report.count(FileStatus.UNREGISTERED),
        "files_skipped": report.count(FileStatus.REGISTER_SKIPPED),
        "statements": dg.MetadataValue.md("\n".join(f"```sql\n{sql}\n```" for sql in report.statements)),
        "query_ids": list(report.query_ids),
        "duration_seconds": round(seconds, 3),
    }


def key_part(text: str) -> str:
    """Return a name for an asset key: as written, without quotes and characters that Dagster refuses."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", text.removeprefix('"').removesuffix('"'))
