"""Check rules and dashboards with promtool: `python -m infra.prometheus.validate`, of `make alerts`. It asks no server.

promtool is Prometheus's own tool. It is built from its Go module at the version of `promtool/go.mod`; `promtool/go.sum`
has the hash of every module. Service discovery is left out, which halves the build.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.grafana.dashboards import DASHBOARDS, dashboard, expressions, without_variables

HERE = Path(__file__).parent
RULES = HERE / "rules.yml"
TESTS = HERE / "tests"
PROMTOOL = HERE.parents[1] / ".tools" / "bin" / "promtool"


def install() -> None:
    """Build promtool; Go's cache makes a second build cheap.

    Raises:
        CalledProcessError: a module has another hash than `go.sum` says, or Go fails.
        FileNotFoundError: Go is absent.
    """
    build = ["go", "build", "-mod=readonly", "-trimpath", "-tags", "remove_all_sd", "-o", str(PROMTOOL)]
    target = "github.com/prometheus/prometheus/cmd/promtool"
    subprocess.run([*build, target], cwd=HERE / "promtool", check=True)


def problems() -> Iterator[str]:
    """Yield what promtool says against a rule, its tests, or an expression of a dashboard."""
    tests = sorted(map(str, TESTS.glob("*.yml")))
    yield from _said("check", "rules", "--lint-fatal", str(RULES))
    yield from _said("check", "config", str(HERE / "prometheus.yml"))
    yield from _said("test", "rules", *tests)
    for file in DASHBOARDS:
        for panel, expression in expressions(dashboard(file)):
            for problem in _said("promql", "format", "--experimental", without_variables(expression)):
                yield f"{file.name}: {panel}: {problem}"


def _said(*arguments: str) -> Iterator[str]:
    done = subprocess.run([str(PROMTOOL), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"promtool {arguments[0]} {arguments[1]}: {(done.stderr + done.stdout).strip()}"


def main() -> int:
    """Print the problems; return the exit code."""
    found = list(problems())
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    if not found:
        sys.stdout.write("alerts: every rule fires and rests, every expression parses\n")
    return 1 if found else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["install"]:
        install()
    else:
        sys.exit(main())
