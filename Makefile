# Every target sets up what it needs; a fresh machine wants Python 3.10 or newer, git and make.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: setup demo test soak lint types docs bench clean browser

setup: $(STAMP)

$(STAMP): pyproject.toml
	@command -v uv >/dev/null 2>&1 || $(PYTHON) -m uv --version >/dev/null 2>&1 \
	  || $(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore uv \
	  || $(PYTHON) -m pip install --quiet --disable-pip-version-check --user --break-system-packages uv
	@if command -v uv >/dev/null 2>&1; then UV=uv; else UV="$(PYTHON) -m uv"; fi; \
	  { [ -x $(RUN)/python ] || $$UV venv --quiet --python $(PYTHON) $(VENV); } && \
	  $$UV pip install --quiet --compile-bytecode --python $(RUN)/python -e '.[dev,docs]'
	@touch $@

browser:
	@scripts/ensure-browser

demo: setup
	@$(RUN)/stoker demo

test: setup browser lint types
	$(RUN)/python -m pytest -n 2 --dist loadgroup

KILLS ?= 500
SEED ?= 1
soak: setup
	$(RUN)/python -m tests.faults.soak --kills $(KILLS) --seed $(SEED)

lint: setup
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/lint-imports --no-cache

types: setup
	$(RUN)/mypy

docs: setup
	$(RUN)/zensical build --clean --strict

bench: setup
	$(RUN)/python -m benchmarks

clean:
	rm -rf $(VENV) .venv-bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis site dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
