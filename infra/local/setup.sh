#!/usr/bin/env bash
# Make .tools/bin/uv, and with the argument `python` also .venv from requirements.lock.
# Needs Python 3.11 or 3.12, a JDK 17 or newer and Maven; on Debian as root it installs what is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
export UV_PYTHON_DOWNLOADS=never

install_or_tell() { # install_or_tell WHAT PACKAGE...
  local what=$1
  shift
  if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    echo "set-up: installing $*"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" > /dev/null
  else
    echo "missing: $what. Install it and try again, on Debian or Ubuntu: sudo apt-get install -y $*" >&2
    exit 2
  fi
}

need() { # need COMMAND PACKAGE...
  command -v "$1" > /dev/null || install_or_tell "$@"
}

python_of_ours() { # the first Python that pyproject.toml allows
  local candidate
  for candidate in ${PYTHON:-} python3.11 python3.12 python3; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2> /dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "missing: Python 3.11 or 3.12. Install one, or name it: make PYTHON=/path/to/python3.11" >&2
  exit 2
}

need java openjdk-17-jdk-headless
need mvn maven
need javac openjdk-17-jdk-headless
need python3 python3 python3-venv
python=$(python_of_ours)

if [ ! -x .tools/bin/uv ]; then
  "$python" -c 'import ensurepip' 2> /dev/null || install_or_tell "Python's venv module" "${python##*/}-venv"
  "$python" -m venv .tools
  .tools/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
fi

if [ "${1:-}" = python ]; then
  [ -x .venv/bin/python ] || .tools/bin/uv venv --quiet --python "$("$python" -c 'import sys; print(sys.executable)')" .venv
  .tools/bin/uv pip sync --quiet --compile-bytecode --require-hashes requirements.lock # halves the start of every process
  .tools/bin/uv pip install --quiet --no-deps --editable .
fi
