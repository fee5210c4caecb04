# Each target sets up what it needs by itself. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
STATE ?= .run
# Params of the DAG for `make run`, as JSON: make run PARAMS='{"on_missing": "deactivate"}'
PARAMS ?=
# The shell takes them from the environment: no letter in them can end its quotes.
export STATE PARAMS

# Older ones take a pinned package and the same one with an extra for two (Python 3.10 and 3.11 bring older ones).
PIP := 'pip>=24'

STAMP := .venv/.set-up
LOG := .run/logs/setup.log
BIN := .venv/bin
STRICT := */oduyo_provider/core/*,*/oduyo_provider/api/*
# More for pytest, without the thresholds: make test ARGS="tests/unit -k guard"
ARGS ?=

# All tests: so many at once, one more than two cores hold, as many wait for a browser or for Airflow. Those of a file run one
# after the other, as they share what they start.
JOBS ?= 3
WHOLE = $(if $(ARGS),,-n $(JOBS) --dist loadfile --no-loadscope-reorder)

# A checkout may be read-only to others, and compiled files of its own are of no use to anybody.
export PYTHONDONTWRITEBYTECODE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONPATH :=

.PHONY: help setup run ui test unit test-wheel dist sbom matrix documents chaos bench lint docs messages lock clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

setup: $(STAMP) ## make .venv with everything that is needed (by itself, and again when requirements.lock changes)

# The stamp is taken away first and written last: a setup that was killed is done again from its beginning.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || { \
	  echo "$(PYTHON) is $$($(PYTHON) --version 2>&1 || true), but Python 3.10 to 3.13 is needed." \
	    "Install one, then name it: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.12" >&2; exit 1; }
	@mkdir -p .run/logs 2>/dev/null && [ -w . ] && [ ! -e .venv -o -w .venv ] || { \
	  echo "This checkout needs its .venv made$$([ ! -e $(STAMP) ] || echo ' anew'), and you may not write in $$PWD." \
	    "Copy it to a folder of your own, then run make there." >&2; exit 1; }
	@[ -e $(STAMP) ] || rm -rf .venv
	@rm -f $(STAMP)
	@echo "Setting up .venv ($$([ -x $(BIN)/python ] && $(BIN)/python --version || $(PYTHON) --version)), which takes a minute or two (log: $(LOG))"
	@{ { [ -x $(BIN)/python ] || $(PYTHON) -m venv .venv; } && \
	  if command -v uv; then \
	    export UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV="$$PWD/.venv" && \
	    uv pip install --python $(BIN)/python --require-hashes -r requirements.lock && \
	    uv pip install --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	  else \
	    $(BIN)/python -m pip install --no-compile $(PIP) && \
	    $(BIN)/python -m pip install --no-compile --require-hashes -r requirements.lock && \
	    $(BIN)/python -m pip install --no-compile --no-deps --no-build-isolation -e .; \
	  fi; } > $(LOG) 2>&1 || { tail -n 20 $(LOG) >&2; \
	    echo "Setting up failed: the lines above are the end of $(LOG). Mend it, then run make again." >&2; exit 1; }
	@# Without compiled files every Airflow process compiles thousands of them again. Some packages carry files for
	@# other Python versions, which do not compile and are not needed.
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q -j 0 .venv/lib > .run/logs/compile.log 2>&1 || true
	@touch $(STAMP)

run: $(STAMP) ## the whole way once: demo ERP, local Ödüyo, real Airflow; shows what was done
	@exec $(BIN)/python -m sandbox.demo run --state "$$STATE" --params "$$PARAMS"

ui: $(STAMP) ## the same, and stays: Airflow's UI at 127.0.0.1:8080 until Ctrl-C
	@exec $(BIN)/python -m sandbox.demo ui --state "$$STATE"

# pytest's summary is the last thing that is printed, unless a threshold is not reached.
test: export COVERAGE_FILE := .run/coverage
test: $(STAMP) ## all tests; core and api must be covered wholly, the rest by 90 %
	@mkdir -p .run/logs
	@$(BIN)/python -m pytest $(WHOLE) --cov --cov-branch --cov-report=term $(ARGS)
	@[ -n "$(ARGS)" ] || $(BIN)/coverage report --include='$(STRICT)' --fail-under=100 > .run/logs/coverage.log || { cat .run/logs/coverage.log >&2; \
	  echo "core and api are not covered wholly: the lines above name what no test reaches." >&2; exit 1; }
	@[ -n "$(ARGS)" ] || $(BIN)/coverage report --omit='$(STRICT)' --fail-under=90 > .run/logs/coverage.log || { cat .run/logs/coverage.log >&2; \
	  echo "Less than 90 % is covered: the lines above name what no test reaches." >&2; exit 1; }

unit: $(STAMP) ## the unit tests without the slow ones, in less than a minute
	@$(BIN)/python -m pytest tests/unit -m "not slow" $(ARGS)

# Some 40 minutes on two cores; each seed may run on any of them.
chaos: $(STAMP) ## two thousand seeded schedules, 150 real kills and suspensions, and what they find, as a table
	@CHAOS=all $(BIN)/python -m pytest tests/chaos -m chaos $(if $(ARGS),,-n $(JOBS) --dist worksteal) $(ARGS)

bench: $(STAMP) ## measurements, each beside its bound
	@$(BIN)/python -m bench $(ARGS)

WHEEL := .run/wheel
test-wheel: $(STAMP) ## all tests again, with the built wheel installed instead of this checkout
	@rm -rf $(WHEEL) && mkdir -p $(WHEEL) .run/logs
	@{ $(BIN)/python -m build --wheel --no-isolation --outdir $(WHEEL) . && $(PYTHON) -m venv $(WHEEL)/venv && \
	  if command -v uv; then \
	    export UV_PYTHON_DOWNLOADS=never && \
	    uv pip install --python $(WHEEL)/venv/bin/python --require-hashes -r requirements.lock && \
	    uv pip install --python $(WHEEL)/venv/bin/python --no-deps $(WHEEL)/*.whl; \
	  else \
	    $(WHEEL)/venv/bin/python -m pip install --no-compile $(PIP) && \
	    $(WHEEL)/venv/bin/python -m pip install --no-compile --require-hashes -r requirements.lock && \
	    $(WHEEL)/venv/bin/python -m pip install --no-compile --no-deps $(WHEEL)/*.whl; \
	  fi && { env -u PYTHONDONTWRITEBYTECODE $(WHEEL)/venv/bin/python -m compileall -q -j 0 $(WHEEL)/venv/lib || true; }; \
	} > .run/logs/wheel.log 2>&1 || { tail -n 20 .run/logs/wheel.log >&2; exit 1; }
	@$(WHEEL)/venv/bin/python -m pytest $(WHOLE) $(ARGS)

dist: $(STAMP) ## the wheel and the sdist, in dist/
	@rm -rf dist
	@$(BIN)/python -m build --no-isolation --outdir dist . > .run/logs/dist.log 2>&1 || { tail -n 20 .run/logs/dist.log >&2; exit 1; }
	@ls -1 dist/*

matrix: dist ## what an install would change, and the wheel on Python 3.10 to 3.13, with the oldest and the newest dependencies (needs uv)
	@tests/system/install.sh dist/*.whl
	@tests/system/matrix.sh dist/*.whl

# Not pinned by the lock file: it reads what we install and is no part of it.
SBOM := 'cyclonedx-bom>=7.5,<8'
sbom: ## what the wheel brings along, as a CycloneDX list in dist/ (needs uv)
	@command -v uv > /dev/null || { echo "make sbom needs uv. Install it, then try again." >&2; exit 1; }
	@mkdir -p dist .run
	@rm -rf .run/sbom && uv venv --quiet --python "$(PYTHON)" .run/sbom
	@uv pip install --quiet --python .run/sbom/bin/python --constraint requirements.lock .
	@uvx --quiet --from $(SBOM) cyclonedx-py environment .run/sbom/bin/python --pyproject pyproject.toml --mc-type library \
	  --output-reproducible --output-file dist/airflow-provider-oduyo.cdx.json
	@rm -rf .run/sbom
	@ls -1 dist/*.cdx.json

# Some ten minutes for the way beside an Airflow (ARGS="--only integrator"), twice that for all.
documents: $(STAMP) ## every command of every document, run as it stands there
	@$(BIN)/python tests/system/documents.py $(ARGS)

lint: $(STAMP) ## style, format, types, and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo

docs: $(STAMP) ## make docs/reference anew from the code
	@$(BIN)/python docs/reference.py

# The catalogues hold no dates and no line numbers, so that they change only when a text does.
LOCALE := plugins/oduyo_provider/locale
EXTRACT = $(BIN)/pybabel -q extract --omit-header \
  -F babel.cfg -k gettext_noop --sort-output --add-location=file --no-wrap
messages: $(STAMP) ## the catalogues of messages anew: extract, update, compile
	@$(EXTRACT) --output=$(LOCALE)/oduyo_provider.pot plugins/oduyo_provider
	@$(BIN)/pybabel -q update --domain=oduyo_provider --input-file=$(LOCALE)/oduyo_provider.pot --output-dir=$(LOCALE) \
	  --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap
	@$(BIN)/pybabel -q compile --domain=oduyo_provider --directory=$(LOCALE)

lock: $(STAMP) ## resolve requirements.lock anew (needs uv)
	@command -v uv > /dev/null || { echo "make lock needs uv. Install it, then try again." >&2; exit 1; }
	@uv pip compile --quiet --universal --generate-hashes --python-version 3.10 --group dev \
	  --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

clean: ## stop what make ui left, and remove .venv, .run and caches
	@if [ -x $(BIN)/python ] && [ -d .run ]; then $(BIN)/python -m sandbox.demo stop --remove || true; fi
	@rm -rf .venv .run .coverage .import_linter_cache htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
