from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from infra.managed_flink.main import settings_of
from infra.managed_flink.package import merge


def test_settings_are_the_group_of_ours() -> None:
    """Other groups are the service's."""
    groups = [
        {"PropertyGroupId": "kinesis.analytics.flink.run.options", "PropertyMap": {"python": "main.py"}},
        {"PropertyGroupId": "hourglass", "PropertyMap": {"HOURGLASS_BUCKET": "b"}},
    ]
    assert {"HOURGLASS_BUCKET": "b"} == settings_of(json.dumps(groups))


@pytest.mark.parametrize(
    ("groups", "named"),
    [
        ([{"PropertyGroupId": "other", "PropertyMap": {}}], "other"),
        ([{"PropertyGroupId": "hourglass", "PropertyMap": {"PATH": "/evil"}}], "PATH"),
    ],
)
def test_a_missing_group_and_a_foreign_variable_are_refused(groups: list[object], named: str) -> None:
    """The message names what is there."""
    with pytest.raises(ValueError, match=named):
        settings_of(json.dumps(groups))


def test_merged_jars_keep_every_service_and_no_signature(tmp_path: Path) -> None:
    """Flink finds a connector by its list of services; a signature of one jar breaks the whole."""
    service = "META-INF/services/org.apache.flink.table.factories.Factory"
    for name in ("one", "two"):
        with zipfile.ZipFile(tmp_path / f"{name}.jar", "w") as jar:
            jar.writestr(service, f"factory.of.{name}\n")
            jar.writestr("same.txt", name)
            jar.writestr("META-INF/KEY.SF", "signed")
    merge([tmp_path / "one.jar", tmp_path / "two.jar"], tmp_path / "lib" / "merged.jar")
    with zipfile.ZipFile(tmp_path / "lib" / "merged.jar") as merged:
        assert {"same.txt", service} == set(merged.namelist())
        assert "factory.of.one\nfactory.of.two\n" == merged.read(service).decode()
        assert b"one" == merged.read("same.txt")
