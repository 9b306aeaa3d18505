from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # dagster-dbt and fakesnow bring sqlglotrs, which warns on import; warnings are errors in tests
    warnings.filterwarnings("ignore", "sqlglotrs is deprecated", DeprecationWarning)
    import sqlglot  # noqa: F401 (imported for its effect: the module is loaded here)
