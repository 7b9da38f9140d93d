# Everything a developer or CI runs. `make help` lists it.

PYTHON ?= python3
FUZZ_SECONDS ?= 60
BENCH_ARGS ?=
SOAK_ARGS ?=
VM_ARGS ?=

BIN := .venv/bin
RUNTIME := .venv/.runtime-installed
DEV := .venv/.dev-installed
OLDEST_PAHO := .venv/paho-1.6/.installed
NODE_CLIENT := tests/integration/node/node_modules/.package-lock.json
AXE := tests/browser/node/node_modules/.package-lock.json
# Home Assistant's own schemas; Debian 12 has no Python for them, so it may be any that is found.
HOME_ASSISTANT := .venv-ha/.installed
HA_PYTHON ?= $(firstword $(foreach one,python3.13 $(wildcard $(HOME)/.pyenv/versions/3.13.*/bin/python3.13), \
	$(shell $(one) -c 'import ensurepip, venv' 2>/dev/null && echo $(one))))
SOURCES := blynk_gateway tests bench docs
PEERS = $(DEV) $(NODE_CLIENT) $(AXE) $(OLDEST_PAHO)

# Warnings and slow steps of the event loop show up in tests as they would not in production.
PYTEST := PYTHONASYNCIODEBUG=1 $(BIN)/pytest

# A file's tests stay together: they share brokers and database servers.
PARALLEL := -n auto --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup run test unit integration browser fuzz check lint fmt types arch coverage docs docs-check \
	vendor bench soak deb test-vm clean home-assistant

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: $(DEV)  ## make the virtual environment with everything for development
	@echo "Ready: .venv"

run: $(RUNTIME)  ## start the demo: simulated devices, nothing but loopback
	@$(BIN)/blynk-gateway demo

test: $(PEERS) home-assistant  ## all tests, those with stock clients included
	@$(PYTEST) -q $(PARALLEL)

unit: $(DEV)  ## fast tests: no process, no stock client
	@$(PYTEST) -q tests/unit tests/property tests/architecture

integration: $(PEERS) home-assistant  ## the daemon as a process, with stock clients
	@$(PYTEST) -q tests/integration

browser: $(DEV) $(AXE)  ## the dashboard in a real Chromium
	@$(PYTEST) -q tests/browser

fuzz: $(DEV)  ## random bytes for FUZZ_SECONDS (60) each
	@for target in tests/fuzz/fuzz_*.py; do \
		$(BIN)/python -m "tests.fuzz.$$(basename "$$target" .py)" \
			--seconds $(FUZZ_SECONDS) || exit 1; \
	done

check: lint types docs-check test  ## what CI runs (the architecture tests are part of test)

lint: $(DEV)  ## style, format, and who may import whom
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check --quiet $(SOURCES) || { echo "Run 'make fmt'."; exit 1; }
	@$(BIN)/lint-imports --no-logo

fmt: $(DEV)  ## format the code and repair what can be repaired
	@$(BIN)/ruff check --fix --quiet $(SOURCES) || true
	@$(BIN)/ruff format $(SOURCES)

types: $(DEV)  ## mypy, strict
	@$(BIN)/mypy

arch: $(DEV)  ## the design as tests
	@$(PYTEST) -q tests/architecture

coverage: $(PEERS) home-assistant  ## all tests, with lines and branches that they miss
	@$(PYTEST) -q --cov --cov-report=term-missing

home-assistant: $(if $(HA_PYTHON),$(HOME_ASSISTANT))  ## its schemas for the tests, where there is a Python 3.13
	@test -e $(HOME_ASSISTANT) || echo "No Python 3.13: tests with Home Assistant's schemas are" \
		"left out (name one: make HA_PYTHON=...)"

docs: $(DEV)  ## make the generated pages and the pictures anew (needs chromium)
	@$(BIN)/python docs/generate_protocol_page.py
	@$(BIN)/python -m docs.take_pictures

docs-check: $(DEV)  ## generated pages are up to date, pages and code agree
	@$(BIN)/python docs/generate_protocol_page.py --check
	@$(PYTEST) -q tests/architecture/test_docs.py tests/unit/cli/test_reference.py \
		tests/unit/config/test_schema.py tests/component/api/test_pages.py

vendor:  ## bring the libraries of the dashboard anew from npm
	@blynk_gateway/api/dashboard/vendor/refresh.sh

bench: $(DEV)  ## speed and memory as a table; BENCH_ARGS=--help lists its options
	@$(BIN)/python -m bench.run $(BENCH_ARGS)
	@$(BIN)/python -m bench.pins
	@$(BIN)/python -m bench.mqtt
	@$(BIN)/python -m bench.upstream
	@$(BIN)/python -m bench.automations
	@$(BIN)/python -m bench.dashboard
	@$(BIN)/python -m bench.first_view
	@$(BIN)/python -m bench.archive
	@$(BIN)/python -m bench.retention
	@$(BIN)/python -m bench.history --points 2000000

soak: $(DEV)  ## 500 devices and random faults for minutes; SOAK_ARGS=--help lists its options
	@$(BIN)/python -m bench.soak $(SOAK_ARGS)

deb:  ## build the Debian package of the last commit, in a clean place, into dist/
	@command -v dpkg-buildpackage >/dev/null && dpkg -s debhelper dh-python pybuild-plugin-pyproject \
		python3-all python3-setuptools >/dev/null 2>&1 || { \
		echo "Building the package needs Debian's tools. Install them:"; \
		echo "sudo apt install dpkg-dev debhelper dh-python pybuild-plugin-pyproject \\"; \
		echo "    python3-all python3-setuptools"; exit 1; }
	@rm -rf build/deb && mkdir -p build/deb/source dist
	@git archive HEAD | tar -x -C build/deb/source
	@echo "Building the package (half a minute; what is printed goes to build/deb/log)"
	@cd build/deb/source && PATH=/usr/sbin:/usr/bin:/sbin:/bin dpkg-buildpackage -us -uc -b \
		>../log 2>&1 || { \
		tail -n 20 ../log; exit 1; }
	@cp build/deb/*.deb dist/ && ls dist/*.deb
	@command -v lintian >/dev/null || { echo "Not checked: lintian is not installed."; exit 0; }; \
		lintian --allow-root --pedantic --tag-display-limit 0 build/deb/*.deb

test-vm: $(DEV)  ## the package on booted machines, Debian 12 and 13 (needs root and qemu)
	@$(BIN)/python -m tests.vm.run $(VM_ARGS)

clean:  ## remove everything that can be made again, the virtual environment included
	@rm -rf .venv .venv-ha build dist *.egg-info .coverage htmlcov tests/integration/node/node_modules tests/browser/node/node_modules \
		.hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "$(PYTHON) is missing or older than 3.11."; \
		echo "Install it (Debian 12 and later: sudo apt install python3 python3-venv)"; \
		echo "or name another one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments."; \
		echo "Install the package that can: sudo apt install python3-venv"; exit 1; }
	@echo "Making the virtual environment .venv"
	@$(PYTHON) -m venv .venv

$(RUNTIME): pyproject.toml | $(BIN)/python
	@echo "Installing Blynk Gateway into .venv (the first time takes a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV): $(RUNTIME)
	@echo "Installing the tools for tests and checks into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

$(OLDEST_PAHO): | $(DEV)
	@echo "Installing the oldest paho-mqtt that is supported, for its tests"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--target $(@D) paho-mqtt==1.6.1
	@touch $@

$(NODE_CLIENT) $(AXE): %/node_modules/.package-lock.json: %/package.json %/package-lock.json
	@command -v node >/dev/null && command -v npm >/dev/null || { \
		echo "Tests with the stock JavaScript client and of accessibility need node and npm."; \
		echo "Install them: sudo apt install nodejs npm"; exit 1; }
	@echo "Installing what is in $*/package.json"
	@cd $* && npm ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

$(HOME_ASSISTANT): tests/integration/home_assistant/requirements.txt
	@echo "Installing what the tests need of Home Assistant into .venv-ha (half a minute)"
	@rm -rf .venv-ha && $(HA_PYTHON) -m venv .venv-ha
	@.venv-ha/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile \
		--only-binary :all: --requirement $<
	@touch $@
