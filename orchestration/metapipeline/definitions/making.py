"""How an asset of the metapipeline is declared: one function per asset, bound when the definitions are built.

A function takes what it needs by name: the values of other assets, and what the definitions give to all of them. The
name of an asset fixes the type of its value (`values.FRAMES`), so a wrong frame is refused at each boundary.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Generic, TypeVar

import dagster as dg

from orchestration.metapipeline.definitions.checks.check import Check
from orchestration.metapipeline.definitions.values import FRAMES
from orchestration.metapipeline.pipeline.document import MetapipelineDocument
from orchestration.metapipeline.pipeline.steps import OWN_GROUP

STORE = "metapipeline_frames"
"""The resource that stores the frames."""
WAREHOUSE = "snowflake"
"""The pool of everything that asks Snowflake."""
_CONTEXT = "context"
_PRIORITY = "dagster/priority"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Made(Generic[T]):
    """What the function of an asset returns.

    Args:
        value: stored when the asset has a frame; the checks see it in any case.
        metadata: of the materialisation.
        beside: further values that the checks take by these names.
    """

    value: T
    metadata: Mapping[str, Any]
    beside: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """An asset before it is bound to its clients.

    Args:
        make: returns `Made`; its parameters are `context`, names of other assets, and names of what is given.
        kinds: of the asset, or what returns them from the document.
        checks: judged at once, with what `make` took and made.
        deps: further assets that it reads itself.
        pool: of its runs.
        resources: what Dagster makes for a run and `make` takes by name.
        priority: of the step; of those that can be made, the one with the highest is next.
    """

    make: Callable[..., Made[Any]]
    kinds: set[str] | Callable[[MetapipelineDocument], set[str]]
    checks: Sequence[Check] = ()
    deps: Sequence[dg.AssetKey] = ()
    pool: str | None = None
    resources: Collection[str] = ()
    priority: int = 0

    @property
    def name(self) -> str:
        """The key of the asset."""
        return self.make.__name__

    def bound(self, document: MetapipelineDocument, given: Mapping[str, Any]) -> dg.AssetsDefinition:
        """Build the asset; `given` has values for parameters of functions and checks."""
        takes = tuple(signature(self.make).parameters)
        reads = [name for name in takes if name not in {_CONTEXT, *given, *self.resources}]
        frame = FRAMES.get(self.name)

        def compute(context: dg.AssetExecutionContext, **values: Any) -> dg.MaterializeResult:  # type: ignore[type-arg] # Dagster compares with the bare class
            resources = {name: getattr(context.resources, name) for name in self.resources}
            known = {**given, **resources, **values, _CONTEXT: context}
            made = self.make(**{name: known[name] for name in takes})
            seen = {**known, **made.beside, "document": document, self.name: made.value}
            judged = [check.judge(seen) for check in self.checks]
            stored = {"value": made.value} if frame else {}
            return dg.MaterializeResult(metadata=made.metadata, check_results=judged, **stored)

        return dg.asset(
            name=self.name,
            description=self.make.__doc__,
            group_name=OWN_GROUP,
            owners=list(document.asset_owners),
            kinds=self.kinds if isinstance(self.kinds, set) else self.kinds(document),
            dagster_type=frame,
            io_manager_key=STORE if frame else None,
            ins={name: dg.AssetIn(dagster_type=FRAMES[name]) for name in reads},
            deps=list(self.deps),
            pool=self.pool,
            required_resource_keys=set(self.resources),
            op_tags={_PRIORITY: str(self.priority)},
            check_specs=[check.spec(self.name) for check in self.checks],
        )(compute)


def asset(
    kinds: set[str] | Callable[[MetapipelineDocument], set[str]], checks: Sequence[Check], **options: Any
) -> Callable[[Callable[..., Made[Any]]], Recipe]:
    """Return a decorator that makes a function the recipe of the asset of its name; options are fields of `Recipe`."""
    return lambda make: Recipe(make, kinds, checks, **options)


def tools_of(document: MetapipelineDocument) -> set[str]:
    """Return the kinds of an asset that talks to the BI tools of a document."""
    return {bi.tool for bi in document.bi} or {"python"}
