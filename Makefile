PYTHON ?= python3
BIN := .venv/bin
WITH_ENGINE = $(if $(ENGINE),--engine $(ENGINE))
FORGE := contracts/forge
READY := $(BIN)/.tallystick-ready

export CONTINUE
export PYTHONUNBUFFERED = 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test network lint format conformance bench docs contracts slither up down clean

help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install everything a fresh clone needs (Python ≥ 3.11 and Node ≥ 20 must be there)
	@$(PYTHON) tools/setup.py
	@touch $(READY)

$(READY): uv.lock package-lock.json tools/setup.py
	@$(MAKE) --no-print-directory setup

demo: $(READY) ## four members record 10 000 real loans and check each other (ENGINE=qbft: on four validators; CONTINUE=1 goes on)
	@$(BIN)/tally devnet demo $(WITH_ENGINE)

test: $(READY) ## every test: library, contracts, gateway, devnet
	@$(BIN)/python tools/test.py

network: $(READY) ## tests that kill, pause, cut off and forge for a network of four validators (needs Go ≥ 1.23 and a C compiler)
	@$(BIN)/python tools/network.py

lint: $(READY) ## ruff, mypy strict, layer rules, unused and missing dependencies, forge fmt
	@$(BIN)/python tools/lint.py

format: $(READY) ## format Python and Solidity
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix . && $(FORGE) fmt

conformance: $(READY) ## run every shared vector whose format is covered (TALLYSTICK_VECTORS names the folder)
	@$(BIN)/python -m tests.conformance

bench: $(READY) ## measure, beside a yardstick in the same run (writes var/bench; ENGINE=qbft: on four validators)
	@$(BIN)/python -m tests.benchmarks $(WITH_ENGINE)

docs: $(READY) ## write docs/errors.md from the code
	@$(BIN)/python tools/errors_page.py

contracts: $(READY) ## compile the contracts into contracts/artifacts
	@$(BIN)/python contracts/build.py

slither: $(READY) ## static analysis of the contracts (slither as a tool of its own)
	@contracts/slither

up: $(READY) ## start a chain engine in the background
	@$(BIN)/tally devnet up $(WITH_ENGINE)

down: $(READY) ## stop it
	@$(BIN)/tally devnet down

clean: ## remove what builds, demos and tests wrote (keeps .venv and node_modules)
	rm -rf var/demo var/bench contracts/out contracts/cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
