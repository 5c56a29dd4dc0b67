# `make` alone lists what there is to do.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
COMPILE := uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)

.PHONY: help
help: ## List what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## Install, prepare and start everything (PORT=, FLOWER_PORT=, ARGS="worker=2")
	@$(PYTHON) scripts/install.py requirements.txt
	@exec $(BIN)/python -m scripts.run $(ARGS)

.PHONY: test
test: dev ## Run the whole suite on SQLite and PostgreSQL (LEG=sqlite|postgres, ARGS="-k name")
	@exec $(BIN)/python -m scripts.test $(if $(LEG),--leg $(LEG)) $(ARGS)

.PHONY: drill
drill: dev ## Kill everything at random, and see that no job is lost (ARGS="--seconds 600")
	@exec $(BIN)/python manage.py drill $(ARGS)

.PHONY: check lint types contract
check: lint types contract ## Lint, types and the import contract
lint: dev ## Check style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check
types: dev ## Check the types
	$(BIN)/mypy
contract: dev ## Check who may import whom
	$(BIN)/lint-imports

.PHONY: format migrations shell bench lock clean dev
format: dev ## Put imports and formatting in order
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
migrations: dev ## Write migrations for changed models
	$(BIN)/python manage.py makemigrations
shell: dev ## Open a Python shell with the models
	$(BIN)/python manage.py shell
bench: dev ## Measure the engine, then the pipeline (WHAT=pipeline, endurance or flat alone; ARGS=)
	$(BIN)/python -m benchmarks$(if $(WHAT),.$(WHAT)) $(ARGS)
	$(if $(WHAT)$(ARGS),,$(BIN)/python -m benchmarks.pipeline)
lock: ## Resolve requirements*.in into the locked files (needs uv; UPGRADE=1 for newer versions)
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) requirements-dev.in -o requirements-dev.txt
clean: ## Remove the virtual environment and caches; var/ with the data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
dev:
	@$(PYTHON) scripts/install.py requirements.txt requirements-dev.txt
