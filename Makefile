# Hourglass: `make demo` shows the whole chain, `make test` proves it. Each target does its own set-up.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

BIN := .venv/bin
export VIRTUAL_ENV := $(CURDIR)/.venv
unexport PYTHONDONTWRITEBYTECODE # a demo starts thirty processes, and each would compile the project again
DBT := orchestration/dbt

.PHONY: help setup demo benchmark test test-quick test-long test-unit test-java test-faults test-servers test-bi test-clients test-containers test-containers-small check format lock lock-superset lock-clients clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

setup: .venv/.synced .runtime/.installed $(DBT)/target/manifest.json ## install everything that demo and test need

demo: setup ## the whole chain on this machine, with a proof table; ONCE=1 exits by itself
	@$(BIN)/hourglass demo $(if $(ONCE),--once)

benchmark: setup ## the landing job beside its peers: hours of measuring, see benchmarks/landing/README.md
	@$(BIN)/python -m benchmarks.landing run $(if $(OPTIONS),$(OPTIONS),--kill)

test: setup ## every test but the long ones: unit, Java, faults, hostile records, daemon and chain on real servers
	@$(MAKE) --no-print-directory -j 2 test-unit test-java test-faults test-servers

test-quick: setup ## the unit tests of Python and Java without the slow ones, in under two minutes
	@$(BIN)/python -m pytest tests/unit -n 2 --dist loadfile -m "not slow and not long" -q
	@mvn -q -B -ntp -f flink_jobs/java/pom.xml test -DexcludedGroups=slow

test-long: setup ## what test leaves out (mark long), and the random faults, ten seeds or HOURGLASS_FAULT_ROUNDS
	@$(BIN)/python -m pytest tests -m long
	@HOURGLASS_FAULT_ROUNDS=$${HOURGLASS_FAULT_ROUNDS:-10} $(BIN)/python -m pytest tests/faults/test_random_faults.py -n 2

test-unit: setup
	@$(BIN)/python -m pytest tests/unit tests/acceptance -n 2 --dist loadfile -m "not long"

test-java: setup
	@mvn -B -ntp -f flink_jobs/java/pom.xml verify | grep -vE '^\[INFO\] *$$'
	@mvn -B -ntp -f infra/local/s3_server/pom.xml verify | grep -vE '^\[INFO\] *$$'

test-faults: setup
	@$(BIN)/python -m pytest tests/faults -n 2 --dist loadfile --no-loadscope-reorder -m "not long"

test-servers: setup
	@$(BIN)/python -m pytest tests/hostile tests/integration -m "not long"
	@$(BIN)/python -m pytest tests/daemon -m "not long"

test-bi: setup ## the BI client against a real Superset, which the first run installs below .tools (700 MB)
	@$(BIN)/python -m pytest tests/bi -m bi

test-clients: setup ## dbt, SQLAlchemy, Snowpark and Dagster against the local Snowflake; installs them below .tools
	@$(BIN)/python -m pytest tests/clients -m clients

test-containers: setup ## one suite on containers: chain, kills, refusals, secured brokers, cut networks; makes the images first
	@$(CONTAINER_IMAGES)
	@$(BIN)/python -m pytest tests/faults tests/integration tests/containers --stack containers -m "not long"

test-containers-small: setup ## the smallest part of it: engine, images, and one stream from broker to Snowflake
	@$(CONTAINER_IMAGES)
	@$(BIN)/python -m pytest tests/containers/test_documentation.py --stack containers

check: setup ## what CI asks of the text: format, lint, types, import law, definitions, columns
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/dg check toml
	@$(BIN)/dg check defs
	@$(BIN)/python -m orchestration.stream.column_contract
	@echo "check: all good"

format: setup ## format and repair what ruff can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: .tools/bin/uv ## write requirements.lock anew from pyproject.toml
	@.tools/bin/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-find-links \
	  --no-emit-index-url --quiet --output-file requirements.lock

lock-superset: .tools/bin/uv ## write the lock of the Superset of test-bi anew from superset.in
	@cd tests/bi/superset && $(CURDIR)/.tools/bin/uv pip compile superset.in --universal --python-version 3.11 --generate-hashes \
	  --no-emit-find-links --no-emit-index-url --custom-compile-command "make lock-superset" --quiet --output-file superset.lock

# Exit code 2: no engine; the session says so, too, and fails unless containers are optional.
CONTAINER_IMAGES := KAFKA_IMAGE=$${HOURGLASS_KAFKA_IMAGE:-apache/kafka:4.2.0} infra/docker/bootstrap || \
  { [ $$? = 2 ] && [ "$${HOURGLASS_CONTAINERS:-}" = optional ]; }

images: setup ## an engine if none runs, and every image of infra/docker
	@infra/docker/bootstrap

lock-clients: .tools/bin/uv ## write the locks of the clients of test-clients anew from their requirements.in
	@for folder in tests/clients/environments/*/; do cd $(CURDIR)/$$folder; [ -f requirements.in ] || continue; \
	  $(CURDIR)/.tools/bin/uv pip compile requirements.in --universal --python-version 3.11 --generate-hashes \
	  --no-emit-find-links --no-emit-index-url --custom-compile-command "make lock-clients" --quiet \
	  --output-file requirements.lock; done

clean: ## stop the stack, then remove all that set-up and demo made
	@if [ -x $(BIN)/hourglass ]; then $(BIN)/hourglass down --now; fi
	rm -rf .venv .tools .runtime .hourglass .benchmark flink_jobs/java/target infra/local/s3_server/target $(DBT)/target $(DBT)/logs

# What each part is made of. A part that is there and newer than its sources is not made again.

.tools/bin/uv:
	@infra/local/setup.sh

.venv/.synced: requirements.lock pyproject.toml | .tools/bin/uv
	@echo "set-up: Python packages"
	@infra/local/setup.sh python
	@touch $@

.runtime/.installed: .venv/.synced flink_jobs/flink/home.py $(shell find flink_jobs/java/pom.xml flink_jobs/java/src/main \
  infra/local/s3_server/pom.xml infra/local/s3_server/src/main -type f)
	@echo "set-up: jars and the Flink home"
	@$(BIN)/python -m infra.local.runtime
	@touch $@

# Partial parsing keeps the references to a model that was disabled, so the project is always parsed in full. A folder is
# newer than the manifest when a file was removed from it.
$(DBT)/target/manifest.json: .venv/.synced $(shell find $(DBT) -mindepth 1 \( -type d -o -name '*.sql' -o -name '*.py' \
  -o -name '*.csv' -o -name '*.yml' -o -name '*.yaml' \) -not -path '*/target*' -not -path '*/logs*')
	@echo "set-up: dbt manifest"
	@$(BIN)/dbt --quiet parse --no-partial-parse --project-dir $(DBT) --profiles-dir $(DBT)
	@touch $@
