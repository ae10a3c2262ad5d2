PYTHON ?= python3
BIN := .venv/bin

build:  ## Rebuild the compiled core into the virtual environment
	$(BIN)/pip install -q --no-build-isolation -e .

.PHONY: build
