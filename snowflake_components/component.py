"""The YAML component: one document is one Dagster asset, a Snowflake stage or an external table."""

import hashlib
import logging
import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self, TypeAlias

import dagster as dg
from dagster._check import CheckError
from dagster.components.core.decl import YamlDecl
from dagster.components.resolved.core_models import ResolvedAssetAttributes
from pydantic import (
    BaseModel,
    Field,
    InstanceOf,
    PrivateAttr,
    model_validator,
)

from snowflake_components.assets import object_asset, require_hours
from snowflake_components.documents.document import (
    OnChange,
    OptionsRead,
    read_document,
    read_name,
    read_on_change,
    read_type,
)
from snowflake_components.documents.file_formats import FileFormatOptions
from snowflake_components.documents.messages import located, mistake
from snowflake_components.documents.options import ExternalTableOptions, StageOptions, split_location
from snowflake_components.documents.reading import read_options, require_unique_keys
from snowflake_components.documents.schema import document_model
from snowflake_components.documents.tables import TableOptions
from snowflake_components.identifiers import Identifier, QualifiedName, split_name
from snowflake_components.planning.hours import NotHourlyError
from snowflake_components.planning.objects import (
    Options,
    StageUrlUnknownError,
    object_of,
    warnings_of,
)
from snowflake_components.planning.refreshes import ObjectSpec
from snowflake_components.scaffold import ObjectsScaffolder
from snowflake_components.statements.kinds import ObjectType

_OPTIONS: dict[str, type[Options]] = {
    ObjectType.STAGE: StageOptions,
    ObjectType.EXTERNAL_TABLE: ExternalTableOptions,
    ObjectType.TABLE: TableOptions,
    ObjectType.FILE_FORMAT: FileFormatOptions,
}
_NOT_TABLES = frozenset({ObjectType.STAGE, ObjectType.FILE_FORMAT})
_log = logging.getLogger(__name__)

# in the component `type` is a field
_AutomationConditions: TypeAlias = type[dg.AutomationCondition]  # type: ignore[type-arg] # of any key
_Model: TypeAlias = type[BaseModel]


def _read_type(context: dg.ResolutionContext, value: Any) -> ObjectType:
    return ObjectType(read_type(context, value, _OPTIONS))


def _read_on_change(context: dg.ResolutionContext, value: Any) -> OnChange:
    return OnChange(read_on_change(context, value))


def _read_options(context: dg.ResolutionContext, model: Any) -> Options:
    if isinstance(model.options, OptionsRead) and isinstance(model.options.read, Options):
        return model.options.read
    object_type = _read_type(context.at_path("type"), model.type)
    return read_options(context.at_path("options"), _OPTIONS[object_type], model.options)


def _name(description: str) -> dg.Resolver:
    return dg.Resolver(read_name, model_field_type=str, inject_before_resolve=False, description=description)


class HourlyAssets(dg.Component, ABC):
    """A component of the project whose assets have hourly partitions that other documents can name."""

    @abstractmethod
    def hours_of(self, key: dg.AssetKey) -> dg.HourlyPartitionsDefinition | None:
        """Return the partitions of an asset; None for an asset that this component does not make."""


@dg.scaffold_with(ObjectsScaffolder)
class SnowflakeCreateOrRefreshComponent(dg.Component, dg.Model, dg.Resolvable):
    """Create a Snowflake stage, external table, table or file format if it is absent, or refresh it if it exists.

    The asset key is database_name/schema_name/name as written. With an hourly partitions_def a run registers exactly
    the directories of its hours, or loads them into a table; without one, it lists everything below the location once.
    An object that differs from
    its document makes the run fail, or is changed by it (`on_change`). No object is ever dropped.
    """

    name: Annotated[str, _name("Name of the object; in double quotes to keep its case.")]
    database_name: Annotated[str, _name("Database; first part of the asset key.")]
    schema_name: Annotated[str, _name("Schema; second part of the asset key.")]
    type: Annotated[ObjectType, dg.Resolver(_read_type, model_field_type=str, inject_before_resolve=False)] = Field(
        description='"stage", "external table", "table" or "file format".'
    )
    options: Annotated[
        InstanceOf[StageOptions]  # Dagster derives no schema from instances
        | InstanceOf[ExternalTableOptions]
        | InstanceOf[TableOptions]
        | InstanceOf[FileFormatOptions],
        dg.Resolver.from_model(_read_options, model_field_type=dict[str, Any]),
    ] = Field(description="Options of the object; the fields depend on the type.")
    role: Annotated[str | None, _name("Role for every statement about the object; the session's own is restored.")] = (
        None
    )
    target_database: Annotated[
        str | None, _name("Database to work in instead of database_name; the asset key stays.")
    ] = None
    target_schema: Annotated[str | None, _name("Schema to work in instead of schema_name; the asset key stays.")] = None
    on_change: Annotated[
        OnChange,
        dg.Resolver(
            _read_on_change,
            model_field_type=str,
            inject_before_resolve=False,
            description="What a run does when the object differs from this document: refuse (the run fails and names "
            "what differs) or apply.",
        ),
    ] = OnChange.REFUSE
    asset_attributes: ResolvedAssetAttributes = Field(default_factory=dict)
    _written_at: str = PrivateAttr(default="made in Python")

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
        """Return the model of the attributes as written, with the JSON schema for editors."""
        return document_model(cls.model(), _OPTIONS)

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """Read one document; every mistake has file, line, field and a suggestion."""
        require_unique_keys(context)
        at = context.resolution_context.at_path("attributes")
        document = read_document(at, cls.model(), _OPTIONS, attributes.model_dump() if attributes else {})
        found = super().load(document, context)
        found._written_at = located(at, ["name"], "").place  # noqa: SLF001 - of this class
        return found

    @classmethod
    def read(cls, context: dg.ResolutionContext, attributes: Mapping[str, Any]) -> Self:
        """Read the attributes of a document without Dagster's loader, which the templates of `asset_attributes` need.

        Raises:
            DocumentError: all mistakes.
        """
        found: Self = cls.resolve_from_model(context, read_document(context, cls.model(), _OPTIONS, attributes))
        return found

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
    def place(self) -> tuple[str, QualifiedName]:
        """The name in its name space: a stage and a table may have the same name."""
        return self.type.value if self.type in _NOT_TABLES else "", self.target

    @property
    def stage_key(self) -> dg.AssetKey | None:
        """The asset key of the stage of a table, from its location; None for an object that reads no stage."""
        if not isinstance(self.options, ExternalTableOptions | TableOptions):
            return None
        parts = split_name(split_location(self.options.location)[0])
        whole = [*[self.database_name, self.schema_name][: 3 - len(parts)], *parts]
        return dg.AssetKey([key_part(part) for part in whole])

    @property
    def stage_target(self) -> QualifiedName | None:
        """The name of the stage of a table in statements; None for an object that reads no stage."""
        if not isinstance(self.options, ExternalTableOptions | TableOptions):
            return None
        target = self.target
        return QualifiedName.parse(split_location(self.options.location)[0], target.database, target.schema)

    def object_spec(self, stage_url: str | None = None) -> ObjectSpec:
        """Describe the object; only `hour_of_path` needs `stage_url`."""
        role = Identifier.parse(self.role) if self.role else None
        spec = object_of(self.target, role, self.options, stage_url)
        return replace(spec, applies_changes=self.on_change is OnChange.APPLY)

    def asset_spec(self, spec: ObjectSpec, file_format: dg.AssetKey | None = None) -> dg.AssetSpec:
        """Describe the asset: attributes of the YAML, what it is made of, and a code version from its statements.

        Args:
            spec: of the object.
            file_format: asset of the file format that the object names, if a document describes it.
        """
        given = dict(self.asset_attributes)
        deps = list(given.pop("deps", None) or [])
        # the YAML may name them as well, and Dagster refuses a duplicate dependency
        for needed in (self.stage_key, file_format):
            if needed is not None and not any(_same_object(dep, needed) for dep in deps):
                deps.append(needed)
        text = spec.definition.sql + (spec.load.sql if spec.load else "")
        version = hashlib.sha256(text.encode()).hexdigest()[:16]
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
        self._require_own_object(context)
        try:
            spec = self.object_spec(self._stage_url(context))
        except StageUrlUnknownError as exc:
            raise mistake(at, ["options", "columns"], str(exc)) from None
        try:
            require_hours(self.asset_attributes.get("partitions_def"))
        except NotHourlyError as exc:
            raise mistake(at, ["asset_attributes", "partitions_def"], str(exc)) from None
        for warning in warnings_of(self.options):
            _log.warning("%s: %s", self.asset_key.to_user_string(), warning)
        described = self._described(at, spec, self._format_key(context))
        return dg.Definitions(assets=[object_asset(described, spec)])

    def _described(self, at: dg.ResolutionContext, spec: ObjectSpec, file_format: dg.AssetKey | None) -> dg.AssetSpec:
        try:
            return self.asset_spec(spec, file_format)
        except (dg.DagsterError, CheckError) as exc:
            wrong, said = _refused_attribute(self.asset_attributes), " ".join(str(exc).split())
        raise mistake(at, ["asset_attributes", *wrong], said)

    def _require_own_object(self, context: dg.ComponentLoadContext) -> None:
        """Refuse two documents of one object, and two objects with one asset key."""
        others = described_objects(context.component_tree)
        for other in [*others.targets[self.place], *others.keys[self.asset_key]]:
            if other._written_at != self._written_at:  # noqa: SLF001 - of this class
                shared = f"{self.type} {self.target}" if other.place == self.place else "asset key"
                said = f"the {shared} has two documents, here and at {other._written_at}: remove one"  # noqa: SLF001
                raise mistake(document_position(context), ["name"], said)

    def _format_key(self, context: dg.ComponentLoadContext) -> dg.AssetKey | None:
        """Find the document of the file format that this object names; None for an inline or an undescribed one."""
        formats = None if isinstance(self.options, FileFormatOptions) else self.options.file_format
        if formats is None or formats.format_name is None:
            return None
        target = QualifiedName.parse(formats.format_name, self.target.database, self.target.schema)
        found = described_objects(context.component_tree).targets[ObjectType.FILE_FORMAT.value, target]
        return found[0].asset_key if found else None

    def _stage_url(self, context: dg.ComponentLoadContext) -> str | None:
        """Find the URL of the stage in its document; None when no column needs it."""
        options, stage = self.options, self.stage_key
        columns = options.columns if isinstance(options, ExternalTableOptions | TableOptions) else []
        if not any(column.hour_of_path for column in columns):
            return None
        for other in described_objects(context.component_tree).stages:
            if stage and isinstance(other.options, StageOptions) and _same_object(other.asset_key, stage):
                return other.options.url
        return None


@dataclass(frozen=True, slots=True)
class DescribedObjects:
    """The documents of objects of a project, by what they must not share."""

    targets: Mapping[tuple[str, QualifiedName], list[SnowflakeCreateOrRefreshComponent]]
    keys: Mapping[dg.AssetKey, list[SnowflakeCreateOrRefreshComponent]]
    stages: tuple[SnowflakeCreateOrRefreshComponent, ...]


_newest: list[tuple[dg.ComponentTree, DescribedObjects]] = []
"""The documents of the tree that was asked for last: a process loads one project."""


def described_objects(tree: dg.ComponentTree) -> DescribedObjects:
    """Load all documents of objects of a project, once for all of its documents."""
    if not _newest or _newest[0][0] is not tree:
        _newest[:] = [(tree, _described_objects(tree))]
    return _newest[0][1]


def _described_objects(tree: dg.ComponentTree) -> DescribedObjects:
    targets: dict[Any, list[SnowflakeCreateOrRefreshComponent]] = defaultdict(list)
    keys: dict[dg.AssetKey, list[SnowflakeCreateOrRefreshComponent]] = defaultdict(list)
    components = tree.get_all_components(of_type=SnowflakeCreateOrRefreshComponent)
    for component in components:
        targets[component.place].append(component)
        keys[component.asset_key].append(component)
    stages = tuple(component for component in components if component.type is ObjectType.STAGE)
    return DescribedObjects(targets, keys, stages)


def _refused_attribute(attributes: Mapping[str, Any]) -> list[str]:
    """Find the attribute that Dagster refuses; empty when it refuses several only together."""
    for field, value in attributes.items():
        try:
            dg.AssetSpec("any", **{field: value})
        except (dg.DagsterError, CheckError):
            return [field]
    return []


def _same_object(one: dg.AssetKey, other: dg.AssetKey) -> bool:
    """Return whether two keys name one object: Snowflake folds the case that a key keeps."""
    return [part.upper() for part in one.path] == [part.upper() for part in other.path]


def document_position(context: dg.ComponentLoadContext) -> dg.ResolutionContext:
    """Return the context at the attributes of the document; a component made in Python has no position."""
    at: dg.ResolutionContext = context.resolution_context.at_path("attributes")
    if isinstance(context.component_decl, YamlDecl) and context.component_decl.source_tree:
        at = at.with_source_position_tree(context.component_decl.source_tree.source_position_tree)
    return at


def key_part(text: str) -> str:
    """Return a name for an asset key: as written, without quotes and characters that Dagster refuses."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", text.removeprefix('"').removesuffix('"'))
