# Hourglass: `make demo` shows the whole chain, `make test` proves it. Each target does its own set-up.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

BIN := .venv/bin
export VIRTUAL_ENV := $(CURDIR)/.venv
unexport PYTHONDONTWRITEBYTECODE # a demo starts thirty processes, and each would compile the project again
DBT := orchestration/dbt
MAVEN_SBOM := mvn -q -B -ntp org.cyclonedx:cyclonedx-maven-plugin:2.9.1:makeBom -DoutputFormat=json \
  -DoutputDirectory=$(CURDIR)/.tools/sbom

.PHONY: help setup demo demo-containers benchmark test test-quick test-long test-unit test-java test-faults test-servers test-bi test-clients \
  test-containers test-containers-faults test-containers-chain test-containers-small test-machines check alerts terraform record-requests sbom audit format lock lock-superset lock-clients lock-jars lock-tools images clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

setup: .venv/.synced .runtime/.installed .tools/.kubernetes $(DBT)/target/manifest.json ## install everything that demo and test need

demo: setup ## the whole chain on this machine, with a proof table; ONCE=1 exits by itself
	@$(BIN)/hourglass demo $(if $(ONCE),--once)

images: setup ## an engine if none runs, docker compose, and every image of infra/docker
	@infra/docker/bootstrap

demo-containers: images ## the chain in containers, with its proof table; `docker compose down` stops it
	@docker compose up --wait
	@docker compose run --rm simulator
	@docker compose run --rm hourglass status --wait 600

benchmark: setup ## the landing job beside its peers: hours of measuring, see benchmarks/landing/README.md
	@$(BIN)/python -m benchmarks.landing run $(if $(OPTIONS),$(OPTIONS),--kill)

test: setup ## every test but the long ones: unit, Java, faults, hostile records, daemon and chain on real servers
	@$(MAKE) --no-print-directory -j 3 test-java test-servers test-faults test-unit

test-quick: setup ## the unit tests of Python and Java without the slow ones, in under two minutes
	@$(BIN)/python -m pytest tests/unit -n 2 --dist loadfile -m "not slow and not long" -q
	@mvn -q -B -ntp -f flink_jobs/java/pom.xml test -DexcludedGroups=slow

# HOURGLASS_RANDOM_DOCUMENTS: YAML documents that are applied and edited at the local Snowflake, 2,000 in about ten minutes
test-long: setup alerts ## what test leaves out (mark long), alerts, a million documents, random faults of ten seeds or HOURGLASS_FAULT_ROUNDS
	@$(BIN)/python -m pytest tests -m long
	@$(BIN)/python -m pytest tests/unit -m hypothesis --hypothesis-profile thorough -n 2
	@mvn -q -B -ntp -f flink_jobs/java/pom.xml test -Dtest=EventScannerAgainstJacksonTest
	@HOURGLASS_FAULT_ROUNDS=$${HOURGLASS_FAULT_ROUNDS:-10} $(BIN)/python -m pytest tests/faults/test_random_faults.py -n 2

test-unit: setup
	@$(BIN)/python -m pytest tests/unit tests/acceptance -n 2 --dist loadfile -m "not long"

test-java: setup
	@mvn -B -ntp -f flink_jobs/java/pom.xml verify -Ddocuments=100000 | grep -vE '^\[INFO\] *$$'
	@mvn -B -ntp -f infra/local/s3_server/pom.xml verify | grep -vE '^\[INFO\] *$$'

test-faults: setup
	@$(BIN)/python -m pytest tests/faults -n 2 --dist loadfile --no-loadscope-reorder -m "not long"

test-servers: setup
	@$(BIN)/python -m pytest tests/hostile tests/integration -m "not long"
	@$(BIN)/python -m pytest tests/daemon -m "not long"

test-bi: setup ## the BI client against a real Superset, which the first run installs below .tools (700 MB)
	@$(BIN)/python -m pytest tests/bi -m bi

test-clients: setup ## dbt, SQLAlchemy, Snowpark, Dagster, snow and dlt against the local Snowflake; installs them below .tools
	@$(BIN)/python -m pytest tests/clients -m clients

test-machines: setup ## a machine of a cluster is lost; network namespaces, which need root
	@$(BIN)/python -m pytest tests/machines -m machines

ON_CONTAINERS := $(BIN)/python -m pytest --stack containers -m "either_stack or containers"
# Exit code 2: no engine; the session says so, too, and fails unless containers are optional.
images = KAFKA_IMAGE=$${HOURGLASS_KAFKA_IMAGE:-apache/kafka:4.2.0} infra/docker/bootstrap $(1) || \
  { [ $$? = 2 ] && [ "$${HOURGLASS_CONTAINERS:-}" = optional ]; }

test-containers: setup ## one suite on containers: chain, kills, refusals, secured brokers, cut networks; makes the images first
	@$(call images,kafka postgres landing-job object-store local-snowflake dagster producer)
	@$(MAKE) --no-print-directory -j 2 test-containers-faults test-containers-chain

test-containers-faults: setup
	@$(ON_CONTAINERS) tests/faults tests/containers

test-containers-chain: setup
	@$(ON_CONTAINERS) tests/integration

test-containers-small: setup ## the smallest part of it: engine, images, and one stream from broker to Snowflake
	@$(call images,kafka landing-job object-store local-snowflake)
	@$(ON_CONTAINERS) tests/containers/test_documentation.py

check: setup ## what CI asks of the text: format, lint, types, imports, definitions, columns, manifests
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .
	@$(BIN)/dg check toml
	@$(BIN)/dg check defs
	@$(BIN)/python -m orchestration.stream.column_contract
	@$(BIN)/python -m infra.kubernetes.validate
	@echo "check: all good"

alerts: setup .tools/.prometheus ## every alert rule on recorded series, and the dashboards' expressions; needs Go, which builds promtool
	@$(BIN)/python -m infra.prometheus.validate

terraform: ## format, validate and test the modules: needs Terraform, and its registry or a mirror of it
	@terraform -chdir=infra/terraform fmt -check -recursive
	@for folder in infra/terraform/modules/* infra/terraform/examples/*; do echo "terraform: $$folder"; \
	  terraform -chdir=$$folder init -backend=false -input=false > /dev/null; \
	  terraform -chdir=$$folder validate; terraform -chdir=$$folder test; done

record-requests: setup ## record what the landing job and Dagster ask of the bucket, for the policies of their roles
	@HOURGLASS_RECORD_REQUESTS=1 $(BIN)/python -m pytest -q tests/faults/test_recorded_requests.py
	@HOURGLASS_RECORD_REQUESTS=1 $(BIN)/python -m pytest -q tests/daemon/test_recorded_requests.py

sbom: .tools/supply-chain/.synced ## bills of material (CycloneDX) of Python and Java, into .tools/sbom
	@mkdir -p .tools/sbom
	@.tools/supply-chain/bin/cyclonedx-py requirements requirements.lock --output-reproducible \
	  --pyproject pyproject.toml --output-file .tools/sbom/python.cdx.json
	@for profile in broker flink-lib flink-s3; do \
	  $(MAVEN_SBOM) -f flink_jobs/java/pom.xml -P $$profile -DoutputName=$$profile.cdx; done
	@$(MAVEN_SBOM) -f infra/local/s3_server/pom.xml -DoutputName=s3.cdx

audit: .tools/supply-chain/.synced ## known vulnerabilities of the locked packages; needs pypi.org's JSON API
	@.tools/supply-chain/bin/pip-audit --requirement requirements.lock --require-hashes --disable-pip --strict

format: setup ## format and repair what ruff can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: .tools/bin/uv ## write requirements.lock anew from pyproject.toml
	@.tools/bin/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-find-links \
	  --no-emit-index-url --quiet --output-file requirements.lock

lock-jars: setup ## write the hashes of the jars that Maven fetches anew
	@$(BIN)/python -m infra.local.jars

lock-tools: .tools/bin/uv ## write the lock of the tools of sbom and audit anew
	@cd infra/supply_chain && $(CURDIR)/.tools/bin/uv pip compile requirements.in --universal --python-version 3.11 \
	  --generate-hashes --no-emit-find-links --no-emit-index-url --custom-compile-command "make lock-tools" --quiet \
	  --output-file requirements.lock

lock-superset: .tools/bin/uv ## write the lock of the Superset of test-bi anew from superset.in
	@cd tests/bi/superset && $(CURDIR)/.tools/bin/uv pip compile superset.in --universal --python-version 3.11 --generate-hashes \
	  --no-emit-find-links --no-emit-index-url --custom-compile-command "make lock-superset" --quiet --output-file superset.lock

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

.tools/supply-chain/.synced: infra/supply_chain/requirements.lock | .tools/bin/uv
	@.tools/bin/uv venv --quiet --allow-existing --python .tools/bin/python .tools/supply-chain
	@VIRTUAL_ENV=.tools/supply-chain .tools/bin/uv pip sync --quiet --require-hashes $<
	@touch $@

.venv/.synced: requirements.lock pyproject.toml | .tools/bin/uv
	@echo "set-up: Python packages"
	@infra/local/setup.sh python
	@touch $@

.runtime/.installed: .venv/.synced flink_jobs/flink/home.py $(shell find flink_jobs/java/pom.xml flink_jobs/java/src/main \
  infra/local/s3_server/pom.xml infra/local/s3_server/src/main -type f)
	@echo "set-up: jars and the Flink home"
	@$(BIN)/python -m infra.local.runtime
	@touch $@

.tools/.kubernetes: infra/kubernetes/tools.py infra/kubernetes/kubectl.txt | .venv/.synced
	@echo "set-up: kubectl, where there is none, and the schema of Flink's operator"
	@$(BIN)/python -m infra.kubernetes.tools
	@touch $@

.tools/.prometheus: infra/prometheus/promtool/go.mod infra/prometheus/promtool/go.sum | .venv/.synced
	@echo "set-up: promtool, from its Go module"
	@$(BIN)/python -m infra.prometheus.validate install
	@touch $@

# Partial parsing keeps the references to a model that was disabled, so the project is always parsed in full. A folder is
# newer than the manifest when a file was removed from it.
$(DBT)/target/manifest.json: .venv/.synced $(shell find $(DBT) -mindepth 1 \( -type d -o -name '*.sql' -o -name '*.py' \
  -o -name '*.csv' -o -name '*.yml' -o -name '*.yaml' \) -not -path '*/target*' -not -path '*/logs*')
	@echo "set-up: dbt manifest"
	@$(BIN)/dbt --quiet parse --no-partial-parse --project-dir $(DBT) --profiles-dir $(DBT)
	@touch $@
