PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CORE := $(VENV)/.core
PEERS := .peers/.installed
RUST := $(shell find rust -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock
export VIRTUAL_ENV := $(CURDIR)/$(VENV)

.DEFAULT_GOAL := help
.PHONY: help setup demo test chaos soak lint fix bench docs wheel clean

help:  ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

setup: $(CORE)  ## everything needed to run, test and develop, in .venv
	@$(BIN)/omni demo --prepare --port 0 || echo "setup: tests and the demo go without what is missing" >&2

demo: setup  ## the whole system on real video (ARGS="--no-browser --seconds 20 --json")
	@$(BIN)/omni demo $(ARGS)

# Three at a time, for many tests wait; a file's tests stay together, as they share a service or a browser.
test: setup  ## all tests, Rust and Python
	cargo test --quiet --locked
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

chaos: setup  ## the long form of tests/chaos: everything that can break delivery, more often (minutes)
	OMNI_CHAOS_LONG=1 $(BIN)/pytest tests/chaos --timeout 600 --durations 0

lint: setup  ## formatters, linters, types, stubs, import directions
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets --locked -- -D warnings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest omni._core
	$(BIN)/lint-imports

fix: setup  ## format and mend what can be mended
	cargo fmt --all
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup $(PEERS)  ## the benchmark tables, beside peers where they can be had
	@$(BIN)/omni bench $(ARGS)

soak: setup  ## an hour with cameras that fail at random (ARGS="--minutes 2 --plot soak.png"): does anything grow?
	$(BIN)/python benches/system/soak.py $(ARGS)

docs: setup  ## the documentation's own tests
	$(BIN)/pytest tests/contract

wheel: setup  ## what another machine installs, in target/wheels
	@rm -f target/wheels/*.whl  # one of another version or machine beside it would be installed, too
	@$(BIN)/maturin build --release --locked --quiet

clean:  ## remove what was built
	cargo clean
	rm -rf $(VENV)

$(STAMP): pyproject.toml scripts/check-tools.sh
	@scripts/check-tools.sh $(PYTHON)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@echo "setup: installing Python packages" >&2
	@$(BIN)/python -m pip install --quiet --group dev
	@touch $@

$(CORE): $(STAMP) $(RUST)
	@echo "setup: building the core (a minute or two the first time)" >&2
	@PIP_QUIET=1 $(BIN)/maturin develop --release --locked --quiet >&2
	@touch $@

# Peers are measured, never needed: without a network the tables come without them.
$(PEERS): benches/peers.txt
	@$(BIN)/python -m pip install --quiet --upgrade --target .peers -r $< || echo "bench: no peers (see above)" >&2
	@mkdir -p .peers && touch $@
