#!/bin/bash
# The three programs of Dagster; any other command runs as it is, for example `hourglass status`.
#
# With HOURGLASS_FAIL_ABANDONED_RUNS=true `code-server` first fails the runs in progress, so that Dagster retries them:
# they ended with the former container. Leave it unset where runs have containers of their own (K8sRunLauncher), or where
# several code servers serve one instance.
set -euo pipefail
echo "${1:-}" > /tmp/program # what `healthy` asks
case "${1:-}" in
  code-server)
    [ "${HOURGLASS_FAIL_ABANDONED_RUNS:-}" != true ] || python -m infra.local.dagster_runs
    exec dagster api grpc --module-name orchestration.definitions --location-name hourglass \
      --host 0.0.0.0 --port 4000 "${@:2}"
    ;;
  webserver)
    exec dagster-webserver --workspace "$DAGSTER_HOME/workspace.yaml" --host 0.0.0.0 --port 3000 "${@:2}"
    ;;
  daemon)
    exec dagster-daemon run --workspace "$DAGSTER_HOME/workspace.yaml" "${@:2}"
    ;;
  *)
    exec "$@"
    ;;
esac
