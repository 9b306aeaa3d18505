#!/bin/bash
# The verbs of Flink's own image (jobmanager, taskmanager, standalone-job), with the landing job's configuration; any
# other command runs as it is, for example `hourglass job status`. Native Kubernetes runs its own scripts by `bash`.
#
# With HOURGLASS_STOP_WITH_SAVEPOINT=true a SIGTERM to `standalone-job` stops the job with a savepoint, as far as the
# container's time to stop suffices; otherwise, and where the job cannot make one, the next start continues from the
# newest checkpoint. Leave it unset under Flink's Kubernetes operator, which stops jobs itself.
#
# config.yaml is Flink's, then `hourglass job cluster-config` of the HOURGLASS_ variables, then FLINK_PROPERTIES, lines
# of `key: value` of which the last one counts.
set -euo pipefail

export FLINK_CONF_DIR=${FLINK_CONF_DIR:-/tmp/flink-conf}
export FLINK_LIB_DIR=$FLINK_HOME/lib FLINK_OPT_DIR=$FLINK_HOME/opt FLINK_PLUGINS_DIR=$FLINK_HOME/plugins
export FLINK_LOG_DIR=${FLINK_LOG_DIR:-$FLINK_HOME/log}
export MALLOC_ARENA_MAX=2 # by default the C library keeps memory for each of a hundred threads

last_counts() { # of lines of `key: value`; Flink refuses a name that stands twice
  tac | awk -F ': ' '!named[$1]++' | tac
}

configure() {
  [ -e "$FLINK_CONF_DIR/config.yaml" ] && return # mounted, as the Kubernetes operator does
  mkdir -p "$FLINK_CONF_DIR"
  cp "$FLINK_HOME"/conf/* "$FLINK_CONF_DIR"
  hourglass job cluster-config "$FLINK_CONF_DIR/ours.yaml" > /dev/null
  { cat "$FLINK_CONF_DIR/ours.yaml"; printf '%s\n' "jobmanager.rpc.address: ${JOB_MANAGER_RPC_ADDRESS:-$(hostname -f)}" \
      "jobmanager.bind-host: 0.0.0.0" "taskmanager.bind-host: 0.0.0.0" "rest.bind-address: 0.0.0.0" \
      "rest.address: 0.0.0.0" "user.artifacts.base-dir: /tmp/flink-artifacts" \
      "jobmanager.memory.process.size: 1g" "taskmanager.memory.process.size: 1g" "${FLINK_PROPERTIES:-}"; } \
    | last_counts > "$FLINK_CONF_DIR/config.yaml"
  rm "$FLINK_CONF_DIR/ours.yaml"
}

# Native Kubernetes mounts a configuration read-only, and runs one of its scripts. What is mounted counts more than ours.
configure_mounted() {
  mkdir -p "$FLINK_CONF_DIR" "$FLINK_LOG_DIR"
  cp -L "$FLINK_HOME"/conf/* "$FLINK_CONF_DIR"
  hourglass job cluster-config "$FLINK_CONF_DIR/ours.yaml" > /dev/null
  { cat "$FLINK_CONF_DIR/ours.yaml"; cat "$FLINK_HOME/conf/config.yaml"; } | last_counts > "$FLINK_CONF_DIR/config.yaml"
  rm "$FLINK_CONF_DIR/ours.yaml"
  export PATH=$FLINK_HOME/bin:$PATH
}

run_until_stopped() { # run_until_stopped COMMAND...
  setsid "$@" & # in a process group of its own: a signal to the container reaches this shell alone
  local job=$!
  trap 'hourglass job stop || kill -TERM -- "-$job"' TERM
  wait "$job" || wait "$job" # the first one ends with the signal
}

echo "${1:-}" > /tmp/program # what `healthy` asks
case "${1:-}" in
  bash)
    [[ "$*" == *kubernetes-jobmanager.sh* || "$*" == *kubernetes-taskmanager.sh* ]] && configure_mounted
    exec "$@"
    ;;
  jobmanager)
    configure
    exec "$FLINK_HOME/bin/jobmanager.sh" start-foreground "${@:2}"
    ;;
  taskmanager)
    configure
    exec "$FLINK_HOME/bin/taskmanager.sh" start-foreground "${@:2}"
    ;;
  standalone-job)
    configure
    job=("$FLINK_HOME/bin/standalone-job.sh" start-foreground
      --jars "file://$(readlink -f "$FLINK_HOME"/opt/flink-python-*.jar)"
      --job-classname org.apache.flink.client.python.PythonDriver "${@:2}"
      -pyclientexec "$(command -v python)" -py "$PYTHONPATH/flink_jobs/landing_job.py")
    [ "${HOURGLASS_STOP_WITH_SAVEPOINT:-}" = true ] || exec "${job[@]}"
    run_until_stopped "${job[@]}"
    ;;
  *)
    exec "$@"
    ;;
esac
