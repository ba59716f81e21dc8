# Each target does all of its own set-up: a virtual environment, the install, the sample data.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
WORKERS ?= auto
# What the tests run with, checksums and all; users get what the ranges in pyproject.toml allow.
LOCK = requirements/ci.txt

# What `make accelerator` checks: cuda or tpu gets JAX for it into the virtual environment; cpu
# rehearses all of it on the processor.
ACCELERATOR ?=
# A Python that has JAX for the accelerator: it is taken as it is, no virtual environment is made,
# and what else it lacks comes from the wheels in .accelerator/.
SYSTEM_PYTHON ?=
WHEELS = .accelerator
SITE = build/accelerator
EXTRA = $(filter cuda tpu,$(ACCELERATOR))
CHECKS = tests/accelerator $(if $(filter cpu,$(ACCELERATOR)),--rehearse)

# What a failure leaves half-made is no reason to take it for done.
.DELETE_ON_ERROR:

.PHONY: demo quick test lint types contract check accelerator accelerator-wheels lock badges docs pictures clean

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

ifdef SYSTEM_PYTHON
accelerator: $(SITE)
	PYTHONPATH=$(CURDIR):$(CURDIR)/$(SITE) $(SYSTEM_PYTHON) $(CHECKS)
else
accelerator: $(VENV)/installed-dev
	$(if $(EXTRA),$(BIN)/python -m pip install --quiet --editable '.[$(EXTRA)]')
	PYTHONPATH=$(CURDIR) $(BIN)/python $(CHECKS)
endif

# Made anew each time, for another Python may lack other packages. The system's are left alone.
.PHONY: $(SITE)
$(SITE):
	rm -rf $@
	@mkdir -p $@
	$(SYSTEM_PYTHON) tests/accelerator/missing.py requirements/accelerator.txt > $@/missing.txt
	$(SYSTEM_PYTHON) -m pip install --quiet --no-index --no-deps --no-compile \
	  --find-links $(WHEELS) --target $@ --requirement $@/missing.txt

# For the machine that SYSTEM_PYTHON is on, which need not reach a network.
accelerator-wheels: $(BIN)/python
	rm -rf $(WHEELS)
	$(BIN)/python -m pip download --quiet --no-deps --only-binary=:all: --dest $(WHEELS) \
	  --python-version 3.12 --implementation cp --platform manylinux_2_28_x86_64 \
	  --platform manylinux_2_17_x86_64 --requirement requirements/accelerator.txt

# The newest versions that the ranges in pyproject.toml allow, for every Python and platform.
lock: $(BIN)/python
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --extra dev --custom-compile-command 'make lock' --output-file $(LOCK) pyproject.toml

# The notebooks' badges, and where their install cell clones from: make badges REPOSITORY=owner/name
badges:
	$(PYTHON) colab/badges.py $(REPOSITORY)

# The documentation as a site, in build/site.
docs: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	$(BIN)/mkdocs build --strict

# The documents' pictures, in docs/pictures: drawn from computations, and the moving one.
pictures: $(VENV)/installed
	$(BIN)/python docs/pictures.py
	$(BIN)/python docs/moving_picture.py

clean:
	rm -rf $(VENV) $(WHEELS) $(SITE) demo accelerator.json

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
