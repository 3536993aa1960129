# What this project can do. `make help` lists it.

SHELL         := bash
.SHELLFLAGS   := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS     += --no-print-directory

GO ?= go
# The version is stamped below, so the build needs no version control beside it.
export GOFLAGS := $(GOFLAGS) -buildvcs=false

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BUILD   := CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)'

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# RACE=1 tests with the race detector; the agent under test is built with it too.
RACE ?=
RACEFLAG := $(if $(RACE),-race)
TESTTIMEOUT ?= 45m
# The packages that take longest: with the others after them both cores are busy
# to the end.
LONGEST := ./test/hazards ./test/rabbitmq ./test/e2e ./test/killtest ./exporters/elasticsearch
# Tests that start programs mostly wait for them: more run at once than there
# are cores. It is make lint that vets.
TESTFLAGS := $(RACEFLAG) -vet=off -timeout $(TESTTIMEOUT) -p 2 -parallel 3

##@ The main job

.PHONY: run
run: build ## Build, then run the demo shop and the agent over its logs (ARGS="--for 30s")
	@exec bin/tailrace demo $(ARGS)

.PHONY: build
build: ## Build bin/tailrace: static, stamped with the version
	@mkdir -p bin
	$(BUILD) -o bin/tailrace ./cmd/tailrace

.PHONY: kubectl-plugin
kubectl-plugin: ## Build bin/kubectl-tailrace, which searches on all nodes (docs/kubectl.md)
	@mkdir -p bin
	$(BUILD) -o bin/kubectl-tailrace ./cmd/kubectl-tailrace

.PHONY: deb
deb: ## Build the Debian package into bin (ARCH=arm64)
	@ARCH=$(or $(ARCH),amd64) scripts/deb.sh

.PHONY: image
image: ## Build the container image into bin/image, an OCI layout, without a daemon
	@VERSION=$(VERSION) scripts/image.sh

##@ Proof

.PHONY: test
test: ## Everything, with real backends and 200 kills (RACE=1, INSTALL=1)
	@$(MAKE) -j2 test-deps build
	@scripts/go-test.sh $(TESTFLAGS) -count=1 $(LONGEST) ./...

.PHONY: test-unit
test-unit: ## What needs no other program: under a minute, installs nothing
	$(GO) test -short $(RACEFLAG) -timeout 5m ./...

.PHONY: test-deps
test-deps: ## Install what the integration tests need (root or CI; else INSTALL=1)
	@INSTALL=$(INSTALL) scripts/install-test-deps.sh

.PHONY: torture
torture: ## Random faults under load (DURATION=15m), or N kills (N=1000); SEED=… repeats
ifdef N
	TAILRACE_KILLS=$(N) TAILRACE_SEED=$(SEED) $(GO) test -count=1 -timeout 0 -v -run '^TestKill' ./test/killtest
else
	@mkdir -p .cache
	@$(GO) test -c -o .cache/torture.test ./test/torture
	@cd test/torture && TAILRACE_TORTURE=$(or $(DURATION),15m) TAILRACE_SEED=$(SEED) \
	  ../../.cache/torture.test -test.run '^TestTorture$$' -test.timeout 0
endif

.PHONY: torture-long
torture-long: ## The long forms of the hazard tests (SEED=…)
	TAILRACE_TORTURE=1m TAILRACE_SEED=$(SEED) $(GO) test -count=1 -timeout 0 -v ./test/hazards ./test/rabbitmq ./test/gateway

FUZZTIME ?= 30s
.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (PKG=./internal/tail for one package)
	@for pkg in $$($(GO) list $(or $(PKG),./...)); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; \
	done

.PHONY: bench
bench: ## Measure the workloads against the yardsticks (W=W1 for one)
	$(GO) run ./bench $(if $(W),-w $(W)) $(ARGS)

.PHONY: bench-scale
bench-scale: ## Measure what 1,000 agents cost a real API server (NODES, PODS per node)
	$(GO) test ./bench/scale -run '^$$' -bench . -benchtime 1x -timeout 30m

##@ Care

.PHONY: lint
lint: ## gofmt, vet, staticcheck and the repository's own rules
	@unformatted=$$(gofmt -l $$(git ls-files '*.go' ':!*/testdata/*')); \
	if [ -n "$$unformatted" ]; then echo "not formatted; run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) test -count=1 ./internal/lint

.PHONY: fmt
fmt: ## Format the Go code
	gofmt -w $$(git ls-files '*.go' ':!*/testdata/*')

.PHONY: install-tools
install-tools: ## Fetch and build the pinned tools that lint needs
	$(GO) run $(STATICCHECK) -version

.PHONY: clean
clean: ## Remove what was built (the cache of downloads stays: rm -r .cache)
	rm -rf bin

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
