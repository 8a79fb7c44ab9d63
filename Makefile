# bicoastal: `make demo` rehearses a failover, `make test` runs everything.
# Both install what is missing (a virtual environment in .venv, MariaDB's server and Chromium by apt) and are quick afterwards.

PYTHON ?= python3
SUDO   := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
BIN    := .venv/bin
JOBS   ?= 2
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

.PHONY: help demo drills mutants test lint format bench peers requirements clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/lab mariadb ## Rehearse: deploy, lose the primary, fail over, judge
	@$(BIN)/bicoastal drill $(DRILL)

drills: .venv/lab mariadb ## Rehearse every scenario, half an hour; the records go to drills.json
	@$(BIN)/bicoastal drill --quiet --scenario all --json drills.json

mutants: .venv/lab mariadb ## Deploy each scenario's mutant: a requirement has to notice it
	@$(BIN)/bicoastal drill --quiet --scenario all --broken --json mutants.json

test: .venv/dev mariadb chromium ## Run every test with coverage (100 % of lines and branches)
	@rm -rf .coverage && mkdir .coverage
	$(BIN)/coverage run -m pytest -n $(JOBS) --dist worksteal $(PYTEST)
	@$(BIN)/coverage combine -q && $(BIN)/coverage report

lint: .venv/dev ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/dev ## Format the sources
	$(BIN)/ruff check --fix-only -q . ; $(BIN)/ruff format .

bench: .venv/dev mariadb ## Print measurements side by side
	$(BIN)/python -m benchmarks

peers: .venv/dev .venv/peers/bin/patroni mariadb ## Compare with other ways to fail over, same faults for each
	$(BIN)/python -m benchmarks.peers $(PEERS)

requirements: .venv/build ## Pin the newest versions that pyproject.toml allows
	$(COMPILE) requirements/build.in -o requirements/build.txt --upgrade
	$(COMPILE) pyproject.toml -o requirements/base.txt --upgrade
	$(COMPILE) pyproject.toml --extra lab -o requirements/lab.txt --upgrade
	$(COMPILE) pyproject.toml --extra policy -o requirements/policy.txt --upgrade
	$(COMPILE) requirements/patroni.in -o requirements/patroni.txt --upgrade
	$(COMPILE) pyproject.toml --extra lab --extra policy --extra dev -o requirements/dev.txt --upgrade
	$(COMPILE) requirements/cfn-lint.in -o requirements/cfn-lint.txt --upgrade

clean: ## Remove the environment and every cache
	rm -rf .venv .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis

# ---- what is missing is installed ------------------------------------------------------------

.PHONY: mariadb
mariadb:
	@command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || { \
	  echo "installing mariadb-server-core (the server's files only: no service, no data)"; \
	  $(SUDO) apt-get update -qq && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mariadb-server-core >/dev/null; }
	@command -v openssl >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq openssl >/dev/null; }

.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  echo "installing chromium (the tests open the report in it)"; \
	  $(SUDO) apt-get update -qq && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; }

.venv/build: requirements/build.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "bicoastal needs Python 3.11 or newer; this is $$($(PYTHON) --version). Name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null; }
	@echo "creating .venv (once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@

# The system's own Python, where there is one: PostgreSQL's user must be able to read it.
.venv/peers/bin/patroni: requirements/patroni.txt .venv/build
	@echo "installing requirements/patroni.txt in .venv/peers (once)"
	@$(BIN)/uv venv -q --clear --python $(firstword $(wildcard /usr/bin/python3) $(PYTHON)) .venv/peers
	@$(BIN)/uv pip install -q --python .venv/peers/bin/python --require-hashes -r $<
	@touch $@

.venv/lab .venv/dev: .venv/%: requirements/%.txt .venv/build pyproject.toml
	@echo "installing requirements/$*.txt (once)"
	@$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode --require-hashes -r $<
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@
