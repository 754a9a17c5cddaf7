# The commands of the course planner; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run test test-fast test-wide test-postgresql test-slow test-faults test-strangers lint format texts bench bench-killed bench-feeds bench-scale pictures wheel lock sbom clean

PORT ?= 8000
SECONDS ?= 600
SEED ?= 1
DATABASE ?= sqlite
BIN := .venv/bin
# Whatever carries one of these marks runs after the fast tests.
SLOW := slow or browser or clients or faults
# The fast and the wide ones run beside one another; the slow ones measure and fill the machine, so each runs alone.
BESIDE := $(BIN)/pytest -n auto --dist worksteal
FAST_TESTS := $(BESIDE) -m "not ($(SLOW) or wide)"
WIDE_TESTS := $(BESIDE) -m "wide and not ($(SLOW))"
# Those of both that ask a database, on a PostgreSQL server that they start themselves.
TESTS_AGAIN := $(BESIDE) -m "not ($(SLOW))" --database postgresql
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	$(if $(UPGRADE),--upgrade)

export UV_SYSTEM_CERTS := true

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install all that the program needs; leaves .venv/bin/planner
	@tools/setup.sh runtime compiled

run: ## set up, make the demo clinic if there is none, serve it on http://127.0.0.1:8000 (PORT=8001 for another)
	@tools/setup.sh runtime
	@$(BIN)/planner demo
	@exec $(BIN)/planner serve --port $(PORT)

test: ## all tests: fast and wide ones on SQLite and PostgreSQL, then the slow ones (installs Chromium and calendar programs)
	@tools/setup.sh dev compiled chromium clients
	$(FAST_TESTS)
	$(WIDE_TESTS)
	$(TESTS_AGAIN)
	$(BIN)/pytest -m "$(SLOW)"

test-fast: ## only the fast tests
	@tools/setup.sh dev compiled
	$(FAST_TESTS)

test-wide: ## only the wide tests: further cases, long searches, whole programs
	@tools/setup.sh dev compiled
	$(WIDE_TESTS)

test-postgresql: ## the fast and wide tests that ask a database, on PostgreSQL
	@tools/setup.sh dev compiled
	$(TESTS_AGAIN)

test-slow: ## only the slow tests: browser, calendar programs, faults, packaging
	@tools/setup.sh dev compiled chromium clients
	$(BIN)/pytest -m "$(SLOW)"

test-faults: ## the thirty faults: kills, locks, full disks, clocks, strangers; ends with a table of what was lost
	@tools/setup.sh dev compiled
	$(BIN)/pytest -m faults

test-strangers: ## ask every page for everything as each role, SECONDS=600 in all (DATABASE=postgresql, SEED=2); ends with a table
	@tools/setup.sh dev compiled
	PLANNER_STRANGERS_SECONDS=$(SECONDS) PLANNER_STRANGERS_SEED=$(SEED) $(BIN)/pytest tests/strangers --database $(DATABASE)

lint: ## ruff, mypy --strict, and which module may import which
	@tools/setup.sh dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: ## put the code into the form that lint checks
	@tools/setup.sh dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

texts: ## bring the catalogues in planner/locale up to date (AREA=diary for one); then translate what is empty
	@tools/setup.sh runtime
	@$(BIN)/python tools/texts.py $(AREA)

bench: ## measure all that benchmarks/ measures (an hour) into benchmarks/RESULTS.md (BENCH="--share 0.1 --seeds 201": quick)
	@tools/setup.sh dev compiled
	$(BIN)/python -m benchmarks $(BENCH)

bench-killed: ## kill servers and workers on PostgreSQL for five minutes of work; writes benchmarks/KILLED.md
	@$(BIN)/python -m benchmarks.killed

bench-feeds: ## measure how fast calendars are answered, beside Radicale; writes benchmarks/FEEDS.md
	@tools/setup.sh dev
	@$(BIN)/python -m benchmarks.feeds

bench-scale: ## measure 1,000,000 appointments of 200 clinics beside 10,000, and a year of 1,000 clinics (SCALE="--share 0.05 --minutes 1": quick)
	@tools/setup.sh dev compiled
	@$(BIN)/python -m benchmarks.scale $(SCALE)

pictures: ## take the pictures of docs/img and of the help pages anew
	@tools/setup.sh dev chromium
	PLANNER_PICTURES=docs/img $(BIN)/pytest tests/browser/test_tour.py
	PLANNER_HELP_PICTURES=planner/static/help $(BIN)/pytest tests/browser/test_help_pictures.py -k pressed

wheel: setup ## build dist/course_planner-*.whl
	$(BIN)/hatchling build -t wheel -d dist

lock: ## write the locks anew from pyproject.toml and package.json (UPGRADE=1 takes newer versions)
	@tools/setup.sh runtime
	$(COMPILE) pyproject.toml --extra fast -o requirements.lock
	$(COMPILE) pyproject.toml --extra fast --group dev -c requirements.lock -o requirements-dev.lock
	$(COMPILE) --group setup -c requirements-dev.lock -o tools/requirements-setup.lock
	$(COMPILE) --group node -o tools/requirements-node.lock
	$(COMPILE) tests/clients/requirements.in -o tests/clients/requirements.lock
	npm $(if $(UPGRADE),update,install) --package-lock-only --loglevel=error
	cd tests/clients && npm $(if $(UPGRADE),update,install) --package-lock-only --loglevel=error

sbom: ## write dist/sbom.cdx.json: what the planner is made of, from the locks (CycloneDX)
	@tools/setup.sh dev
	@$(BIN)/python tools/sbom.py dist/sbom.cdx.json

clean: ## remove all that make made, but never instance/, where the clinic's data are
	rm -rf .venv .venv-clients .setup.lock .clients.lock node_modules tests/clients/node_modules planner/static/vendor dist build
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
