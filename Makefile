# make demo   everything needed, then the main job on sample_records/
# make test   lint, strict types, import contracts and tests
# Another Python: PYTHON=python3.12 make test

PYTHON ?= python3
VENV   ?= .venv

DEMO   ?= replay sample_records/busy_day.jsonl

# durable_rules needs the definition on Python 3.13 and newer, and is faster with -O2 everywhere.
# pip may hold a wheel built without them: hence no cache and no binary for this one package.
# docs/decisions/0002-building-durable-rules.md
ENGINE_CC ?= gcc -O2 -DPyEval_CallObject=PyObject_CallObject
ENGINE    := $(shell sed -n 's/^ *"\(durable_rules==[^"]*\)".*/\1/p' pyproject.toml)

VERSION := $(shell $(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null)
BASE    := $(VENV)/.base-$(VERSION)
READY   := $(VENV)/.ready-$(VERSION)
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip --disable-pip-version-check

export PYTHONDONTWRITEBYTECODE := 1

.PHONY: demo test lint types contracts pytest setup base fix wheel clean

demo: $(READY)
	$(BIN)/detention-monitor $(DEMO)

test: lint types contracts pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports --no-logo

pytest: $(READY)
	$(BIN)/python -m pytest -n auto --dist loadfile

fix: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python -m bench

wheel: $(READY)
	rm -rf dist
	$(PIP) wheel -qq --no-deps --wheel-dir dist .

setup: $(READY)

# A virtual environment with durable_rules and nothing else: the ground to install a wheel on.
base: $(BASE)

$(BASE): pyproject.toml
	@command -v "$(PYTHON)" >/dev/null || { echo "$(PYTHON) is not installed. Install Python 3.11 or newer (Debian: sudo apt install python3 python3-dev python3-venv), or name one: PYTHON=python3.12 make" >&2; exit 1; }
	@"$(PYTHON)" tools/check_machine.py $(ENGINE_CC)
	@echo "Making $(VENV) with Python $(VERSION); durable_rules is compiled, about a minute in all."
	@[ ! -f "$(VENV)/pyvenv.cfg" ] || rm -rf "$(VENV)"
	@"$(PYTHON)" -m venv "$(VENV)"
	@CC="$(ENGINE_CC)" $(PIP) install -qq --use-pep517 --no-cache-dir --no-binary durable_rules "$(ENGINE)"
	@$(BIN)/python -c "import durable_rules_engine"
	@touch $@

$(READY): $(BASE)
	@$(PIP) install -qq --editable ".[dev]"
	@touch $@

clean:
	[ ! -f "$(VENV)/pyvenv.cfg" ] || rm -rf "$(VENV)"
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
