"""`{{ proven(lag='60 minutes') }}` in YAML: `template_vars_module: orchestration.proven.template_vars`."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from orchestration.proven import condition


@dg.template_var
def proven() -> Callable[..., dg.AutomationCondition[dg.AssetKey]]:
    """Return the function that makes the condition; its fields are those of `Policy`."""

    def made(**fields: Any) -> dg.AutomationCondition[dg.AssetKey]:
        return condition.proven(**fields)

    return made
