"""Every failure of the metapipeline.

MetapipelineError
├── GraphError        a manifest that is no graph without cycles; the message names the nodes
├── ConsumerError     a consumer was named that the graph does not have
├── WeightError       weights that cannot be combined
└── EventRowError     a row of the staging model that is no event of a dbt model
"""

from __future__ import annotations


class MetapipelineError(Exception):
    """Something that the metapipeline cannot work with."""


class GraphError(MetapipelineError):
    """The manifest holds a cycle or an edge to a node that it does not have."""


class ConsumerError(MetapipelineError):
    """A configured consumer is not in the graph."""


class WeightError(MetapipelineError):
    """The weights of an importance score are not usable."""


class EventRowError(MetapipelineError):
    """A row that was read is not what the staging model promises."""
