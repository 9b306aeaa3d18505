from __future__ import annotations

from pathlib import Path

import pytest

from flink_jobs.errors import SetupError
from flink_jobs.virtual_machine import CLIENT, client_command, java_program


def write(file: Path) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("")
    file.chmod(0o755)
    return str(file)


def test_the_java_of_its_home_comes_before_that_of_the_path(tmp_path: Path) -> None:
    at_home, in_path = write(tmp_path / "jdk/bin/java"), write(tmp_path / "bin/java")
    path = {"PATH": str(tmp_path / "bin")}
    assert in_path == java_program(path)
    assert at_home == java_program({**path, "JAVA_HOME": str(tmp_path / "jdk")})


def test_a_machine_without_java_names_the_repair(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="install a JDK 17, or set JAVA_HOME"):
        java_program({"PATH": str(tmp_path)})
    with pytest.raises(SetupError, match="no Java at /nowhere/bin/java"):
        java_program({"JAVA_HOME": "/nowhere"})


def test_the_distribution_is_last_on_the_class_path_and_the_working_directory_is_not_on_it(tmp_path: Path) -> None:
    """Where two jars bring one class, the first counts: connectors are to come before what Flink shades."""
    jars = [write(tmp_path / "lib" / name) for name in ("a.jar", "z.jar", "flink-dist-2.3.0.jar")]
    command = client_command("java", ["-Xmx1m"], tmp_path, tmp_path / "conf")
    logging = f"-Dlog4j.configurationFile=file:{tmp_path}/conf/log4j-cli.properties"
    assert ["java", "-Xmx1m", logging, "-classpath", ":".join(jars), CLIENT] == command
