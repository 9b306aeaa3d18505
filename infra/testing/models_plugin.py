"""The fixture of dbt models on proven hours, without containers: `pytest_plugins = ["infra.testing.models_plugin"]`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.testing.models import ModelsUnderTest, serve_models


@pytest.fixture(scope="session")
def proven_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelsUnderTest]:
    """The models of this project over a local Snowflake process."""
    with serve_models(tmp_path_factory.mktemp("models")) as models:
        yield models
