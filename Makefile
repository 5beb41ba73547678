SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# One set of build flags for programs, images, tests and checks, so that each package
# is compiled once.
export CGO_ENABLED ?= 0
export GOFLAGS := $(filter-out -trimpath,$(GOFLAGS)) -trimpath

# Tools are built from third_party, by the versions that its go.mod files pin.
tools := $(CURDIR)/.cache/bin

# Tests that want real clusters. They run one package at a time: each has the machine.
cluster_tests := $(wildcard test/admission test/conformance test/e2e)

# Every other package that is written by hand, so that a new one is never left out.
unit_packages = $$(go list ./... | grep --invert-match --extended-regexp '/corbel/(pkg/client|test/(admission|conformance|e2e))(/|$$)')

# The first line of a recipe: say what begins, and at the end how long it took.
timed = @echo "make $@"; trap 'echo "make $@: $${SECONDS} s"' EXIT

.PHONY: help
help: ## Show this list
	@sed --quiet --regexp-extended 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' Makefile | expand --tabs=16

.PHONY: build
build: ## Build the programs into bin/
	$(timed)
	mkdir -p bin
	go build -o bin/ ./cmd/...

.PHONY: test
test: ## Run all tests and checks: without a cluster, then on real clusters (root)
	$(timed)
	$(MAKE) test-unit
	$(MAKE) verify
	$(MAKE) lint
	$(MAKE) test-cluster

.PHONY: test-unit
test-unit: ## Vet, and run the tests that need no cluster
	$(timed)
	packages=$(unit_packages)
	go vet ./...
	go test -timeout 10m $${packages}

.PHONY: test-race
test-race: ## Run the tests that need no cluster under the race detector
	$(timed)
	packages=$(unit_packages)
	CGO_ENABLED=1 go test -race -timeout 20m $${packages}

.PHONY: test-cluster
test-cluster: ## Run the tests on real clusters that hack/local makes (root)
	$(timed)
	go test -v -count=1 -p 1 -timeout 40m $(addprefix ./,$(addsuffix /...,$(cluster_tests)))

.PHONY: lint
lint: $(tools)/golangci-lint ## Run golangci-lint
	$(timed)
	$(tools)/golangci-lint run ./...

.PHONY: verify
verify: ## Check that generated code, formatting and go.mod files are as they should be
	$(timed)
	hack/verify-codegen.sh
	for module in . third_party/*/; do
	  echo "go mod tidy -diff in $${module}"
	  (cd "$${module}" && go mod tidy -diff)
	done

.PHONY: codegen
codegen: ## Make generated code and CRDs from the types in pkg/apis
	$(timed)
	hack/update-codegen.sh

.PHONY: bench
bench: ## Measure, on real clusters that hack/local makes (root)
	$(timed)
	go run ./test/bench

.PHONY: demo
demo: ## Make clusters and show every kind at work; KUBECONFIG and KO_DOCKER_REPO choose your own
	$(timed)
	go run ./hack/demo up

.PHONY: demo-down
demo-down: ## Take away what demo made
	$(timed)
	go run ./hack/demo down

.PHONY: release
release: $(tools)/ko ## Build and push the images to KO_DOCKER_REPO, and write dist/*.yaml
	$(timed)
	mkdir -p dist
	export KO_CONFIG_PATH=$(CURDIR)/ko.yaml
	$(tools)/ko resolve -f config/ > dist/corbel.yaml
	if [[ -d config/agent ]]; then
	  $(tools)/ko resolve -f config/agent/ > dist/corbel-agent.yaml
	fi

.PHONY: install-plugin
install-plugin: ## Install the tkn plugin into Go's bin folder
	$(timed)
	go install ./cmd/tkn-corbel

.PHONY: clean
clean: ## Remove what make built (not the clusters: go run ./hack/local down)
	$(timed)
	rm -rf bin dist .cache

$(tools)/golangci-lint: third_party/golangci-lint/go.mod third_party/golangci-lint/go.sum
	go build -C third_party/golangci-lint -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(tools)/ko: third_party/ko/go.mod third_party/ko/go.sum
	go build -C third_party/ko -o $@ github.com/google/ko
