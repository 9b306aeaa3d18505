"""The login that dbt reads from the profile of the project; runs in a process of its own, because it imports dbt."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from orchestration.dbt_runner.build import PROJECT_DIR

_LOGIN = ("user", "password", "authenticator", "token", "private_key")


def dbt_login(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of the connector's login, and the query tag; the environment has these variables alone."""
    from dbt.config.profile import Profile, read_profile  # noqa: PLC0415 - imports for seconds
    from dbt.config.renderer import ProfileRenderer  # noqa: PLC0415
    from dbt.flags import set_from_args  # noqa: PLC0415
    from dbt_common.context import set_invocation_context  # noqa: PLC0415

    with patch.dict("os.environ", variables, clear=True):
        set_from_args(Namespace(), {})
        set_invocation_context(variables)
        profile = Profile.from_raw_profiles(read_profile(str(PROJECT_DIR)), "hourglass", ProfileRenderer({}))
        credentials: Any = profile.credentials
        arguments = credentials.auth_args()
    given = {name: arguments[name] for name in _LOGIN if arguments.get(name) is not None}
    return {**given, "query_tag": credentials.query_tag, "role": credentials.role, "warehouse": credentials.warehouse}
