"""The command line of the Java process: what Flink's own `bin/flink` would start, without its shell.

That program starts two more Java processes to find out what is known here, about a CPU-second in each start, and puts
the working directory on the class path.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from flink_jobs.errors import SetupError

CLIENT = "org.apache.flink.client.cli.CliFrontend"
DISTRIBUTION = "flink-dist"


def java_program(environment: Mapping[str, str]) -> str:
    """Find the Java to run: that of `JAVA_HOME`, or the one in the path.

    Raises:
        SetupError: there is none.
    """
    home = environment.get("JAVA_HOME")
    found = str(Path(home) / "bin" / "java") if home else "java"
    program = shutil.which(found, path=environment.get("PATH"))
    if program is None:
        raise SetupError(f"no Java at {found}: install a JDK 17, or set JAVA_HOME")
    return program


def class_path(flink_home: Path) -> str:
    """Name the jars of a Flink home, the distribution last, as `bin/flink` does."""
    jars = sorted((flink_home.absolute() / "lib").glob("*.jar"))
    return ":".join(map(str, sorted(jars, key=lambda jar: jar.name.startswith(DISTRIBUTION))))


def client_command(java: str, options: Sequence[str], flink_home: Path, conf_dir: Path) -> list[str]:
    """Begin the command line of Flink's client; what the client shall do follows."""
    logging = conf_dir / "log4j-cli.properties"
    return [java, *options, f"-Dlog4j.configurationFile=file:{logging}", "-classpath", class_path(flink_home), CLIENT]
