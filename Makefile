# Everything a checkout needs, from a clean clone: `make demo` shows what twinmatch does, `make test` says whether it
# still does it. Both make the virtual environment when it is missing and rebuild the compiled core when its sources
# change; the stamps in the environment remember what was installed.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
BENCHMARKS := national-real national-synthetic growth sparse dense quotas scale far
CPP := CMakeLists.txt $(shell find cpp -type f -not -path 'cpp/fuzz/*')
SANITIZE ?= address,undefined
SECONDS ?= 60

.DEFAULT_GOAL := help

help:  ## Show these commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: $(VENV)/stamp-core  ## Pair the French schools of the bundled registers, prove it, keep the result in demo-twins/
	$(BIN)/twinmatch demo --out demo-twins

test: $(VENV)/stamp-test  ## Run the tests (a quarter of an hour on two cores)
	$(BIN)/python -m pytest

build: $(VENV)/stamp-core  ## Compile the core into the virtual environment, if its sources changed

fix: $(VENV)/stamp-lint  ## Format, and mend what the linter can mend safely
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/stamp-lint  ## Format, lint, strict types, import contracts; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/stamp-docs  ## Build the documentation; a warning is an error
	rm -rf docs/generated
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -b html docs docs/_build/html

check: lint docs test  ## Everything that must hold before a change is proposed

fuzz: $(VENV)/stamp-test  ## Run the property tests on new random examples (the seed is printed; SEED=... repeats a run)
	$(BIN)/python -m pytest -m hypothesis --hypothesis-profile=fuzz $(if $(SEED),--hypothesis-seed=$(SEED))

sanitize: $(VENV)/stamp-test  ## Run the tests of the compiled core under sanitizers (SANITIZE=thread: those of threads)
	$(BIN)/python scripts/sanitize.py $(SANITIZE)

fuzz-core: $(VENV)/stamp-build  ## Fuzz the compiled core with libFuzzer, SECONDS in all (needs clang)
	$(BIN)/python scripts/fuzz_core.py $(SECONDS)

wheel: $(VENV)/stamp-core  ## Build dist/twinmatch-*.whl, which installs without a compiler
	$(PIP) wheel --no-build-isolation --no-deps --wheel-dir dist .

test-more: $(VENV)/stamp-test  ## Run the tests that take minutes; one builds a wheel and uses it without a compiler
	$(BIN)/python -m pytest -m "wheel or slow"

test-hostile: $(VENV)/stamp-test  ## Read 5,000 mutated files: an error in words or the right data, nothing else
	$(BIN)/python -m pytest -m "hostile" tests/hostile

fuzz-readers: $(VENV)/stamp-test $(VENV)/stamp-fuzz  ## Let Atheris look for files that harm a reader (SECONDS=60)
	$(BIN)/python -m fuzz.readers -max_total_time=$(or $(SECONDS),60) -timeout=60 -rss_limit_mb=6000 -max_len=200000

sbom: $(VENV)/stamp-sbom  ## Write dist/sbom.cdx.json: what twinmatch is made of, in CycloneDX
	$(PIP) install --no-build-isolation --editable '.[report]'
	$(BIN)/python scripts/sbom.py dist/sbom.cdx.json

test-browser: $(VENV)/stamp-test  ## Open reports in headless Chromium, which has to be on the path
	$(BIN)/python -m pytest -m "browser"

test-service: $(VENV)/stamp-test $(VENV)/stamp-service  ## Run the example service under load, forks, threads and stops
	$(BIN)/python -m pytest -m "service" tests/service

test-cluster: $(VENV)/stamp-test $(VENV)/stamp-cluster  ## Run the tests on Dask clusters of this machine, whose processes are killed
	$(BIN)/python -m pytest -m "cluster" tests/spreading

stubs: $(VENV)/stamp-core  ## Write src/twinmatch/_core.pyi and _check.pyi from the compiled modules
	$(BIN)/python scripts/stubs.py

campaign: $(VENV)/stamp-test  ## A million random instances against other solvers (JOBS=..., an hour of a core; goes on if stopped)
	$(BIN)/python -m tests.campaign run --instances 1000000 $(if $(JOBS),--jobs $(JOBS)) --folder build/campaign --page benchmarks/CAMPAIGN.md

campaign-ci: $(VENV)/stamp-test  ## 20,000 random instances, and 10,000 proofs spoiled that must be refused
	$(BIN)/python -m tests.campaign run --instances 20000
	$(BIN)/python -m tests.campaign forge --claims 10000

mutants: $(VENV)/stamp-test  ## Spoil the checker in every line, and see that tests find it (PART=1/20 for some)
	$(BIN)/python -m tests.campaign mutate $(PART)

coverage: $(VENV)/stamp-campaign  ## Run the tests and see which branches they take; fails where too few
	$(BIN)/python scripts/measure_coverage.py --page benchmarks/COVERAGE.md

benchmarks: $(VENV)/stamp-bench $(VENV)/stamp-cluster  ## Run every benchmark at full size (some hours on a quiet machine), then `make results`
	mkdir -p benchmarks/results/earlier
	cp benchmarks/results/*.json benchmarks/results/earlier/ || true
	set -e; for name in $(BENCHMARKS); do $(BIN)/python -m benchmarks $$name --json benchmarks/results/$$name.json; done
	$(BIN)/python -m benchmarks.optima collect
	$(BIN)/python -m benchmarks.report
	$(BIN)/python -m benchmarks.planning

results: $(VENV)/stamp-bench  ## Write benchmarks/RESULTS.md, PLANNING.md and their plots again from the stored results
	$(BIN)/python -m benchmarks.report
	$(BIN)/python -m benchmarks.planning

picture: $(VENV)/stamp-core  ## Draw the picture of the README from the bundled registers
	$(PIP) install --no-build-isolation --editable '.[report]'
	$(BIN)/python scripts/readme_picture.py docs/_static/twins.jpg

figures: $(VENV)/stamp-core  ## Draw the figures of the concepts page
	$(BIN)/python scripts/concept_figures.py docs/_static/concepts

constraints:  ## Pin and hash what continuous integration installs (needs uv)
	uv pip compile pyproject.toml --extra report --quiet --generate-hashes --upgrade \
	  --group build --group test --group service --group cluster --group lint --group docs --group bench --group fuzz --group sbom --group campaign \
	  --python-version 3.11 --python-platform x86_64-unknown-linux-gnu \
	  --custom-compile-command "make constraints" \
	  --output-file constraints/ci.txt

clean:  ## Remove everything that can be made again, the virtual environment included
	rm -rf $(VENV) build dist docs/_build docs/generated demo-twins

# A virtual environment whose pip knows dependency groups, with what compiles the core.
$(VENV)/stamp-build: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install 'pip>=25.1'
	$(PIP) install --group build
	@touch $@

# An editable install: a change of a .py file needs nothing, a change of C++ compiles what changed.
$(VENV)/stamp-core: $(VENV)/stamp-build pyproject.toml $(CPP)
	$(PIP) install --no-build-isolation --editable .
	@touch $@

$(VENV)/stamp-test $(VENV)/stamp-lint $(VENV)/stamp-docs $(VENV)/stamp-bench $(VENV)/stamp-campaign $(VENV)/stamp-fuzz $(VENV)/stamp-sbom $(VENV)/stamp-service $(VENV)/stamp-cluster: $(VENV)/stamp-%: $(VENV)/stamp-core
	$(PIP) install --group $*
	@touch $@

.PHONY: help demo test test-service test-cluster build fix lint docs check fuzz sanitize fuzz-core fuzz-readers test-hostile sbom wheel test-more stubs campaign campaign-ci mutants coverage benchmarks results picture figures constraints clean
