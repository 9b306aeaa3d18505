"""Every failure of the metapipeline.

MetapipelineError
├── RelationNameError a text is no name of a relation
├── DialectError      a connection names an SQL dialect that is not known
├── GraphError        the graph has a cycle, an edge to a missing node, or two nodes with one id
├── DocumentError     a file holds no document of a metapipeline
├── ManifestError     a file is no manifest of dbt, or its schema is unknown
├── ConsumerError     a configured consumer is not in the graph
├── WeightError       the weights of the importance score are not usable
├── EventRowError     a row of the staging model does not have the expected columns
├── StateError        another run changed what this one read, or a stored value is missing
├── NotebookError     the notebook was not executed to its end
├── SlackError        Slack did not take a message or a file
├── BiError           a BI tool did not answer, refused, or answered what its API does not document
├── ProposalError     a change of a dbt project cannot be made or would break it
└── RepositoryError   a git repository or its host refused, or is not on the list
"""

from __future__ import annotations


class MetapipelineError(Exception):
    """Base of the errors of the metapipeline."""


class RelationNameError(MetapipelineError):
    """A text is no name of a relation."""


class DialectError(MetapipelineError):
    """A connection names an SQL dialect that is not known."""


class GraphError(MetapipelineError):
    """The graph has a cycle, an edge to a missing node, or two nodes with one id."""


class DocumentError(MetapipelineError):
    """A file holds no document of a metapipeline, or several."""


class ManifestError(MetapipelineError):
    """A file is no manifest of dbt, or its schema is unknown."""


class ConsumerError(MetapipelineError):
    """A configured consumer is not in the graph."""


class WeightError(MetapipelineError):
    """The weights of an importance score are not usable."""


class EventRowError(MetapipelineError):
    """A row of the staging model does not have the expected columns or types."""


class StateError(MetapipelineError):
    """Another run changed what this one read, or a stored value is missing."""


class NotebookError(MetapipelineError):
    """The notebook was not executed to its end."""


class SlackError(MetapipelineError):
    """Slack did not take a message or a file."""


class BiError(MetapipelineError):
    """A BI tool did not answer, refused, or answered what its API does not document."""


class ProposalError(MetapipelineError):
    """A change of a dbt project cannot be made, or would break the project."""


class RepositoryError(MetapipelineError):
    """A git repository or its host refused, or is not on the list."""
