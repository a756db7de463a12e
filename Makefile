# Every target sets up what it needs: a virtual environment of its own under .venv/, the extension, the packages.
# PYTHON=/path/to/python chooses the interpreter (CPython 3.9 to 3.13); each version gets its own environment.

SHELL := /bin/sh
.DEFAULT_GOAL := help

BASE_PYTHON := $(shell tools/find-python)
TAG := $(shell $(BASE_PYTHON) -c 'import sys; print("cpython-%d.%d" % sys.version_info[:2])')
VENV := .venv/$(TAG)
BIN := $(VENV)/bin
RUN := $(BIN)/python
TARGET ?= compile
FUZZ_SECONDS ?= 60
SCHEDULES ?= 100000
say = @printf '\033[1m==> %s\033[0m\n' "$(1)"

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

# What is installed is pinned, with hashes, in requirements/locked; `make lock` makes those files anew from the lists in requirements/.
# LOCK= (empty) installs the newest releases that the lists allow.
LOCK ?= locked/
install = $(BIN)/python -m pip install --quiet --disable-pip-version-check $(if $(LOCK),--require-hashes --no-deps) -r requirements/$(LOCK)$(1).txt

$(VENV)/.created: requirements/$(LOCK)build.txt
	$(call say,Making a virtual environment for $(TAG))
	@$(BASE_PYTHON) -m venv $(VENV)
	@$(call install,build)
	@touch $@

$(VENV)/.test: $(VENV)/.created requirements/$(LOCK)test.txt
	$(call say,Installing the test packages)
	@$(call install,test)
	@touch $@

$(VENV)/.lint: $(VENV)/.created requirements/$(LOCK)lint.txt
	$(call say,Installing the linters)
	@$(call install,lint)
	@touch $@

$(VENV)/.bench: $(VENV)/.test requirements/$(LOCK)bench.txt
	$(call say,Installing the benchmarks' peers)
	@$(call install,bench)
	@touch $@

.PHONY: extension
extension: $(VENV)/.created ## Build the extension and install the package in editable form
	$(call say,Building the extension (release) for $(TAG))
	@. $(BIN)/activate && maturin develop --release --quiet --locked

.PHONY: build
build: extension $(VENV)/.test ## The extension and what the tests need

.PHONY: demo
demo: ## Build all, compile route_guide.proto, run its server and client, check every answer
	@[ -e target ] || printf 'The first time this takes some minutes: it builds Russet.\n'
	@$(MAKE) --no-print-directory extension
	$(call say,RouteGuide: compile$(comma) serve$(comma) call)
	@$(RUN) examples/demo.py

.PHONY: polyglot
polyglot: build ## The example in Python, Go, Java, Node.js and Rust: every server with every client; prints the matrix
	$(call say,Polyglot)
	@$(RUN) examples/polyglot/run.py

.PHONY: test
test: lint test-rust test-python ## Lint and run every test (what CI runs)

.PHONY: test-rust
test-rust: ## Unit, table and property tests of the Rust crates
	$(call say,Rust tests)
	@cargo test --quiet --locked --workspace --exclude russet-python

.PHONY: test-python
test-python: build ## Behaviour tests in Python, with the originals as oracles
	$(call say,Python tests on $(TAG))
	@$(RUN) -m pytest -q tests

.PHONY: test-newest
test-newest: ## The Python tests with the newest releases of the originals and of all other packages; what fails here is news, not a broken build
	@$(MAKE) test-python VENV=.venv/$(TAG)-newest LOCK=

.PHONY: test-plugins
test-plugins: build ## Plugins from PyPI and npm, and buf, which are not part of make test (needs npm)
	$(call say,Plugins that people use)
	@$(call install,plugins)
	@mkdir -p $(VENV)/npm && cp tests/compiler/npm/package.json tests/compiler/npm/package-lock.json $(VENV)/npm
	@npm ci --silent --prefix $(VENV)/npm
	@RUSSET_PLUGINS_PATH=$(abspath $(VENV)/npm/node_modules/.bin) $(RUN) -m pytest -q -rs tests/compiler/test_real_plugins.py

.PHONY: conformance
conformance: build ## The official Protocol Buffers conformance suite against Python and Rust; prints the counts
	$(call say,Protocol Buffers conformance)
	@interop/conformance/run $(abspath $(RUN)) target/conformance

.PHONY: interop
interop: build ## h2spec in strict mode, a misbehaving server, then the gRPC interop cases with grpcio, Go, Java, Node.js, Ruby and tonic; prints tables
	$(call say,h2spec)
	@$(RUN) interop/h2spec/run.py target/interop
	$(call say,HTTP/2 interop: a misbehaving server)
	@$(RUN) interop/http2/run.py
	$(call say,gRPC interop)
	@$(RUN) interop/grpc/run.py target/interop

.PHONY: soak
soak: build ## 30 minutes of mixed calls amid resets, kills and GOAWAYs, then 50 lives of each sort of process; SOAK_SECONDS=60 for less
	$(call say,Soak)
	@$(RUN) interop/soak/run.py target/soak

.PHONY: attack
attack: build ## Attacks on servers and clients of Russet and grpcio, with a good client beside them, then a random attacker for a minute on each kind of server; prints tables (about 15 minutes); ATTACK_SECONDS=3600 for a longer one
	$(call say,Attacks on servers)
	@$(RUN) interop/attacks/attack_servers.py
	$(call say,Hostile servers)
	@$(RUN) interop/attacks/attack_clients.py
	$(call say,Anything$(comma) at random)
	@$(RUN) interop/attacks/attack_at_random.py --seconds $(or $(ATTACK_SECONDS),60)

.PHONY: bench
bench: $(VENV)/.bench ## Servers and clients side by side with grpcio, grpc.aio, grpclib, connectrpc and tonic, then importing, memory and the compilers; BENCH=--quick for a short run
	$(call say,Building the extension (dist profile) for $(TAG))
	@. $(BIN)/activate && maturin develop --profile dist --quiet --locked
	@$(RUN) bench/run.py $(BENCH)
	@$(RUN) bench/footprint.py $(filter --quick,$(BENCH))
	@$(RUN) bench/compiler.py $(filter --quick,$(BENCH))

.PHONY: bench-engine
bench-engine: ## The engine in memory beside tonic, hyper and h2: time and allocations of a call and of a streamed message; BENCH=--quick for less
	$(call say,Building the engine and its peers)
	@CARGO_TARGET_DIR=target/bench-engine cargo build --quiet --release --locked --manifest-path bench/engine/Cargo.toml
	@target/bench-engine/release/engine-bench $(BENCH)

.PHONY: bench-compiler
bench-compiler: $(VENV)/.bench ## All of googleapis with Russet, protoc, buf, protox and grpc_tools; BENCH=--quick for one round
	$(call say,Building the extension (dist profile) for $(TAG))
	@. $(BIN)/activate && maturin develop --profile dist --quiet --locked
	@$(RUN) bench/compiler.py $(BENCH)

.PHONY: bench-messages
bench-messages: $(VENV)/.bench ## Messages side by side with upb, protobuf-py and betterproto2; BENCH=--quick for upb alone
	$(call say,Building the extension (dist profile) for $(TAG))
	@. $(BIN)/activate && maturin develop --profile dist --quiet --locked
	@$(RUN) bench/messages $(BENCH)

.PHONY: bench-formats
bench-formats: $(VENV)/.bench ## Protocol Buffers beside JSON, Avro and Thrift, gRPC beside HTTP/1.1: bytes and CPU time
	$(call say,Building the extension (dist profile) for $(TAG))
	@. $(BIN)/activate && maturin develop --profile dist --quiet --locked
	@$(RUN) bench/formats.py

.PHONY: bench-otlp
bench-otlp: build ## OpenTelemetry's OTLP exporter on the originals and on Russet: CPU time of 20,000 spans to a receiver on grpc-go (needs go); BENCH=--quick for two runs
	@$(RUN) bench/otlp $(BENCH)

.PHONY: compare-protoc
compare-protoc: $(VENV)/.test ## Compile what packages ship with protoc and with Russet, and list every difference
	$(call say,Building the compiler)
	@cargo build --quiet --release --locked -p russet-cli
	@PATH=$(abspath $(BIN)):$$PATH $(RUN) interop/protoc/compare.py --russet target/release/russet protoc

.PHONY: fuzz
fuzz: ## Fuzz one target (nightly Rust): TARGET=compile FUZZ_SECONDS=60; the targets are the files in fuzz/targets
	$(call say,Fuzzing $(TARGET) for $(FUZZ_SECONDS) s)
	@PYTHON=$(BASE_PYTHON) fuzz/run $(TARGET) $(FUZZ_SECONDS)

.PHONY: simulate
simulate: ## Two engines, attackers of engines, then whole channels and servers, on a simulated network and clock, then the reactor's threads in any order: SCHEDULES=100000 of each
	$(call say,Two engines: $(SCHEDULES) schedules)
	@RUSSET_TEST_SCHEDULES=$(SCHEDULES) cargo test --quiet --release -p russet-rpc --test engine schedules
	$(call say,Attackers of engines that share a quota: $(SCHEDULES) schedules)
	@RUSSET_TEST_SCHEDULES=$(SCHEDULES) CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true cargo test --quiet --release --target-dir target/assertions -p russet-rpc --test engine attackers
	$(call say,Simulated networks: $(SCHEDULES) schedules)
	@RUSSET_TEST_SCHEDULES=$(SCHEDULES) cargo test --quiet --release -p russet-net --lib simulation
	$(call say,Threads in any order: $(SCHEDULES) schedules of each test)
	@RUSSET_TEST_SCHEDULES=$(SCHEDULES) cargo test --quiet --release -p russet-net --test shuttle

.PHONY: sanitize
sanitize: ## The crates' tests under ThreadSanitizer and AddressSanitizer (nightly Rust with rust-src)
	$(call say,ThreadSanitizer)
	@tools/sanitize thread
	$(call say,AddressSanitizer)
	@tools/sanitize address

.PHONY: lint
lint: lint-rust lint-python ## rustfmt, clippy, ruff, mypy, stubtest, pyright

.PHONY: lint-rust
lint-rust: $(VENV)/.created
	$(call say,rustfmt and clippy$(comma) and whether the fuzz targets compile)
	@cargo fmt --all --check
	@PYO3_PYTHON=$(abspath $(RUN)) cargo clippy --quiet --locked --workspace --all-targets -- -D warnings
	@cargo fmt --manifest-path fuzz/Cargo.toml --check
	@cargo check --quiet --locked --manifest-path fuzz/Cargo.toml --target-dir target/fuzz

.PHONY: lint-python
lint-python: build $(VENV)/.lint
	$(call say,ruff$(comma) mypy$(comma) stubtest$(comma) pyright)
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(RUN) -m mypy.stubtest russet._core --concise --allowlist tools/stubtest.txt >$(VENV)/stubtest.log || { cat $(VENV)/stubtest.log; exit 1; }
	@$(BIN)/pyright --pythonpath $(RUN)

.PHONY: docs
docs: build ## The crates' documentation, in target/doc, with every link checked; then the links and the code of README and docs
	$(call say,Documentation of the crates)
	@RUSTDOCFLAGS="-D warnings" PYO3_PYTHON=$(abspath $(RUN)) cargo doc --quiet --no-deps --workspace --document-private-items
	$(call say,Pages)
	@$(RUN) -m pytest -q tests/docs

.PHONY: compatibility
compatibility: build ## Write docs/compatibility.md: every public name of the originals beside ours, and the tests that use it
	@cd tests && $(abspath $(RUN)) -m compat.matrix

$(VENV)/.wheels: $(VENV)/.created requirements/$(LOCK)wheels.txt
	$(call say,Installing what builds wheels)
	@$(call install,wheels)
	@touch $@

.PHONY: wheels
wheels: $(VENV)/.wheels ## Wheels for every CPython on this machine, manylinux and musllinux, each tried; TARGETS=aarch64-unknown-linux-gnu for others
	@. $(BIN)/activate && $(RUN) tools/wheels.py $(addprefix --target=,$(TARGETS))

.PHONY: lock
lock: $(VENV)/.created ## Pin the newest releases that the lists in requirements/ allow, for every supported Python, with hashes
	$(call say,Locking)
	@$(call install,lock)
	@BIN=$(BIN) tools/lock

.PHONY: clean
clean: ## Remove what the targets made
	rm -rf target .venv dist

comma := ,

.PHONY: packages
packages: build ## 60 packages from PyPI on the originals and on Russet, in fresh environments; prints a table; PACKAGES="etcd triton" for some
	$(call say,Real packages)
	@$(RUN) interop/packages/run.py $(PACKAGES)

.PHONY: lock-packages
lock-packages: build ## Pin the newest releases of the packages of make packages
	@$(RUN) interop/packages/run.py --lock
