# Each target does all of its own set-up: a virtual environment, the install, the sample data.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
WORKERS ?= auto
# What the tests run with, checksums and all; users get what the ranges in pyproject.toml allow.
LOCK = requirements/ci.txt

# What a failure leaves half-made is no reason to take it for done.
.DELETE_ON_ERROR:

.PHONY: demo quick test lint types contract check lock clean

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

# The newest versions that the ranges in pyproject.toml allow, for every Python and platform.
lock: $(BIN)/python
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --extra dev --custom-compile-command 'make lock' --output-file $(LOCK) pyproject.toml

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

# Without their dependencies, for the lock file has all of them: `pip check` says if it has not.
$(VENV)/installed-dev: $(VENV)/bin/python pyproject.toml $(LOCK)
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps --requirement $(LOCK)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	@touch $@ $(VENV)/installed
