PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Running Machi ----------------------------------------------------------------------------------------

run: $(VENV)/.run ## Start Machi on this machine; Ctrl-C stops it, the data stays in .machi
	@$(BIN)/python -m deploy.console --quiet || true
	@exec $(BIN)/machi up

# What runs Machi, installed once; anew when the lock file changes.
$(VENV)/.run: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "No virtual environment: Machi needs Python 3.11 or newer with venv (apt install python3-venv)." >&2; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { rm -rf $(VENV); \
		echo "$$($(PYTHON) --version) is too old: Machi needs Python 3.11 or newer (make run PYTHON=python3.12)." >&2; exit 1; }
	@echo "Installing what Machi needs, this once (a minute or two) …"
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock \
		> $(VENV)/install.log & pid=$$!; \
		while kill -0 $$pid 2>/dev/null; do sleep 0.5; \
			printf '\r  %s of %s packages' "$$(grep -cE '^(Collecting|Requirement already)' $(VENV)/install.log)" \
			"$$(grep -c '==' requirements.lock)"; done; echo; wait $$pid
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

console: $(VENV)/.run ## Build the web console, unless it is built (ARGS=--force: anyhow)
	@$(BIN)/python -m deploy.console $(ARGS)

# --- Working on Machi -------------------------------------------------------------------------------------

test: $(VENV)/.dev ## Run the tests (those that need a TimescaleDB: make timescale)
	$(BIN)/python -m pytest -m "not timescale" -n auto --maxprocesses 4 --dist loadfile $(ARGS)

timescale: $(VENV)/.dev ## Run the tests that need a TimescaleDB against one, without Docker
	$(BIN)/python -m deploy.timescale $(if $(ARGS),-- $(BIN)/python -m pytest -m timescale $(ARGS))

fuzz: $(VENV)/.dev ## Fuzz every decoder, guided by coverage: SECONDS (120 by default)
	$(BIN)/python -c "import atheris" 2>/dev/null || $(BIN)/pip install --quiet "atheris>=2.3"
	$(BIN)/python -m tests.fuzz $(or $(SECONDS),120)

soak: $(VENV)/.dev ## Run the fire drill and the chaos run for long: everything fails in turn (SECONDS each, 1800 by default)
	MACHI_TEST_DRILL_S=$(or $(SECONDS),1800) MACHI_TEST_CHAOS_S=$(or $(SECONDS),1800) $(BIN)/python -m pytest -s \
		-n 0 tests/acceptance/test_fire_drill.py tests/acceptance/test_chaos.py $(ARGS)

conformance: $(VENV)/.dev ## Run the NGSI-LD suite: RUNNER=FILE SUITE=DIR, and ARGS for the runner
	$(BIN)/python -m tests.conformance.run --runner $(RUNNER) --suite $(SUITE) -- $(ARGS)

console-check: $(VENV)/.dev ## Check the console: style, types, unit tests, size
	$(BIN)/python -m deploy.console --check

lint: $(VENV)/.dev ## Check style, format, types and which package imports which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev ## Measure all that we claim about speed (needs mosquitto and wrk; ARGS="--runs 5 --part api")
	$(BIN)/python -m benchmarks.report --runs 1 $(ARGS)

docs: $(VENV)/.dev ## Write the English tables of settings, routes and commands anew
	$(BIN)/python -m tests.docs.tables

lock: $(VENV)/.dev ## Write the lock files anew from pyproject.toml
	env -u PIP_FIND_LINKS -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL $(BIN)/pip-compile $(LOCK) -o requirements.lock pyproject.toml
	env -u PIP_FIND_LINKS -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL $(BIN)/pip-compile $(LOCK) --extra dev -o requirements-dev.lock pyproject.toml

LOCK := --quiet --generate-hashes --strip-extras --allow-unsafe --build-deps-for editable --no-annotate \
	--no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

# The tools of the developers, on top of what runs Machi.
$(VENV)/.dev: requirements-dev.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "No virtual environment: Machi needs Python 3.11 or newer with venv (apt install python3-venv)." >&2; exit 1; }
	@echo "Installing what the tests and checks need (a minute or two) …"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: help run console console-check test timescale fuzz soak conformance lint bench docs lock
