"""The manifests say the same as the settings, the images and the instance that they stand for."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import DagsterInstance
from jsonschema import Draft202012Validator

from flink_jobs.flink.home import wheel_home
from flink_jobs.restore.metadata import s3_url
from flink_jobs.settings import LandingSettings
from infra.kubernetes.schemas import flink_deployment_schema
from infra.kubernetes.tools import HERE, operator_crd, render
from infra.kubernetes.validate import DAGSTER_VALUES, chart_problems, folders, problems_of
from infra.local.settings import PROJECT

STREAMS = sorted(path.parent.name for path in HERE.glob("streams/*/kustomization.yaml"))
PASSWORD_FILE = "HOURGLASS_KAFKA_SASL_PASSWORD_FILE"
NO_CLUSTER = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "none",
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:9"}}],
    "users": [{"name": "none", "user": {}}],
}


@cache
def resources(folder: str) -> tuple[dict[str, Any], ...]:
    return tuple(render(HERE / folder))


def only(folder: str, kind: str, name: str = "") -> dict[str, Any]:
    """Return the resource of a kind, or the one of a name."""
    [found] = [one for one in resources(folder) if one["kind"] == kind and name in ("", one["metadata"]["name"])]
    return found


def job_settings(stream: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LandingSettings:
    """Build the settings that the driver builds in its pod."""
    (tmp_path / "password").write_text("secret")
    for name, value in only(f"streams/{stream}", "ConfigMap")["data"].items():
        monkeypatch.setenv(name, str(tmp_path / "password") if name == PASSWORD_FILE else value)
    return LandingSettings(_env_file=None)


@pytest.fixture(scope="module")
def flink() -> Draft202012Validator:
    return Draft202012Validator(flink_deployment_schema(operator_crd()))


@pytest.mark.parametrize("folder", [str(folder.relative_to(HERE)) for folder in folders()])
def test_every_field_of_every_resource_is_known(folder: str, flink: Draft202012Validator) -> None:
    """Kubernetes drops a field that it does not know, so a typo is a setting that is not there."""
    assert not [problem for resource in resources(folder) for problem in problems_of(resource, flink)]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "job", "upgradeMod"), "last-state"),
        (("spec", "flinkVersion"), "v9_9"),
        (("spec", "podTemplate", "spec", "volume"), []),
        (("spec", "job", "parallelism"), "2"),
        (("spec", "flinkConfiguration", "taskmanager.numberOfTaskSlots"), 1),
    ],
)
def test_a_broken_flink_deployment_is_refused(
    path: tuple[str, ...], value: object, flink: Draft202012Validator
) -> None:
    """Unknown fields, unknown versions and wrong types are each one problem that names the place."""
    [problem] = problems_of(_with(only(f"streams/{STREAMS[0]}", "FlinkDeployment"), path, value), flink)
    assert path[-1] in problem


def test_a_broken_resource_of_kubernetes_is_refused(flink: Draft202012Validator) -> None:
    """Each version of Kubernetes names the field."""
    broken = _with(only("dagster", "Deployment", "relay"), ("spec", "replica"), 1)
    assert 2 == len([problem for problem in problems_of(broken, flink) if "'replica'" in problem])


def test_the_schema_of_a_chart_refuses_values(tmp_path: Path) -> None:
    """Values are laid over the chart's own, as Helm does, and every refusal is named."""
    (tmp_path / "values.yaml").write_text("telemetry: {enabled: true, port: 1}\n")
    (tmp_path / "values.schema.json").write_text(
        '{"properties": {"telemetry": {"properties": {"enabled": {"type": "string"}, "port": {"type": "integer"}}}}}'
    )
    [problem] = chart_problems(DAGSTER_VALUES, str(tmp_path))
    assert "$.telemetry.enabled" in problem


@pytest.mark.parametrize("stream", STREAMS)
def test_the_operator_has_the_addresses_of_the_job(
    stream: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Checkpoints, savepoints and parallelism come from the settings: two places would differ one day."""
    settings = job_settings(stream, monkeypatch, tmp_path)
    spec = only(f"streams/{stream}", "FlinkDeployment")["spec"]
    configuration = spec["flinkConfiguration"]
    assert settings.parallelism == spec["job"]["parallelism"]
    assert settings.checkpoint_url == configuration["execution.checkpointing.dir"]
    assert settings.savepoint_url == configuration["execution.checkpointing.savepoint-dir"]
    beside = s3_url(settings.checkpoint_url).replace("/checkpoints", "/ha")
    assert beside == configuration["high-availability.storageDir"]


@pytest.mark.parametrize("stream", STREAMS)
def test_every_setting_of_a_stream_is_one_of_the_job(stream: str) -> None:
    """A variable that no setting reads does nothing, silently."""
    known = {f"HOURGLASS_{name.upper()}" for name in LandingSettings.model_fields}
    assert not set(only(f"streams/{stream}", "ConfigMap")["data"]) - known


@pytest.mark.parametrize("stream", STREAMS)
def test_a_change_of_a_setting_is_a_change_of_the_deployment(stream: str) -> None:
    """The operator upgrades a job only when its FlinkDeployment changes, so the config map's name has its digest."""
    settings, deployment = only(f"streams/{stream}", "ConfigMap"), only(f"streams/{stream}", "FlinkDeployment")
    [container] = deployment["spec"]["podTemplate"]["spec"]["containers"]
    assert [{"configMapRef": {"name": settings["metadata"]["name"]}}] == container["envFrom"]
    assert f"{stream}-landing-job" != settings["metadata"]["name"]


def test_every_key_of_flinks_configuration_is_an_option_of_this_flink() -> None:
    """Flink ignores a key that it does not know; the operator's own keys are in no jar of Flink."""
    [dist] = (wheel_home() / "lib").glob("flink-dist-*.jar")
    keys = only(f"streams/{STREAMS[0]}", "FlinkDeployment")["spec"]["flinkConfiguration"]
    wanted = {key for key in keys if not key.startswith("kubernetes.operator.")}
    with zipfile.ZipFile(dist) as jar:
        options = [name for name in jar.namelist() if "Options" in name and name.endswith(".class")]
        content = b"".join(map(jar.read, options))
    assert not {key for key in wanted if key.encode() not in content}


def test_runs_go_by_the_instance_of_production() -> None:
    """What the chart passes on is infra/dagster/dagster.yaml, but for storage, and the pods that runs are."""
    values = yaml.safe_load(DAGSTER_VALUES.read_text())
    production = yaml.safe_load((PROJECT / "infra/dagster/dagster.yaml").read_text())
    coordinator = values["dagsterDaemon"]["runCoordinator"]["config"]["customRunCoordinator"]
    retention = {
        name: {"purge_after_days": one["purgeAfterDays"]}
        for name, one in values["retention"].items()
        if name != "enabled"
    }
    ours = values["additionalInstanceConfig"] | {
        "run_coordinator": coordinator,
        "telemetry": values["telemetry"],
        "retention": retention,
    }
    assert {name: part for name, part in production.items() if name not in {"storage", "compute_logs"}} == ours


def test_the_launcher_and_the_logs_of_runs_are_configured_as_their_classes_take_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The chart writes these sections with underscores; Dagster's own classes refuse a field that they do not know."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    (tmp_path / "kube.yaml").write_text(yaml.safe_dump(NO_CLUSTER))
    values = yaml.safe_load(DAGSTER_VALUES.read_text())
    logs = values["computeLogManager"]["config"]["s3ComputeLogManager"]
    launcher = values["runLauncher"]["config"]["k8sRunLauncher"]
    elsewhere = {
        "envConfigMaps": [one["name"] for one in launcher["envConfigMaps"]],
        "serviceAccountName": values["global"]["serviceAccountName"],
        "runK8sConfig": {_snake(name): part for name, part in launcher["runK8sConfig"].items()},
        "instanceConfigMap": "dagster-instance",
        "dagsterHome": "/opt/dagster/dagster_home",
        "loadInclusterConfig": False,
        "kubeconfigFile": str(tmp_path / "kube.yaml"),
    }
    instance = {
        "compute_logs": _section("dagster_aws.s3.compute_log_manager", "S3ComputeLogManager", logs),
        "run_launcher": _section("dagster_k8s", "K8sRunLauncher", launcher | elsewhere),
    }
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(instance))
    with DagsterInstance.from_config(str(tmp_path)) as loaded:
        assert "S3ComputeLogManager" == type(loaded.compute_log_manager).__name__
        assert "K8sRunLauncher" == type(loaded.run_launcher).__name__


def test_dagster_its_relay_and_the_figures_of_hours_run_the_same_image() -> None:
    """Two places name it: a relay of another release may not read the event log, figures not the ledger."""
    values = yaml.safe_load(DAGSTER_VALUES.read_text())
    images = [values["dagsterWebserver"]["image"], values["dagsterDaemon"]["image"]]
    images += [one["image"] for one in values["dagster-user-deployments"]["deployments"]]
    beside = [one for one in resources("dagster") if one["kind"] == "Deployment"]
    ours = [container["image"] for one in beside for container in one["spec"]["template"]["spec"]["containers"]]
    assert {"relay", "metrics"} == {one["metadata"]["name"] for one in beside}
    assert set(ours) == {f"{image['repository']}:{image['tag']}" for image in images}


def test_no_secret_stands_in_a_manifest() -> None:
    """Passwords and keys are files of secrets, which something else makes."""
    for folder in folders():
        for resource in resources(str(folder.relative_to(HERE))):
            assert "Secret" != resource["kind"]
            if resource["kind"] == "ConfigMap":
                secret = [
                    name for name in resource["data"] if name.endswith(("PASSWORD", "TOKEN", "SECRET_ACCESS_KEY"))
                ]
                assert not secret


def test_the_entry_point_and_the_driver_are_where_the_image_has_them() -> None:
    """The operator overrides the image's own entry point."""
    spec = only(f"streams/{STREAMS[0]}", "FlinkDeployment")["spec"]
    dockerfile = (PROJECT / "infra/docker/landing-job/Dockerfile").read_text()
    folder, _, name = spec["flinkConfiguration"]["kubernetes.entry.path"].rpartition("/")
    (copied,) = [line for line in dockerfile.splitlines() if f"/landing-job/{name} " in line]
    assert copied.endswith(f" {folder}/"), copied
    [interpreter, driver] = spec["job"]["args"][1::2]
    assert "/opt/hourglass/bin/python" == interpreter
    assert (PROJECT / driver.removeprefix("/opt/hourglass/src/")).exists()
    assert "PYTHONPATH=/opt/hourglass/src" in dockerfile


def _section(module: str, name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    return {"module": module, "class": name, "config": {_snake(field): value for field, value in config.items()}}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _with(resource: dict[str, Any], path: tuple[str, ...], value: object) -> dict[str, Any]:
    copy: dict[str, Any] = yaml.safe_load(yaml.safe_dump(resource))
    part = copy
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    return copy
