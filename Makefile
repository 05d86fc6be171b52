# `make` alone prints this help.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
READY := $(VENV)/.ready
HOME_DIR := .wedsync

.DEFAULT_GOAL := help
.PHONY: help demo up up-celery test test-nightly check bench clean

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## the whole story on an embedded PostgreSQL: back up, lose a wedding, bring it back, find damage
	$(RUN)/wedsync-dr demo

up: $(READY) ## the same platform with the Dagster UI left open; Ctrl-C ends it
	$(RUN)/wedsync-dr up

up-celery: $(READY) ## the same with two Celery workers and Redis between, as on several machines
	$(RUN)/wedsync-dr up --workers 2

test: $(READY) ## the test suite, on a PostgreSQL of its own
	$(RUN)/pytest -n auto --dist loadfile --no-loadscope-reorder --cov=wedsync_dr --cov-branch --cov-report=term:skip-covered --cov-fail-under=85

test-nightly: $(READY) ## random worlds by the hundred: ownership against the slow reference
	$(RUN)/pytest --hypothesis-profile=nightly wedsync_dr_tests/scope

check: $(READY) ## format, lint, types, layers
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports

bench: $(READY) ## 5,000 weddings, against PostgreSQL's own tools; writes docs/benchmarks.md
	$(RUN)/python -m benchmarks

clean: ## stop and remove the embedded server, its data, the demo's vault, and the virtual environment
	@if [ -x $(RUN)/wedsync-dr ]; then $(RUN)/wedsync-dr demo --remove; fi
	rm -rf $(HOME_DIR) $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .import_linter_cache

# uv installs from the same hashed lock in seconds; where it cannot be had, pip does it in a minute or two.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	$(RUN)/pip install --quiet uv==0.13.9 && $(RUN)/uv pip install --quiet --python $(RUN)/python --require-hashes -r requirements.lock \
		|| $(RUN)/pip install --quiet --require-hashes -r requirements.lock
	$(RUN)/pip install --quiet --no-deps -e .
	touch $(READY)
