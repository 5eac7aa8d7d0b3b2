# The verbs of this house. A fresh clone needs Python 3.11 to 3.13 and make; `make run` and `make test` do the rest.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check

unexport PYTHONDONTWRITEBYTECODE   # the tests start our own processes a hundred times: let them keep what they compiled

.PHONY: run test check lint types unit browser soak bench lock clean help

help:            ## what each verb does
	@grep -hE '^[a-z]+: .*##|^[a-z]+:  *##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

run: $(VENV)/run.stamp            ## start Portolan with its demo: http://127.0.0.1:8050
	@exec $(BIN)/python app.py $(ARGS)

test: $(VENV)/dev.stamp lint types            ## everything that must be green, with two minutes of soak beside the tests
	@$(MAKE) --no-print-directory soak MINUTES=2 > $(VENV)/soak.log 2>&1 & soak=$$!; trap 'kill $$soak 2>/dev/null' EXIT INT TERM; \
	  $(MAKE) unit browser && { wait $$soak; ended=$$?; cat $(VENV)/soak.log; exit $$ended; }

check: $(VENV)/dev.stamp lint types            ## what can be said without running anything

lint: $(VENV)/dev.stamp            ## ruff, all rules
	$(BIN)/ruff check .

types: $(VENV)/dev.stamp            ## mypy, strict on engine, data, services, api
	$(BIN)/mypy --num-workers 2

unit: $(VENV)/dev.stamp            ## every test without a browser, doctests too; real PostgreSQL and Redis
	$(BIN)/python -m pytest -m "not browser" -n auto --maxprocesses 4 --dist loadfile --doctest-modules engine tests

browser: $(VENV)/dev.stamp            ## the screens in headless Chromium; without one they are skipped by name, in CI they fail
	$(BIN)/python -m pytest -m browser -n auto --maxprocesses 4 --dist loadfile --reruns 1 -raR tests/ui   # once more on a busy machine, and told at the end

MINUTES ?= 5

soak: $(VENV)/dev.stamp            ## five minutes of writers, readers and screens while database, Redis and server fail; an hour: python -m tests.faults.soak
	@exec $(BIN)/python -u -m tests.faults.soak --minutes $(MINUTES) --every 5 --brief 0.4

bench: $(VENV)/dev.stamp            ## measure, and print a table
	$(BIN)/python -m tests.bench

lock:            ## resolve requirements-dev.txt anew into requirements.lock
	$(PIP) install -q uv
	$(BIN)/uv pip compile --universal --python-version 3.11 requirements-dev.txt -o requirements.lock --no-header --no-emit-index-url --no-annotate -q

clean:            ## forget the virtual environment
	rm -rf $(VENV)

$(VENV)/run.stamp: requirements.txt requirements.lock
	@echo "Installing Portolan into $(VENV) (once; a minute or two) ..."
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Portolan needs Python 3.11 to 3.13; name one with: make run PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install -q -r requirements.txt -c requirements.lock
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.txt
	@echo "Installing what the tests need ..."
	@$(PIP) install -q -r requirements-dev.txt -c requirements.lock
	@touch $@
