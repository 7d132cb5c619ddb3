# Everything done with the project: `make` lists the targets.
#
# `make test` needs Go, Node.js 20 or later, npm, git, make and gcc; what else it needs it fetches, in the versions
# pinned below. Only a missing Debian package asks for root.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

GOLANGCI_LINT_VERSION := v2.6.2
GOSSAMER_VERSION := v0.9.0

FUZZTIME ?= 60s
FUZZ ?= .
PKG ?= ./...
SEEDS ?= 1000
ERAS ?= 30

BIN := build/bin
LINT := $(BIN)/golangci-lint-$(GOLANGCI_LINT_VERSION)
STEP := scripts/step.sh

.PHONY: help build test test-code test-chains test-unit crash simulate mutants services services-test memory vet lint race bench bench-api fuzz e2e arm64 deps deps-node deps-debian deps-qemu deps-postgres deps-browser deps-wrk deps-lint deps-specs fmt clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

build: ## build the program into build/bin/otv
	CGO_ENABLED=0 go build -trimpath -o $(BIN)/otv ./cmd/otv

test: ## everything that must hold: lint, all tests, those of what runs beside other things with -race, arm64, end to end
	@$(STEP) "deps" $(MAKE) deps
	@$(MAKE) -j2 --output-sync=target test-code test-chains

# Chopsticks waits half of its time; beside it there is room for the rest.
test-code:
	@$(STEP) "lint" $(MAKE) lint
	@packages=$$(scripts/packages.sh plain | xargs); \
		$(STEP) "tests" env OTV_TEST_POSTGRES=required OTV_TEST_BROWSER=required $(MAKE) test-unit PKG="$$packages"
	@$(STEP) "tests with -race" env OTV_TEST_POSTGRES=required $(MAKE) race SHORT=-short

test-chains:
	@$(STEP) "end to end" $(MAKE) e2e
	@$(STEP) "separate processes" env OTV_TEST_POSTGRES=required $(MAKE) services-test
	@$(STEP) "digest on arm64" $(MAKE) arm64

test-unit: ## unit tests only, no dependencies but Go (PKG=./... selects)
	go test -timeout 25m $(PKG)

# The unit tests have a short form of both. What they find depends on a seed that they print.
crash: ## the nominator killed at every fault point and at 200 random moments, and through many random events
	go test -count=1 -timeout 25m -v -run '^(TestKilledAnywhereEndsRight|TestNoSequenceOfEventsNominatesTwice)$$' \
		./internal/nominator -crash.full -crash.kills 200 -rapid.checks 200

services: build deps-postgres ## run core, gateway, telemetry and two workers on PostgreSQL and a simulated network
	go build -o $(BIN)/services ./test/services
	exec $(BIN)/services -otv $(BIN)/otv

# Half an hour on real time: an era of the simulated network lasts a minute.
memory: build ## memory of the monolith over ERAS (30) simulated eras of a minute each: fails when it grows
	go build -o $(BIN)/services ./test/services
	exec $(BIN)/services -otv $(BIN)/otv -memory $(ERAS)

services-test: ## each of the five processes killed in turn under load
	OTV_TEST_SERVICES_ALL=1 go test -count=1 -timeout 10m -v ./test/services

# The whole programme on simulated networks on which everything breaks; a failure names the seed and how to replay it.
simulate: ## the programme lived through SEEDS (1000) simulated networks with faults
	go test -count=1 -timeout 60m -v -run '^TestSimulate$$' ./test/simulate -args -seeds $(SEEDS)

mutants: ## every known defect of transactions put back in turn: the simulation must find each
	go run ./test/simulate/mutants

vet: ## go vet, end-to-end tests included
	go vet ./...
	go vet -tags e2e ./test/...
	go vet -tags bench ./internal/gateway

lint: deps-lint ## golangci-lint with .golangci.yml
	$(LINT) run --allow-serial-runners --timeout 15m --build-tags e2e,bench ./...

# The translated C of SQLite is left alone by the race detector: its memory is none of Go's, the connection pool above
# it, which is looked at, hands each connection to one goroutine at a time, and it took most of the time.
race: ## unit tests of what runs beside other things with the race detector (PKG=./... selects, SHORT=-short: fewer random cases)
	packages=$$($(if $(filter file,$(origin PKG)),scripts/packages.sh concurrent,echo '$(PKG)') | xargs); \
		go test -race -gcflags=modernc.org/sqlite/lib=-race=false $(SHORT) -timeout 25m $$packages

bench: ## all benchmarks, with memory (PKG=./... selects)
	go test -run '^$$' -bench . -benchmem $(PKG)

bench-api: deps-wrk ## throughput and latency of the API at 1,126 candidates, on SQLite and PostgreSQL
	go test -tags bench -count=1 -timeout 15m -run TestWrk -v ./internal/gateway

fuzz: ## every fuzz target, one after another, FUZZTIME each (60s; FUZZ='substrate/scale|FuzzConfig' selects)
	scripts/fuzz.sh $(FUZZTIME) '$(FUZZ)'

e2e: deps-node deps-specs ## real runtimes in Chopsticks, compared with an independent model
	go test -tags e2e -count=1 -timeout 15m -v ./test/e2e

# The figures of a round must be the same on every architecture; the record's digest shows it.
arm64: deps-qemu ## the record's digest and verification under emulated arm64
	CGO_ENABLED=0 GOARCH=arm64 go test -c -o build/decision.arm64.test ./internal/programme/decision
	cd internal/programme/decision && qemu-aarch64 $(CURDIR)/build/decision.arm64.test \
		-test.short -test.v -test.run '^(TestDigestIsTheSameEverywhere|TestVerifyAccepts)$$' | tee $(CURDIR)/build/arm64.log
	grep -q -- '--- PASS: TestDigestIsTheSameEverywhere' build/arm64.log

deps: ## fetch what the tests need, where it is missing
	@scripts/require.sh
	@$(MAKE) -j4 deps-node deps-debian deps-lint deps-specs

# One after another: apt-get is locked while it installs.
deps-debian: deps-qemu
	@$(MAKE) deps-postgres
	@$(MAKE) deps-browser
	@$(MAKE) deps-wrk

deps-node:
	@scripts/deps-node.sh test/e2e/node

deps-qemu:
	@scripts/deps-debian.sh qemu-aarch64 qemu-user

deps-postgres:
	@scripts/deps-debian.sh '/usr/lib/postgresql/*/bin/initdb' postgresql

deps-browser:
	@scripts/deps-debian.sh chromium chromium

deps-wrk:
	@scripts/deps-debian.sh wrk wrk

deps-lint:
	@scripts/deps-lint.sh $(GOLANGCI_LINT_VERSION) $(LINT)

deps-specs:
	@scripts/deps-specs.sh $(GOSSAMER_VERSION) build/specs

fmt: ## format all Go files
	gofmt -l -w cmd internal substrate test

clean: ## remove everything that was built or fetched into this folder
	rm -rf build test/e2e/node/node_modules
