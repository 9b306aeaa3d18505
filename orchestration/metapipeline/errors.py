"""Every failure of the metapipeline.

MetapipelineError
├── GraphError        the manifest has a cycle or an edge to a missing node; the message names the nodes
├── ConsumerError     a configured consumer is not in the graph
├── WeightError       the weights of the importance score are not usable
└── EventRowError     a row of the staging model does not have the expected columns
"""

from __future__ import annotations


class MetapipelineError(Exception):
    """Base of the errors of the metapipeline."""


class GraphError(MetapipelineError):
    """The manifest has a cycle, or an edge to a node that is missing."""


class ConsumerError(MetapipelineError):
    """A configured consumer is not in the graph."""


class WeightError(MetapipelineError):
    """The weights of an importance score are not usable."""


class EventRowError(MetapipelineError):
    """A row of the staging model does not have the expected columns or types."""
