# clawtop: two commands do all the set-up: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
VERSION ?= 2026.9.6
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/clawtop/gateways
export CLAWTOP_GATEWAY_CACHE ?= $(CACHE)

.PHONY: help demo run test check unit real gateway gateways bench endurance pictures clean

help: ## what each target does
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .[dev]
	touch $@

demo: $(VENV)/.installed ## a gateway with a stuck session in this process, and clawtop on it
	$(BIN)/clawtop demo

run: $(VENV)/.installed ## install, and start clawtop on the gateway of this host
	$(BIN)/clawtop

test: check gateways unit real ## everything that must hold: types, style, tests, real gateways

check: $(VENV)/.installed ## types and style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(VENV)/.installed ## tests without a real gateway
	$(BIN)/pytest -n 2 --ignore=tests/real

real: $(VENV)/.installed gateways ## tests on real gateways
	$(BIN)/pytest -n 2 --dist loadfile tests/real

gateways: $(VENV)/.installed ## install the real gateways for the tests (npm, once)
	$(BIN)/python -m tests.real.lab install 2026.5.28 2026.9.6

gateway: $(VENV)/.installed ## a throw-away real gateway to try things on: make gateway VERSION=2026.9.6
	$(BIN)/python -m tests.real.lab serve $(VERSION) --approvals

bench: $(VENV)/.installed ## ratios of speed within one run
	$(BIN)/python -m benchmarks

endurance: $(VENV)/.installed ## eight hours of a busy night, and many bad inputs; fills docs/RELIABILITY.md
	$(BIN)/python -m endurance

pictures: $(VENV)/.installed ## make the screenshots from the running program
	$(BIN)/python screenshots/make.py

clean: ## forget the installation
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache
