# GitState. `make help` lists what can be made.

PREFIX ?= $(HOME)/.local
DESTDIR ?=
target = $(DESTDIR)$(PREFIX)
release = swift build -c release --static-swift-stdlib -Xlinker -s --product gitstate
# The tests see no configuration of the user's; building needs it, since it may say where packages are.
isolated = env GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

.PHONY: help build test lint format demo readme manual docs crash concurrency fuzz sanitize bench rounds history install uninstall clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

build: ## Build the program for debugging
	@scripts/install-dependencies
	swift build

test: ## Build, lint and run all tests
	@scripts/install-dependencies --tests
	swift build --build-tests
	swift format lint --strict -r -p Sources Tests Package.swift
	$(isolated) scripts/check-readme .build/debug/gitstate
	$(isolated) scripts/check-readme .build/debug/gitstate Sources/GitState/GitState.docc/Migrating.md
	scripts/check-manual .build/debug/gitstate
	$(isolated) swift test --skip-build --disable-xctest

lint: ## Check the form of the code
	swift format lint --strict -r -p Sources Tests Package.swift

format: ## Bring the code into form
	swift format format -i -r -p Sources Tests Package.swift

demo: ## Do the main job in a scratch folder and show each step
	@scripts/install-dependencies
	swift build --product gitstate
	@scripts/demo .build/debug/gitstate

readme: ## Run the tour of README.md again and put its output in
	swift build --product gitstate
	scripts/check-readme --write .build/debug/gitstate
	scripts/check-readme --write .build/debug/gitstate Sources/GitState/GitState.docc/Migrating.md

manual: ## Make docs/gitstate.1 again from the program's help
	swift build --product gitstate
	swift package --allow-writing-to-package-directory generate-manual --configuration debug \
	  --date "$$(date +%Y-%m-%d)" --output-directory docs
	sed -i 's/^$$/.Pp/' docs/gitstate.1 # mdoc has no empty lines
	scripts/check-manual .build/debug/gitstate

docs: ## Make the library's documentation into .build-docs/html
	@scripts/install-dependencies
	mkdir -p .build-docs/symbols
	swift build --scratch-path .build-docs --target GitState \
	  -Xswiftc -emit-symbol-graph -Xswiftc -emit-symbol-graph-dir -Xswiftc .build-docs/all-symbols
	cp .build-docs/all-symbols/GitState*.symbols.json .build-docs/symbols
	docc convert Sources/GitState/GitState.docc --additional-symbol-graph-dir .build-docs/symbols \
	  --output-path .build-docs/html --warnings-as-errors
	@echo "See it with: docc preview Sources/GitState/GitState.docc --output-path .build-docs/html" \
	  "--additional-symbol-graph-dir .build-docs/symbols"

crash: ## Break writes off at each system call, all or some OPERATIONS; as root, also cut the power (needs strace)
	@scripts/install-dependencies --tests
	$(release)
	scripts/crash-points --table .build/crash-points.txt $(OPERATIONS:%=--only %) \
	  $$([ "$$(id -u)" != 0 ] || echo --disk ext4) "$$(swift build -c release --show-bin-path)/gitstate"
	scripts/migration-crash-points "$$(swift build -c release --show-bin-path)/gitstate"
	@if [ "$$(id -u)" = 0 ]; then scripts/power-cuts "$$(swift build -c release --show-bin-path)/gitstate"; fi

concurrency: ## Let 16 processes put beside git gc, pack-refs, commit and pull, for two minutes
	swift build --product gitstate
	scripts/concurrency .build/debug/gitstate

fuzz: ## Feed ten million inputs to all that reads what others wrote (FUZZ_RUNS)
	GITSTATE_FUZZ=1 swift build -c release -Xswiftc -sanitize=fuzzer -Xswiftc -enable-testing \
	  --product gitstate-fuzz --scratch-path .build-fuzz
	scripts/fuzz .build-fuzz/release/gitstate-fuzz $(FUZZ_RUNS)

sanitize: ## Run the tests with the address and the thread sanitizer, and valgrind (KINDS="address thread valgrind")
	@scripts/install-dependencies --tests
	scripts/sanitize $(KINDS)

bench: ## Measure beside git, libgit2 and LevelDB, all or some PARTS: table, JSON and charts in .build-bench
	@scripts/install-dependencies --tests
	$(release)
	swift build -c release --package-path Benchmarks --scratch-path .build-bench
	scripts/bench "$$(swift build -c release --show-bin-path)/gitstate" .build-bench/release/gitstate-bench $(PARTS)

rounds: ## Let ten clones share over each transport, 200 rounds each, and cut connections anywhere
	@scripts/install-dependencies --tests
	$(release)
	swift build --build-tests
	GITSTATE_PROGRAM="$$(swift build -c release --show-bin-path)/gitstate" GITSTATE_ROUNDS=20 $(isolated) \
	  swift test --skip-build --disable-xctest --no-parallel \
	  --filter 'SharingTests.nothingIsLostWhenManyPush|ServerTests.(ssh|https)Shares|CutConnectionTests'

history: ## Let random undo and merges loose; measure the log in a history of 100,000 commits
	swift build --product gitstate
	scripts/random-history .build/debug/gitstate
	$(release)
	scripts/long-history "$$(swift build -c release --show-bin-path)/gitstate"

install: ## Install program, completions and manual page below PREFIX (~/.local)
	@scripts/install-dependencies
	$(release)
	@scripts/install "$$(swift build -c release --show-bin-path)/gitstate" "$(target)"

uninstall: ## Remove what install put there
	rm -f "$(target)/bin/gitstate" "$(target)/share/man/man1/gitstate.1" \
	  "$(target)/share/bash-completion/completions/gitstate" \
	  "$(target)/share/zsh/site-functions/_gitstate" \
	  "$(target)/share/fish/vendor_completions.d/gitstate.fish"

clean: ## Remove what was built
	rm -rf .build .build-docs .build-bench .build-address .build-thread .build-valgrind .build-fuzz Benchmarks/.build
