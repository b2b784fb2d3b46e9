# Every command a person types. `make` alone lists them.
# uv reads the system's certificates, so that it works behind a company's proxy.
export UV_SYSTEM_CERTS := 1
# Hundreds of Python processes start: each would compile Pulumi's SDKs again, twice as long as it runs.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3
LOCAL := .venv/bin/python -m local
# Two test processes, each with whole files
SIDE_BY_SIDE := -n 2 --dist loadfile
# For tests that call `make` themselves: they are no part of a run with -j.
OUTSIDE_MAKE := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL
# Which of Pulumi's plugins the local stacks run with (local/plugins.py): auto, real or standin.
export PLUGINS ?= auto
# Which clouds the laptop environment has (local/selection.py): aws, gcp, azure, vault or all.
export CLOUD ?=

.DEFAULT_GOAL := help
.PHONY: help up down test test-e2e test-integration check e2e ask matrix status image fuzz soak bench bench-infra bench-proof format setup setup-test setup-check

help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 12

up: setup ## the laptop environment: a real cluster, four vaults that decide (CLOUD=aws: that alone), test and prod in real pods, who may read what
	@$(LOCAL) up

down: setup-check ## end the laptop environment and put the machine back as it was
	@$(LOCAL) down

test: setup-test check ## everything: make check, each part against real ones, the whole on the laptop environment
	@.venv/bin/pytest tests/bench tests/soak # these measure, and need the machine alone
	@echo "beside these tests/integration runs; what it says follows in the end, and is in .local/integration.log"
	@$(MAKE) --no-print-directory -j 2 test-e2e test-integration; ended=$$?; cat .local/integration.log; exit $$ended

# Half of the laptop environment's time is waiting: the tests of the parts have the processors then.
test-e2e:
	@$(OUTSIDE_MAKE) .venv/bin/pytest tests/e2e

test-integration:
	@mkdir -p .local
	@$(OUTSIDE_MAKE) .venv/bin/pytest $(SIDE_BY_SIDE) tests/integration > .local/integration.log 2>&1

check: setup-check ## lint, types and unit tests, for daily work
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/pytest $(SIDE_BY_SIDE) tests/infra tests/local
	@.venv/bin/pytest $(SIDE_BY_SIDE) tests/names tests/sidecar # apart: Google's client and Pulumi's SDK carry the same protobuf

e2e: setup-test ## the tests on the laptop environment alone, twelve minutes; one that is up is rebuilt, what you made in it is lost
	@.venv/bin/pytest tests/e2e

ask: .venv/bin/python ## ask for a secret as an app: make ask FROM=test NAME=prod/database-password
	@$(if $(and $(FROM),$(NAME)),$(LOCAL) ask '$(FROM)' '$(NAME)',\
		echo "ask whom for what? such as: make ask FROM=test NAME=prod/database-password" >&2; exit 2)

matrix: .venv/bin/python ## ask again for every secret from every namespace
	@$(LOCAL) matrix

status: .venv/bin/python ## whether the laptop environment is up, and where
	@$(LOCAL) status

image: setup ## build the container images into .local/images
	@$(LOCAL).images

fuzz: setup-check ## new examples for the tests that make up their own; `make check` tries the same ones every time
	@.venv/bin/pytest -m hypothesis --hypothesis-profile fuzz $(SIDE_BY_SIDE) tests/infra tests/local
	@.venv/bin/pytest -m hypothesis --hypothesis-profile fuzz $(SIDE_BY_SIDE) tests/names tests/sidecar

soak: setup-check ## mixed load with faults, every answer checked: make soak MINUTES=10; writes .local/soak.json
	@.venv/bin/python -m tests.soak --minutes $(or $(MINUTES),10)

bench: setup-check ## the sidecar beside a Starlette + boto3 one and a compiled floor; writes .local/bench.json
	@.venv/bin/python -m bench

bench-infra: setup ## pulumi preview of 10, 100 and 1,000 namespaces beside a flat program; writes .local/bench-infra.json
	@.venv/bin/python -m bench.infra

bench-proof: setup-check ## the documents of 200 namespaces evaluated on one core; writes .local/bench-proof.json
	@.venv/bin/python -m bench.proof

format: setup-check ## format the code
	@.venv/bin/ruff check --fix
	@.venv/bin/ruff format

.venv/bin/python:
	@echo "nothing is set up in this checkout: run \`make up\` first, which sets up and starts the laptop environment" >&2
	@exit 1

# What the targets above need, and only what is missing: packages, tools, images.
setup:
	@$(PYTHON) -m tools.setup up

setup-test:
	@$(PYTHON) -m tools.setup test

setup-check:
	@$(PYTHON) -m tools.setup check
