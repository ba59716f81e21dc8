# Each target does all of its own set-up: a virtual environment, the install, the sample data.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
WORKERS ?= auto

# What a failure leaves half-made is no reason to take it for done.
.DELETE_ON_ERROR:

.PHONY: demo quick test lint types contract check clean

demo: $(VENV)/installed
	$(BIN)/dvs-jax demo

# All but the slow tests.
quick: $(VENV)/installed-dev
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not slow"

test: $(VENV)/installed-dev
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-dev
	$(BIN)/mypy

contract: $(VENV)/installed-dev
	$(BIN)/lint-imports

check: lint types contract test

clean:
	rm -rf $(VENV) demo

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..."; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -f $@; echo "$(VENV) cannot be made. On Debian or Ubuntu this may help:" \
	    "apt-get install python3-venv" >&2; exit 2; }
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/installed
