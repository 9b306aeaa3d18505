"""Import what warns while it is imported: warnings of others are no errors of ours."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="sqlglotrs is deprecated", category=DeprecationWarning)
    import sqlglot  # noqa: F401 - the tests import it again, without a warning
