# Kehu: everything from package registries; `make help` lists the targets.
PYTHON ?= python3
PY := .venv/bin/python
export PYTHONPATH := $(CURDIR)/deploy:$(CURDIR)
SYSTEM := $(PY) -m dev.system
.DEFAULT_GOAL := help
.PHONY: help setup dev up down reset status logs psql parked unpark drop rebuild demo test check test-faults bench \
	rules service lock release-contracts format docs

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

setup: ## make the environment (every other target does it)
	@$(PYTHON) deploy/dev/bootstrap.py

dev: setup ## run the whole system in the foreground; Ctrl-C stops it, data stays
	@$(SYSTEM) dev

up: setup ## start the whole system in the background; returns when it is ready
	@$(SYSTEM) up

down: setup ## stop it; returns when it is gone
	@$(SYSTEM) down

reset: setup ## stop it and delete its data
	@$(SYSTEM) reset

status: setup ## processes, consumer lag, outbox, parked messages, jobs
	@$(SYSTEM) status

logs: setup ## follow the log of a service: make logs s=complaint
	@$(SYSTEM) logs $(s)

psql: setup ## a database shell: make psql s=complaint
	@$(SYSTEM) psql $(s)

parked: setup ## messages that could not be handled: make parked s=complaint
	@$(SYSTEM) operate $(s) parked

unpark: setup ## replay a parked message and its key's queue: make unpark s=complaint id=7 (or id=all)
	@$(SYSTEM) operate $(s) unpark $(id)

drop: setup ## give a parked message up: make drop s=complaint id=7 reason="sent twice"
	@$(SYSTEM) operate $(s) drop $(id) "$(reason)"

rebuild: setup ## build a local copy anew: make rebuild p=complaint.known_customers
	@$(SYSTEM) rebuild $(p)

demo: setup ## play 600 complaints through the running system and read back what came of them
	@$(PY) -m tests.demo

test: setup ## everything: check, tests in parallel, tests that run alone; one service: make test s=complaint
	@$(PY) -m dev.testing $(s)

check: setup ## lint, format, types, import rules, generated files
	@$(PY) -m dev.check

test-faults: setup ## kills, pauses and duplicates under load: make test-faults n=5000 faults=100 seed=1
	@$(PY) -m tests.faults $(if $(n),n=$(n)) $(if $(faults),faults=$(faults)) $(if $(seed),seed=$(seed)) $(if $(planted),planted=$(planted))

bench: setup ## measure the fast paths against pgbench in the same run: make bench scale=0.1 only=credit
	@$(PY) -m tests.bench $(if $(scale),scale=$(scale)) $(if $(only),only=$(only))

rules: setup ## which rules the last test run proved: make rules json=1
	@$(PY) -m dev.rules $(if $(json),json)

service: setup ## make a new service: make service n=visit
	@$(PY) -m dev.new_service $(n) && $(PYTHON) deploy/dev/bootstrap.py

docs: setup ## write the generated files anew
	@$(PY) -m dev.check --write

release-contracts: setup ## add today's messages to the yardstick
	@$(PY) -m contracts.release

format: setup ## format the code
	@.venv/bin/ruff format -q . && .venv/bin/ruff check -q --fix .

lock: setup ## resolve all dependencies anew
	@.venv/bin/uv pip compile -q --upgrade --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
		--group pyproject.toml:dev */pyproject.toml services/*/pyproject.toml --no-emit-package kehu-contracts \
		--no-emit-package kehu-chassis --no-emit-package kehu-policy -o requirements.lock
