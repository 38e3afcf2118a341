# Tandem's tasks. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO := $(or $(shell command -v go),$(wildcard /usr/local/go/bin/go))
ifeq ($(GO),)
$(error Tandem needs Go: install it from https://go.dev/dl/ and put it on PATH)
endif
# The programs that the go command runs must find it too.
export PATH := $(patsubst %/,%,$(dir $(GO))):$(PATH)

BUILD := $(CURDIR)/.build
# Without a home there is no place for Go's caches.
ifeq ($(wildcard $(HOME)/.),)
export GOCACHE ?= $(BUILD)/go-build
export GOPATH ?= $(BUILD)/go
export TANDEM_CACHE ?= $(BUILD)/cache
endif

VERSION := $(or $(shell git describe --always --dirty 2>/dev/null),development)
LDFLAGS := -X main.version=$(VERSION)

# The race detector needs a C compiler.
RACE := $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)

# The checkers have a module of their own, so that the product's stays small; they are built once per version.
TOOLS := $(BUILD)/tools/$(shell { cat .ci/tools/go.mod; $(GO) env GOVERSION; } | cksum | cut -d' ' -f1)

.PHONY: help
help: ## list these tasks
	@echo "Usage: make <task> [ARGS='...']"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: build ## start everything here, with two fake CRMs, and onboard a sample connection (ARGS: flags of starter demo)
	$(BUILD)/starter demo $(ARGS)

.PHONY: test
test: prepare build check ## install or build what the tests need, check, and run every test
	TANDEM_WORKER_BIN=$(BUILD)/worker TANDEM_STARTER_BIN=$(BUILD)/starter \
		$(GO) test $(RACE) -timeout 40m $(ARGS) ./...
	@$(if $(RACE),,echo "note: without the race detector, for want of a C compiler")

.PHONY: bench
bench: prepare build ## measure onboarding and live sync on this machine (ARGS: flags of go test)
	TANDEM_WORKER_BIN=$(BUILD)/worker TANDEM_STARTER_BIN=$(BUILD)/starter \
		$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 60m $(ARGS) ./internal/e2e/...

.PHONY: converge
converge: prepare build ## run the convergence test alone: people and machines do their worst at random (TANDEM_SEED repeats it)
	TANDEM_SEED=$${TANDEM_SEED:-random} TANDEM_WORKER_BIN=$(BUILD)/worker TANDEM_STARTER_BIN=$(BUILD)/starter \
		$(GO) test -run TestConvergence -v -count=1 -timeout 30m $(ARGS) ./internal/e2e

.PHONY: build
build: ## build starter and worker into .build
	@mkdir -p $(BUILD)
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BUILD)/starter ./starter
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BUILD)/worker ./worker

.PHONY: check
check: tools check-licences ## look for what tests cannot see: format, vet, staticcheck, workflow determinism, imports, dependencies
	$(GO) mod verify
	@files=$$(find . -name '*.go' -not -path './.*' -print0 | xargs -0 gofmt -l); \
		if [ -n "$$files" ]; then echo "not formatted (run gofmt -w):"; echo "$$files"; exit 1; fi
	$(GO) vet ./...
	$(TOOLS)/staticcheck ./...
	$(TOOLS)/workflowcheck -show-pos $(if $(wildcard workflowcheck.config.yaml),-config workflowcheck.config.yaml) ./workflows/...
	$(GO) test ./internal/archtest

# What may ship: licences that ask for no more than to be named. The module that is left out has no licence file; the Temporal
# SDK, which is under MIT, is generated with it.
LICENCES := Apache-2.0,BSD-2-Clause,BSD-3-Clause,ISC,MIT,Unlicense
NOT_LICENSED := --ignore github.com/tandem-sync/tandem --ignore github.com/nexus-rpc/nexus-proto-annotations

.PHONY: check-licences
check-licences: $(TOOLS)/go-licenses
	@$(TOOLS)/go-licenses check ./starter ./worker $(NOT_LICENSED) --allowed_licenses=$(LICENCES) --stderrthreshold=ERROR --logtostderr=false --log_file=/dev/null

.PHONY: licences
licences: $(TOOLS)/go-licenses ## list the licence of everything that ships
	@$(TOOLS)/go-licenses report ./starter ./worker $(NOT_LICENSED) --stderrthreshold=ERROR --logtostderr=false --log_file=/dev/null | cut -d, -f1,3

.PHONY: sbom
sbom: build $(TOOLS)/cyclonedx-gomod ## write a bill of materials of each program beside it, in .build
	@for program in starter worker; do \
		$(TOOLS)/cyclonedx-gomod bin -json -std -version '$(VERSION)' -output $(BUILD)/$$program.cdx.json $(BUILD)/$$program; \
		echo "$(BUILD)/$$program.cdx.json"; done

.PHONY: tools
tools: $(TOOLS)/staticcheck $(TOOLS)/workflowcheck $(TOOLS)/go-licenses ## build the checkers into .build/tools

$(TOOLS)/staticcheck:
	@mkdir -p $(@D)
	$(GO) -C .ci/tools build -mod=readonly -o $@ honnef.co/go/tools/cmd/staticcheck

$(TOOLS)/workflowcheck:
	@mkdir -p $(@D)
	$(GO) -C .ci/tools build -mod=readonly -o $@ go.temporal.io/sdk/contrib/tools/workflowcheck

$(TOOLS)/go-licenses:
	@mkdir -p $(@D)
	$(GO) -C .ci/tools build -mod=readonly -o $@ github.com/google/go-licenses/v2

$(TOOLS)/cyclonedx-gomod:
	@mkdir -p $(@D)
	$(GO) -C .ci/tools build -mod=readonly -o $@ github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

.PHONY: prepare
prepare: build ## make sure of Postgres and Temporal (Temporal is built from source the first time)
	@.ci/postgres
	$(BUILD)/starter dev --prepare

.PHONY: up
up: ## start Postgres, Temporal and a worker as containers
	TANDEM_VERSION=$(VERSION) docker compose up --build --wait $(ARGS)

.PHONY: clean
clean: ## remove what was built here (not the data, not the cached Temporal)
	@# Modules in Go's cache are read-only.
	@if [ -d $(BUILD)/go ]; then chmod -R u+w $(BUILD)/go; fi
	rm -rf $(BUILD)
