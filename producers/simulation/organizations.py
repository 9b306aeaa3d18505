"""The organizations of a simulation, with their shards, assets and dbt models."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from producers.simulation.plan import SimulationPlan

_NAMES = (
    "acme", "northwind", "globex", "initech", "umbrella", "stark", "wayne", "hooli", "soylent", "tyrell",
    "cyberdyne", "wonka",
)  # fmt: skip
_SUBJECTS = ("orders", "customers", "payments", "sessions", "invoices", "shipments", "products", "refunds")
_RELATIONS_READ = ("AWS.DEV.DEPLOYMENTS",)
"""What the first organization's ingestion reads of this product's own tables; no report shows that they are used."""
_HOURGLASS_MODELS = ("model.hourglass.stg_platform_events", "model.hourglass.usage_by_organization_hour")


@dataclass(frozen=True, slots=True)
class DbtModel:
    """A dbt model and its run time; `growth` is the share by which it slows down per simulated hour."""

    unique_id: str
    typical_seconds: float
    growth: float = 0.0

    @property
    def name(self) -> str:
        """The last part of the unique id, which names the step and the asset."""
        return self.unique_id.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Organization:
    """One customer. Its number is unique on its shard only."""

    name: str
    number: int
    shard: str
    assets: tuple[str, ...]
    models: tuple[DbtModel, ...]
    platform_models: tuple[DbtModel, ...]
    relations_read: tuple[str, ...] = ()


def organizations(plan: SimulationPlan, random: Random) -> tuple[Organization, ...]:
    """Create the organizations of a plan; the first one also runs the models of this product."""
    return tuple(_organization(index, plan, random) for index in range(plan.organizations))


def _organization(index: int, plan: SimulationPlan, random: Random) -> Organization:
    generation, name = divmod(index, len(_NAMES))
    named = _NAMES[name] + (f"-{generation + 1}" if generation else "")
    project = named.replace("-", "_") + "_analytics"
    subjects = random.sample(_SUBJECTS, 4)
    unique_ids = [f"model.{project}.{layer}_{subject}" for subject in subjects for layer in ("stg", "fct")]
    return Organization(
        name=named,
        number=index // plan.shards + 1,
        shard=f"shard-{index % plan.shards + 1}",
        assets=tuple(f"{named}/raw/{subject}" for subject in subjects),
        models=_models(unique_ids, random),
        platform_models=_models(_HOURGLASS_MODELS, random) if index == 0 else (),
        relations_read=_RELATIONS_READ if index == 0 else (),
    )


def _models(unique_ids: list[str] | tuple[str, ...], random: Random) -> tuple[DbtModel, ...]:
    # the last model of a project gets slower every hour, so that run times have a trend
    return tuple(
        DbtModel(unique_id, random.uniform(2, 60), 0.2 if unique_id == unique_ids[-1] else 0.0)
        for unique_id in unique_ids
    )
