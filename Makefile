# The one front door. `make demo` and `make test` do all the set-up themselves.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

# Without bytecode every Ansible task would compile its imports again.
unexport PYTHONDONTWRITEBYTECODE
# molecule does not read it from ansible.cfg, and would write to the user's home.
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
export PATH := $(CURDIR)/.venv/bin:$(PATH)

WORKFLOWS := $(wildcard .github/workflows/*.yml site/.github/workflows/*.yml)
ACTIONS := $(wildcard site/.github/actions/*/action.yml)

.PHONY: help demo push-demo down test test-all lint unit integration local-cloud molecule molecule-all molecule-roles both-ways faults hosts long browser bench docs collection release collection-lint lock clean environment idle engine

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

demo: ## put the site live on the local cloud, from nothing
	@scripts/prepare_hosts.sh --packages
	@scripts/demo.sh

push-demo: environment ## change the page, push it, and watch the workflow bring it live
	@if ! python -m local_cloud status >/dev/null 2>&1 || [ ! -s build/deployment.json ]; then $(MAKE) --no-print-directory demo; fi
	@python scripts/push_demo.py

down: ## end everything that demo and test started; caches stay
	@scripts/down.sh

# What waits for hosts, beside what computes.
test: engine idle ## all that CI runs (at most 20 minutes on 2 cores)
	scripts/side_by_side.sh "$(MAKE) --no-print-directory molecule local-cloud" "$(MAKE) --no-print-directory lint unit integration"

test-all: engine idle lint unit integration local-cloud both-ways long hosts faults browser collection-lint ## test with all scenarios, whole pipelines under faults, the proof, the status page in a browser and the second dependency line
	scripts/second_line.sh

# ansible-lint checks the syntax of playbooks, which reads the inventory: without its dynamic part, which asks a cloud.
lint: environment ## Python, YAML, Ansible, shell scripts and workflows
	ruff check .
	ruff format --check .
	yamllint --strict .
	scripts/side_by_side.sh scripts/type_check.sh "ANSIBLE_INVENTORY=inventory/local/hosts.yml ansible-lint"
	shellcheck .ci/run scripts/*.sh site/scripts/*.sh
	check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	check-jsonschema --builtin-schema vendor.github-actions $(ACTIONS)
	zizmor --offline --quiet $(WORKFLOWS) $(ACTIONS)

unit: environment ## what needs nothing but Python
	pytest -q -n 2 --dist loadfile -m "not long" tests/unit tests/roles tests/site tests/pipeline_role tests/sanity

# In this order: what has many short tests comes last, and fills the time until both workers have ended.
integration: environment ## modules and playbooks against the local cloud in process
	pytest -q --durations=20 -n 2 --dist loadfile --no-loadscope-reorder -m "not long" \
	  tests/playbooks tests/warm tests/collection tests/iam tests/integration

local-cloud: engine ## the local cloud against itself, real hosts included
	pytest -q --durations=20 -n 2 --dist loadfile -m "not long" tests/local_cloud

# All scenarios take longer than CI should: these are those that show the most in the least time.
molecule: engine ## real hosts, real playbooks: the pipeline, and its end
	molecule test --scenario-name pipeline --scenario-name teardown

molecule-all: engine ## all scenarios: roles, the modules as tasks, changed settings and broken hosts too
	molecule test --all

both-ways: engine ## all scenarios in the warm interpreter and without it; what their results differ in
	python -m tests.molecule.both_ways

molecule-roles: engine ## the scenarios of the roles; HOST_IMAGE=debian:13 takes another system for two of the hosts
	molecule test $(foreach role,codedeploy_agent nginx site_checkout swap,--scenario-name $(role))

# Other runs, more of them, or some parts: make faults SEED=1000 RUNS=100, make faults PARTS="way kills"
faults: engine ## the proof as one table: bad lines, kills, races, hostile revisions, scale, fuzz, and with hosts, under requests
	python -m tests.proof.run $(if $(PARTS),--parts $(PARTS)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(RUNS),--runs $(RUNS)) $(if $(KILLS),--kills $(KILLS)) $(if $(ROUNDS),--rounds $(ROUNDS))

# Some of them are in the proof as well.
hosts: engine ## whole pipelines on booted hosts: faults, HTTPS, fleets, updates, under requests; one test at a time
	pytest -q --durations=20 tests/faults

long: engine ## the tests that take minutes each
	scripts/install_iam_simulate.sh
	pytest -q -n 2 -m long tests/unit
	pytest -q -n 2 --dist loadscope -m long tests/integration tests/playbooks tests/iam tests/local_cloud tests/warm

browser: environment ## the status page in a headless Chromium
	scripts/install_browser.sh
	pytest -q tests/browser

# Beside another build: make bench BASE=REVISION
bench: engine ## how long things take beside what they are compared to, as a table; what the local cloud holds in memory
	python -m tests.bench.run $(if $(BASE),--base $(BASE))
	python -m tests.bench.memory $(if $(BASE),--base $(BASE))

docs: environment ## generate docs/modules from the modules, docs/iam.md from the policies
	python -m scripts.docs
	python -m tests.iam.page

collection-lint: environment ## lint the documentation of the packed collection with antsibull-docs
	scripts/lint_collection.sh

collection: environment ## pack the modules and the roles for hosts, for other projects: build/collection
	python -m scripts.collection

release: environment ## make what a release consists of, in build/release: make release TAG=v0.3.0
	python -m scripts.release $(TAG)

# UPGRADE=--upgrade takes the newest that fit.
lock: environment ## requirements.lock from both pyproject.toml, scripts/antsibull.txt
	.cache/uv/bin/uv pip compile $(UPGRADE) --quiet --universal --generate-hashes --python-version 3.11 \
	  --group install --group test --group lint --all-extras --no-emit-index-url \
	  --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml local_cloud/pyproject.toml
	sed -n 's/^# uses: //p' scripts/antsibull.txt | .cache/uv/bin/uv pip compile --quiet --universal --generate-hashes \
	  --python-version 3.11 --no-emit-index-url --no-annotate --no-header - >build/antsibull.txt
	{ sed '/^# uses: /q' scripts/antsibull.txt; cat build/antsibull.txt; } >build/antsibull.locked
	mv build/antsibull.locked scripts/antsibull.txt

clean: down ## down, and remove the environment and the caches too
	rm -rf .venv .cache build

# The molecule scenarios begin with an empty account.
idle: environment
	@! python -m local_cloud status >/dev/null 2>&1 \
	  || { echo "test: the local cloud of this checkout is running: make down ends it" >&2; exit 1; }

environment:
	@scripts/bootstrap.sh

# The environment too: what both download comes at once.
engine:
	@scripts/prepare_hosts.sh
