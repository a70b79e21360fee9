# GNU make 4.3 or newer and a POSIX sh. Another Python: make test PYTHON=python3.13
PYTHON ?= python3
UV ?= uv

BIN := .venv/bin
# Written last: a set-up that was interrupted has no stamp and starts again from nothing.
READY := .venv/.ready
NOTEBOOKS := $(wildcard notebooks/*.ipynb)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup reports gallery docs test lint format data lock clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s  %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## make .venv from requirements.lock; does nothing when it is up to date

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'sanlian needs Python 3.11 or newer; name one with: make PYTHON=python3.13' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'this Python lacks venv; on Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	@echo 'Setting up .venv (a minute or two the first time) ...'
	@test -f $@ || $(PYTHON) -m venv --clear .venv
	@rm -f $@
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

reports: $(READY) ## the briefings of the shipped example, into reports/
	$(BIN)/sanlian report data/ledgers/yuncheng-2019.xlsx --frame data/frames/yuncheng.csv \
	  --policy yuncheng-2019 --out reports

gallery: $(READY) ## every chart, page and slide as pictures, into reports/gallery/
	$(BIN)/python docs/gallery.py

docs: $(READY) ## the guide and the reference, into reports/docs/
	$(BIN)/python -m sphinx -q -E -W --keep-going docs reports/docs
	@echo reports/docs/index.html

test: lint ## lint, types and all tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(READY) ## style, types and clean notebooks, nothing is changed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
ifneq ($(NOTEBOOKS),)
	$(BIN)/nbstripout --keep-id --verify $(NOTEBOOKS)
endif

format: $(READY) ## mend what can be mended without thinking
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
ifneq ($(NOTEBOOKS),)
	$(BIN)/nbstripout --keep-id $(NOTEBOOKS)
endif

data: $(READY) ## simulate the shipped ledgers anew
	$(BIN)/sanlian simulate data/ledgers/yuncheng-2019.xlsx --frame data/frames/yuncheng.csv \
	  --policy yuncheng-2019 --seed 2019 --date 2019-12-31 --date 2020-12-31
	$(BIN)/sanlian simulate data/ledgers/liaoning-2021.xlsx --frame data/frames/liaoning.csv \
	  --policy liaoning-2021 --seed 2021 --date 2021-12-31 --date 2022-12-31 --date 2023-12-31
	$(BIN)/sanlian simulate data/ledgers/changzhou-2018.xlsx --frame data/frames/changzhou.csv \
	  --policy changzhou-2018 --seed 2018 --date 2018-12-31 --date 2019-12-31 --date 2020-12-31
	$(BIN)/sanlian simulate data/ledgers/yangquan-2015.xlsx --frame data/frames/yangquan.csv \
	  --policy yangquan-2015 --seed 2015 --date 2016-06-30 --date 2017-06-30 --date 2018-06-30
	$(BIN)/sanlian simulate data/ledgers/lishui-2018.xlsx --frame data/frames/lishui.csv \
	  --policy lishui-2018 --seed 2018 --date 2018-12-31 --date 2020-12-31 --date 2022-12-31

lock: ## resolve pyproject.toml into requirements.lock anew (needs uv)
	@command -v $(UV) >/dev/null || { echo 'make lock needs uv: pip install uv' >&2; exit 1; }
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	  --extra test --extra bench --custom-compile-command 'make lock' \
	  pyproject.toml --output-file requirements.lock

clean: ## remove .venv, caches and built packages; reports/ stays
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
