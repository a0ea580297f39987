# `make` alone lists the targets. scripts/bootstrap.sh does the setting up; each target only says what it needs.
.DEFAULT_GOAL := help
.PHONY: help up demo pictures test test-all test-real test-shards fuzz coverage mutate check format docs bench lock audit wheel deb image release clean

BIN := .venv/bin
export PYTHON
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV # another project's environment must not leak into this one
unexport PYTHONDONTWRITEBYTECODE # containers set it; every process would compile all that it imports, again and again

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

up: ## set up and start trimtab on this machine: server, pages and agent (Ctrl-C stops it)
	@scripts/bootstrap.sh server
	@exec $(BIN)/trimtab up

demo: ## start trimtab with a simulated company, on data of its own (ARGS=--fresh makes it anew)
	@scripts/bootstrap.sh server
	@exec $(BIN)/trimtab demo $(ARGS)

pictures: ## make a picture of every page of a trimtab that runs here into pictures/ (ARGS=--readme makes the README's too)
	@scripts/bootstrap.sh dev browser
	@$(BIN)/python scripts/screenshots.py pictures $(ARGS)

test: ## run the tests (ARGS="-k name" narrows)
	@scripts/bootstrap.sh dev browser
	@$(BIN)/python scripts/compile_ahead.py
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder --inline-snapshot=disable -m "not slow and not real" $(ARGS)

test-all: ## run every test, the slow ones too, with coverage
	@scripts/bootstrap.sh dev browser
	@$(BIN)/python scripts/compile_ahead.py
	@DEEP=1 FUZZ=2000 KILLS=20 POWER_CUTS=10 $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --inline-snapshot=disable -m "not real" --cov --cov-report term $(ARGS)

test-real: ## run the programs of others (SLURM, nginx, S3 …; scripts/real_parts.sh installs them) and trimtab with them
	@scripts/bootstrap.sh dev
	@$(BIN)/pytest -n 0 --inline-snapshot=disable tests/real tests/unit/deploy tests/unit/cli/test_service.py tests/unit/store/state tests/crash/test_two_servers.py $(ARGS)

test-shards: ## run the tests of rooms that read the engine over two shards of a cluster in one process
	@scripts/bootstrap.sh dev
	@TWO_SHARDS=1 $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --inline-snapshot=disable tests/unit/metrics tests/unit/logs tests/unit/traces tests/unit/costs tests/unit/fleet tests/unit/audit tests/unit/anomalies tests/unit/economics $(ARGS)

fuzz: ## send mutated requests to every door, 100,000 each (hours; FUZZ=2000 sends fewer)
	@scripts/bootstrap.sh dev
	@FUZZ=$${FUZZ:-100000} $(BIN)/pytest -s tests/crash/test_fuzz_doors.py tests/crash/test_fuzz_logs.py $(ARGS)

coverage: ## run the unit tests and tell what share of each room they run (ROOMS="costs alarms" takes some)
	@scripts/bootstrap.sh dev
	@$(BIN)/python scripts/coverage_by_room.py $(ROOMS)

mutate: ## change the code in small ways and count how many changes the tests notice (ROOMS="costs alarms", ARGS="--each 50")
	@scripts/bootstrap.sh dev
	@$(BIN)/python scripts/mutate.py $(ROOMS) $(ARGS)

check: ## lint, format, types, architecture, dependencies, spelling
	@scripts/bootstrap.sh dev
	@scripts/check.sh

format: ## write the code in the project's format
	@scripts/bootstrap.sh dev
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

docs: ## build the documentation into site/
	@scripts/bootstrap.sh dev
	@$(BIN)/python scripts/generate_docs.py
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: ## run the benchmarks; each prints its ratios as one JSON line
	@scripts/bootstrap.sh dev
	@scripts/bench.sh $(ARGS)

lock: ## resolve the dependencies again (UPGRADE=1 takes the newest)
	@scripts/bootstrap.sh dev
	@scripts/lock.sh

audit: ## ask the vulnerability database about every locked dependency (needs the network)
	@scripts/bootstrap.sh dev
	@$(BIN)/uv tool run --from "pip-audit>=2.7" pip-audit --require-hashes --disable-pip -r requirements/server.lock

wheel: ## build the wheel and the sdist into dist/
	@scripts/bootstrap.sh dev
	@$(BIN)/uv build --quiet --no-build-isolation --python $(BIN)/python

deb: wheel ## build a Debian package of the agent into dist/
	@$(BIN)/python scripts/deb.py dist/*.whl

image: wheel ## build the server's and the agent's image with podman or docker (BASE=… another base)
	@for one in "" .agent; do \
		$$(command -v podman || command -v docker) build --file deploy/container/Containerfile$$one \
			$(if $(BASE),--build-arg BASE=$(BASE)) --tag trimtab$$(echo $$one | tr . -):dev . || exit 1; \
	done

release: ## check, build and tag a release (VERSION=0.3.0; ARGS=--dry-run makes no tag)
	@scripts/bootstrap.sh dev
	@$(BIN)/python scripts/release.py $(VERSION) $(ARGS)

clean: ## remove everything that was built or installed here
	@rm -rf .venv .venv.lock dist site frontend/node_modules src/trimtab/web/static .coverage* \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
