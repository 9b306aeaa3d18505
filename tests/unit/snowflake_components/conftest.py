"""Import modules that warn on import, because warnings of others must not fail our tests."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="sqlglotrs is deprecated", category=DeprecationWarning)
    import sqlglot  # noqa: F401 - the tests import it again, without a warning
