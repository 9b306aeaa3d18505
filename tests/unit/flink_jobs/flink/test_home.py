from __future__ import annotations

from pathlib import Path

import pytest

from flink_jobs.errors import SetupError
from flink_jobs.flink import home as flink_home


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    wheel = tmp_path / "wheel"
    for name in (
        "lib/flink-dist.jar",
        "opt/flink-python.jar",
        "plugins/metrics-prometheus/prometheus.jar",
        "bin/flink",
    ):
        file = wheel / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    monkeypatch.setattr(flink_home, "wheel_home", lambda: wheel)
    return wheel


def jar(tmp_path: Path, name: str) -> Path:
    file = tmp_path / "jars" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(name)
    return file


def assemble(tmp_path: Path, *lib: str) -> Path:
    return flink_home.assemble(
        tmp_path / "home",
        lib_jars=[jar(tmp_path, name) for name in lib],
        s3_jars=[jar(tmp_path, "s3.jar"), jar(tmp_path, "uploads.jar")],
        landing_jar=jar(tmp_path, "landing.jar"),
    )


def tree(home: Path) -> dict[str, str]:
    return {str(file.relative_to(home)): file.read_text() for file in sorted(home.rglob("*")) if file.is_file()}


@pytest.mark.usefixtures("wheel")
def test_the_home_holds_the_wheel_and_the_jars(tmp_path: Path) -> None:
    """The S3 file system is in its own folder, because it loses its configuration in `lib/`."""
    home = assemble(tmp_path, "connector.jar")
    assert {
        "bin/flink": "bin/flink",
        "lib/connector.jar": "connector.jar",
        "lib/flink-dist.jar": "lib/flink-dist.jar",
        "lib/landing.jar": "landing.jar",
        "opt/flink-python.jar": "opt/flink-python.jar",
        "lib/prometheus.jar": "plugins/metrics-prometheus/prometheus.jar",
        "plugins/s3-fs-hadoop/s3.jar": "s3.jar",
        "plugins/s3-fs-hadoop/uploads.jar": "uploads.jar",
    } == tree(home)
    assert (home / "bin/flink").stat().st_mode & 0o111


@pytest.mark.usefixtures("wheel")
def test_a_second_time_removes_what_is_no_longer_wanted_and_keeps_the_rest(tmp_path: Path) -> None:
    """With two versions of one jar in `lib/`, the class path depends on chance."""
    assemble(tmp_path, "connector-1.jar")
    home = assemble(tmp_path, "connector-2.jar")
    assert ["connector-2.jar", "flink-dist.jar", "landing.jar", "prometheus.jar"] == sorted(
        file.name for file in (home / "lib").iterdir()
    )
    before = {file: file.lstat().st_mtime_ns for file in home.rglob("*")}
    assemble(tmp_path, "connector-2.jar")
    assert before == {file: file.lstat().st_mtime_ns for file in home.rglob("*")}


@pytest.mark.usefixtures("wheel")
def test_a_missing_jar_names_itself_and_the_repair(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"nowhere\.jar.*make setup"):
        flink_home.assemble(
            tmp_path / "home", lib_jars=[], s3_jars=[tmp_path / "nowhere.jar"], landing_jar=jar(tmp_path, "landing.jar")
        )


def test_the_installed_wheel_is_found() -> None:
    assert list((flink_home.wheel_home() / "lib").glob("flink-dist*.jar"))


@pytest.mark.usefixtures("wheel")
def test_a_runtime_becomes_a_home_without_a_second_slf4j(tmp_path: Path) -> None:
    """The connector brings slf4j along; the wheel has it already."""
    for name in (
        "flink-lib/connector.jar",
        "flink-lib/slf4j-api-1.jar",
        "flink-s3/s3.jar",
        "landing/hourglass-landing.jar",
        "landing/hourglass-landing-uploads.jar",
    ):
        file = tmp_path / "runtime" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    home = flink_home.assemble_from(tmp_path / "runtime", tmp_path / "home")
    assert {file.name for file in (home / "lib").iterdir()} == {
        "connector.jar",
        "flink-dist.jar",
        "hourglass-landing.jar",
        "prometheus.jar",
    }
    assert {file.name for file in (home / "plugins" / "s3-fs-hadoop").iterdir()} == {
        "hourglass-landing-uploads.jar",
        "s3.jar",
    }
