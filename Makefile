# Two commands: `make run` and `make test`. Each installs what it needs and can be repeated.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
NODE := node_modules/.bin/node
MODE ?= standalone
ARGS ?=

.PHONY: run test check format generate bench bundle install clean
.DEFAULT_GOAL := help

.PHONY: help
help:
	@printf '%s\n' \
	  'make run                 the demo: registries, stores table and verdicts on this machine, no cluster' \
	  'make run ARGS=--once     the same, and end after the first full picture' \
	  'make run MODE=cluster    apply config/crd to the cluster of KUBECONFIG and run against it' \
	  'make test                everything: format, lint, types, floors, unit, property, end to end' \
	  'make check               the static part of it' \
	  'make bench               benchmarks'

# npm ci only when the lockfile is newer than what is installed.
node_modules/.installed: package.json package-lock.json
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

install: node_modules/.installed

run: node_modules/.installed
	@exec $(NODE) demo/run.ts --mode=$(MODE) $(ARGS)

test: node_modules/.installed
	@exec $(NODE) test/run.ts $(ARGS)

check: node_modules/.installed
	@exec $(NODE) test/run.ts --static

format: node_modules/.installed
	@node_modules/.bin/biome format --write .

generate: node_modules/.installed
	@$(NODE) scripts/generate.ts

bench: node_modules/.installed
	@exec $(NODE) test/bench/run.ts $(ARGS)

bundle: node_modules/.installed
	@$(NODE) scripts/bundle.ts

clean:
	@rm -rf node_modules dist coverage
