# The commands of the README, and the developers' ones. `make help` lists them.
# Needs Python >= 3.11, git and make; Go comes from a wheel where the host has none.

PYTHON ?= python3
VENV ?= .venv
ENV ?= staging
ARGS ?=
REPORT ?=
export TAG ?=
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
FLUX_TENANCY := $(BIN)/flux-tenancy
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help certify test test-kind test-upgrade mutants bench unchanged kind-lab kind-lab-down kind-lab-env lint format catalog surface parity kill-matrix
.PHONY: upgrade-tools certificates publish-certificates added-upgrades dist install lock toolchain toolchain-operator doctor unit clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  ENV=staging|production|all chooses the environment, ARGS=… is passed on, REPORT=folder keeps the report there"

certify: $(STAMP) ## certify tenant isolation on the embedded control plane; prints the verdict
	@$(FLUX_TENANCY) run --environment $(ENV) $(if $(REPORT),--report $(REPORT)) $(ARGS)

test: $(STAMP) ## the tests: unit, plugin, components, certifications by both routes, mutants (not test-kind, not test-upgrade)
	$(FLUX_TENANCY) toolchain build --variants
	$(FLUX_TENANCY) toolchain build --set operator
	$(BIN)/pytest -q tests/unit tests/plugin
	$(BIN)/pytest -v --durations=15 tests/components tests/certification $(ARGS)

test-kind: $(STAMP) ## the tests that need a container engine: provider, certification and network mutants on Kind
	$(BIN)/pytest -v --durations=15 $(or $(TESTS),tests/kind) $(ARGS)

test-upgrade: upgrade-tools ## the tests of an upgrade, under attack and certified; builds the controllers of Flux 2.9.5
	$(BIN)/pytest -v --durations=15 tests/upgrade $(ARGS)

upgrade-tools: $(STAMP)
	$(FLUX_TENANCY) toolchain build $(FRUGAL)
	$(FLUX_TENANCY) toolchain build $(FRUGAL) --set operator
	$(FLUX_TENANCY) toolchain build $(FRUGAL) --flux-version 2.9.5 flux source-controller kustomize-controller helm-controller

unit: $(STAMP) ## the fast tests: no cluster, no toolchain
	$(BIN)/pytest tests/unit tests/plugin $(ARGS)

mutants: $(STAMP) ## remove one control at a time, and see the checks turn red
	@$(FLUX_TENANCY) mutants --environment $(ENV) $(if $(REPORT),--report $(REPORT)) $(ARGS)

bench: $(STAMP) ## measure phases, checks per second and memory over several runs
	@$(BIN)/python tests/bench.py $(ARGS)

unchanged: $(STAMP) ## certify one release RUNS times (21) and compare every two runs: each difference is a false one
	@$(BIN)/python tests/unchanged.py --environment $(ENV) --runs $(or $(RUNS),21) $(ARGS)

kind-lab: $(STAMP) ## a container engine and a Kind node image, on a Debian host that has neither (root)
	@$(BIN)/python hack/kind-lab up $(if $(FORCE),--force)

kind-lab-down: $(STAMP) ## end that engine and its clusters; PURGE=1 removes its files too, FORCE=1 ends live runs
	@$(BIN)/python hack/kind-lab down $(if $(PURGE),--purge) $(if $(FORCE),--force)

kind-lab-env: $(STAMP)
	@$(BIN)/python hack/kind-lab env

lint: $(STAMP) ## ruff, mypy --strict, import-linter, shellcheck, actionlint, zizmor
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=hack/kind-lab $(BIN)/mypy --package kind_lab
	$(BIN)/lint-imports
	git ls-files -z '*.sh' .ci/run .ci/kind .ci/upgrade $(addprefix hack/kind-lab/node/,entrypoint systemctl journalctl crictl) | xargs -0r $(BIN)/shellcheck
	$(FLUX_TENANCY) toolchain run actionlint -- -shellcheck $(BIN)/shellcheck -pyflakes= -color
	$(BIN)/zizmor --offline --persona pedantic --no-progress --quiet .github action.yml

format: $(STAMP) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

catalog: $(STAMP) ## write docs/catalog.md anew from the checks
	$(FLUX_TENANCY) list --format markdown > docs/catalog.md

surface: $(STAMP) ## write docs/surface.md anew: what there is to check in FLUX (2.9.5), and who looks at it
	$(FLUX_TENANCY) surface $(or $(FLUX),2.9.5) --format markdown > docs/surface.md

parity: $(STAMP) ## certify on the embedded control plane and on Kind, and compare; REPORT=folder also writes docs/parity.md
	@$(FLUX_TENANCY) parity --environment $(ENV) $(if $(REPORT),--report $(REPORT) --markdown docs/parity.md) $(ARGS)

kill-matrix: $(STAMP) ## write docs/kill-matrix.md anew from the report of a run with all mutants (REPORT=folder)
	$(FLUX_TENANCY) report --kill-matrix docs/kill-matrix.md $(REPORT)

certificates: $(STAMP) ## write certificates/README.md anew, the index of published certificates
	$(FLUX_TENANCY) certificates

publish-certificates: $(STAMP) ## put the certificates in NEW=folder on a branch, open or refresh its pull request (the workflow does it)
	@FLUX_TENANCY=$(FLUX_TENANCY) hack/publish-certificates.sh

added-upgrades: $(STAMP) ## print as JSON the upgrades to the Flux releases that were added since the commit BEFORE
	@since=$$(mktemp); trap 'rm -f "$$since"' EXIT; \
	if [[ "$${BEFORE:-}" =~ ^[0-9a-f]{40,64}$$ ]] && git show "$$BEFORE:toolchain/flux-releases.yaml" > "$$since" 2>/dev/null; then \
	  $(FLUX_TENANCY) toolchain upgrades --since "$$since"; \
	else \
	  echo "$${GITHUB_ACTIONS:+::warning::}nothing is known of the commit '$${BEFORE:-}' (a first or a forced push):" \
	    "the newest upgrade is taken, whatever was added" >&2; \
	  $(FLUX_TENANCY) toolchain upgrades; \
	fi

lock: $(STAMP) ## write the hashed requirement files anew from pyproject.toml
	for set in "runtime:" "toolchain:--extra toolchain" "dev:--group dev --extra kind"; do \
	  env -u PIP_FIND_LINKS $(BIN)/uv pip compile pyproject.toml $${set#*:} --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet --upgrade \
	    --output-file requirements/$${set%%:*}.txt; \
	done

dist: $(STAMP) ## build wheel and sdist into dist/; TAG=v1.2.3 must be the version
	@version="v$$($(BIN)/hatchling version)"; \
	if [ "$${TAG:-$$version}" != "$$version" ]; then \
	  echo "make: the tag is $$TAG, the version $$version; next: set it in conformance/__init__.py" >&2; exit 1; \
	fi
	rm -rf dist
	$(BIN)/hatchling build

install: $(STAMP) ## install into .venv, and nothing else

toolchain: $(STAMP) ## build every binary that a certification needs
	$(FLUX_TENANCY) toolchain build

toolchain-operator: $(STAMP) ## build the Flux Operator, for --flux-bootstrap operator
	$(FLUX_TENANCY) toolchain build --set operator

doctor: $(STAMP) ## look at this machine: what a run needs, and whether it is there
	$(FLUX_TENANCY) doctor

clean: ## remove the virtual environment and what tests left (the toolchain's cache stays)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist

$(STAMP): requirements/dev.txt pyproject.toml
	@echo "[make] installing Python packages into $(VENV)" >&2
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	@command -v go >/dev/null || $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/toolchain.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)
