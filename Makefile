# Every target sets up what it needs first (tools/setup/setup.sh), inside this clone; a second run starts in seconds.
NODE := .tools/bin/node
# The demo's entry; its Pods run the sidecar as it ships. `make demo LIVE=1` charges a Stripe test account instead of the fake Stripe.
DEMO := tools/demo/main.ts
# Test files of your choice: make test TESTS=test/ledger/*.test.ts
TESTS := 'test/**/*.test.ts'

.DEFAULT_GOAL := help
.PHONY: help setup demo chaos test sdks verify sim bench fix bundle image chart e2e cluster clean

help:
	@echo 'make demo      the nightly billing run under a cap, with kills, on this machine (LIVE=1: Stripe test mode)'
	@echo 'make test      all tests (TESTS="test/ledger/*.test.ts" for some)'
	@echo "make sdks      every official SDK, unchanged, through sidecar and ledger (ONLY=name, UPDATE=1 writes its pages)"
	@echo 'make verify    what CI runs: format, lint, types, house rules, docs, tests, the demo'
	@echo 'make bench     what a call costs, beside peers (SHORT=1: in under three minutes; ROUNDS=n, SECONDS=n a run)'
	@echo 'make sim       the seeded simulation of the whole system (SEEDS=200, SEED=n replays one, MUTANTS=1 hunts planted bugs)'
	@echo 'make chaos     a Job of 100 Pods while its parts are killed (ROUNDS=3; SEED=n repeats one; STORE=sqlite|redis)'
	@echo 'make fix       format, and regenerate what is generated'
	@echo 'make e2e       on a real Kubernetes of one node: chart, image, Jobs (root, Go)'
	@echo 'make cluster   the same cluster, held up until it is interrupted; E2E_STAGE=folder make e2e ONLY=text then takes seconds'
	@echo 'make image     the image, as an archive (root, buildah)'
	@echo 'make chart     the Helm chart, as a package, in dist-image/'
	@echo 'make bundle    the files that ship, into dist/'
	@echo 'make setup     only what all of these do first: Node and npm packages into this clone'
	@echo 'make clean     remove what was built; with ALL=1 also what setup brought'

setup:
	@sh tools/setup/setup.sh

demo: bundle
	@$(NODE) $(DEMO) $(if $(LIVE),--live)

chaos: bundle
	@ROUNDS=$(ROUNDS) SEED=$(SEED) STORE=$(STORE) $(NODE) tools/chaos/main.ts

test: setup
	@$(NODE) tools/test/main.ts $(TESTS)

sdks: setup
	@$(NODE) tools/sdks/main.ts

verify: setup
	@$(NODE) tools/verify/main.ts

bench: bundle
	@sh tools/setup/setup.sh bench
	@$(NODE) bench/main.ts $(if $(SHORT),--short) $(if $(ROUNDS),--rounds=$(ROUNDS)) $(if $(SECONDS),--seconds=$(SECONDS)) \
		$(if $(RECORDS),--records=$(RECORDS)) $(if $(CALLS),--calls=$(CALLS))

sim: setup
	@$(NODE) tools/sim/main.ts

fix: setup
	@$(NODE) node_modules/@biomejs/biome/bin/biome check --write
	@$(NODE) tools/generate/main.ts

bundle: setup
	@$(NODE) tools/bundle/main.ts

image: setup
	@tools/image/build.sh

chart: setup
	@sh tools/image/chart.sh

e2e: setup
	@sh tools/setup/setup.sh cluster
	@$(NODE) tools/e2e/main.ts

cluster: setup
	@sh tools/setup/setup.sh cluster
	@$(NODE) tools/e2e/main.ts --hold

clean:
	rm -rf dist dist-image
	$(if $(ALL),rm -rf node_modules .tools bench/node_modules)
