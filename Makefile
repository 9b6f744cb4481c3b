# Builds the programs of the three languages into target/ and runs them.
#
# Where the programs are: target/{c,go,rust}/STEP,
# target/bin/{nsteps,nsteps-probe}, and target/mnt/{root,mytmp}, empty
# directories for `nsteps run` to mount on.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# Prerequisites are made in the order in which they are written, setup before
# build; cargo and go use all processors by themselves.
.NOTPARALLEL:

PREFIX ?= /usr/local
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR

# The programs in Rust are linked statically, because a new root has no dynamic
# linker: with musl if rustc can build for it, else with glibc. `setup.sh
# target` decides this, once for each make that builds.
TARGET = $(eval TARGET := $$(shell ./setup.sh target))$(TARGET)
CARGO = $(strip $(if $(findstring musl,$(TARGET)),,\
	RUSTFLAGS='$(strip $(RUSTFLAGS) -C target-feature=+crt-static)') \
	$(if $(findstring jobserver,$(MAKEFLAGS)),MAKEFLAGS=) cargo)
CARGO_FLAGS = --locked --target $(TARGET)
RELEASE = $(CARGO_TARGET_DIR)/$(TARGET)/release
# Both calls of cargo build name all of them: of fewer it would compile the same
# crates with other features, once more.
PROGRAMS = -p nsteps -p nsteps-probe -p nsteps-steps -p nsteps-pitfalls \
	-p nsteps-peer
RUST_STEPS = $(basename $(notdir $(wildcard rust/steps/src/bin/*.rs)))
RUST_PITFALLS = $(basename $(notdir $(wildcard rust/pitfalls/src/bin/*.rs)))

# Puts the programs that cargo built into their directories. Hard links take no
# space; with a CARGO_TARGET_DIR on another file system they are copied.
put = cp -lf $(addprefix $(RELEASE)/,$(1)) $(2) 2>/dev/null || \
	cp -f --remove-destination $(addprefix $(RELEASE)/,$(1)) $(2)

# Says what is left out because a program is missing; fails if MUST_RUN=1.
without = { echo "make $@: no $(1): $(2)"; [ "$${MUST_RUN:-0}" != 1 ]; }

help: ## list these targets
	@awk -F ':.*## ' \
		'/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  ARGS='--only uts'  more arguments for nsteps"
	@echo "  SETUP=0            install nothing (SETUP=sudo: through sudo)"
	@echo "  MUST_RUN=1         what cannot be tested here is a failure"
	@echo "  RUNS=3             how often bench-report measures; 0: write again"
	@echo "  REPOSITORY=URL     where links of the book lead to sources"
	@echo "  KERNELS=6.1,7.3    the kernels that kernels and facts boot"
	@echo "  PREFIX=DIR         where install puts things ($(PREFIX))"
	@echo "  BASE=IMAGE         a Debian that the image begins with ($(BASE))"

# make ends with 2 if anything fails, and prints the status of nsteps: 1 for a
# difference that is not explained, 2 for an error.
compare: tree setup build ## run every step in every language, compare effects
	@target/bin/nsteps compare $(ARGS)

build: tree ## build all three languages into target/
	@mkdir -p target/bin target/rust/pitfalls target/bench/peers \
		target/bench/plain \
		target/mnt/root target/mnt/mytmp
	@case "$(TARGET)" in \
	*musl*) ;; \
	*) echo "make build: Rust cannot build for musl here: glibc, linked" \
		"statically" ;; \
	esac
	$(CARGO) build --release $(CARGO_FLAGS) $(PROGRAMS) --bin nsteps-probe
	NSTEPS_EMBED=$(RELEASE)/nsteps-probe \
	$(CARGO) build --release $(CARGO_FLAGS) $(PROGRAMS) \
		--bins --example uts_in_plain_nix
	@$(call put,nsteps nsteps-probe,target/bin)
	@$(call put,$(RUST_STEPS),target/rust)
	@$(call put,$(RUST_PITFALLS),target/rust/pitfalls)
	@$(call put,peer,target/bench/peers/rust)
	@$(call put,library,target/bench/peers/library)
	@$(call put,examples/uts_in_plain_nix,target/bench/plain)
	@headers=$$(readelf --program-headers --wide target/bin/nsteps-probe); \
	case $$headers in *INTERP*) \
		echo "make build: target/bin/nsteps-probe must be static, and is not"; \
		exit 1 ;; \
	esac
	$(MAKE) -s -C reference-c
	$(MAKE) -s -C bench/peers
	@if command -v go >/dev/null; then \
		echo "$(MAKE) -s -C reference-go"; \
		$(MAKE) -s -C reference-go; \
	else $(call without,go,target/go is left as it is); fi

# The programs and examples have no tests of their own: without naming what has,
# cargo would link each of them once more. One crate has tests in its
# documentation.
test: tree setup-test build check ## build, check, and run every test
	@status=0; \
	$(CARGO) test --workspace --lib --test '*' --no-fail-fast $(CARGO_FLAGS) \
		| tee target/test.log || status=$$?; \
	$(CARGO) test --doc -p nsteps-spawn --no-fail-fast $(CARGO_FLAGS) \
		| tee -a target/test.log || status=$$?; \
	awk '/^test result:/ { \
		for (i = 2; i <= NF; i++) count[$$i] += $$(i - 1) \
	} \
	END { \
		printf "%d passed, %d failed, %d skipped\n", \
			count["passed;"], count["failed;"], count["ignored;"] \
	}' target/test.log; \
	exit $$status

# Those tests that take minutes, and the others beside them.
soak: tree setup-test build ## try every hostile setting, refused call, fix and form
	$(CARGO) test -p nsteps $(CARGO_FLAGS) --test hostile \
		--test consequences --test launchers -- --include-ignored
	$(CARGO) test -p nsteps $(CARGO_FLAGS) --test fuzz -- --ignored
	NSTEPS_WRITE=1 $(CARGO) test -p nsteps $(CARGO_FLAGS) --test wrong -- \
		--ignored
	NSTEPS_WRITE=1 $(CARGO) test -p nsteps $(CARGO_FLAGS) --test host -- \
		--ignored

# Kernels of Debian are booted by qemu, without /dev/kvm: some minutes each. What
# they need is installed, and kept below target/kernels.
KERNELS = 5.10,6.1,6.12,6.18,7.3
comma = ,
OTHER_KERNELS = rust/nsteps/tests/kernels
set-up-kernels: tree build
	$(OTHER_KERNELS)/set-up.sh target/kernels $(subst $(comma), ,$(KERNELS))

kernels: set-up-kernels ## boot other kernels, try the project there, as root
	@status=0; \
	KERNELS=$(KERNELS) $(CARGO) test -p nsteps $(CARGO_FLAGS) \
		--test kernels -- --ignored --test-threads=1 || status=$$?; \
	NSTEPS_WRITE=1 $(CARGO) test -p nsteps $(CARGO_FLAGS) \
		--test kernels || status=$$?; \
	exit $$status

facts: set-up-kernels ## ask other kernels what they answer, as root
	@for it in $(subst $(comma), ,$(KERNELS)); do \
		$(OTHER_KERNELS)/facts.sh target/kernels $$it; \
	done

# cargo doc checks only the pages of the libraries: those of the programs would
# take three times as long, and their comments are read in the source.
check: tree ## check layout and lints in all three languages
	cargo fmt --all --check
	$(CARGO) clippy --workspace --all-targets $(CARGO_FLAGS) \
		-- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --workspace --lib \
		--no-deps $(CARGO_FLAGS)
	@if command -v go >/dev/null; then \
		echo "gofmt -l reference-go bench; go vet ./..."; \
		wrong=$$(gofmt -l reference-go bench); \
		[ -z "$$wrong" ] || { echo "gofmt would change: $$wrong"; exit 1; }; \
		(cd reference-go; go vet ./...); \
		cd bench/peers/go; \
		GOPROXY=off go vet ./...; \
	else $(call without,go,reference-go is not checked); fi
	@if command -v clang-format >/dev/null; then \
		echo "clang-format --dry-run -Werror reference-c bench"; \
		clang-format --dry-run -Werror reference-c/*.[ch] \
			reference-c/pitfalls/*.c reference-c/pitfalls/*/*.c \
			bench/*/*.[ch] bench/peers/c/*.[ch]; \
	else $(call without,clang-format,the layout of reference-c is not checked); fi
	@if [ -x target/tools/bin/cargo-deny ]; then \
		echo "$(deny) bans licenses sources"; \
		$(deny) bans licenses sources; \
	else \
		echo "make $@: no cargo-deny: the licences and sources of" \
			"dependencies are not checked (make deny)"; \
	fi

bless: tree build ## write the effects of this run as the expected ones
	@target/bin/nsteps compare --bless $(ARGS)

bench: tree ## measure what namespaces cost
	cargo bench --locked $(ARGS)

# Three runs take thirty-five minutes on an otherwise idle machine; RUNS=0 only
# writes the chapter again, from the newest record.
RUNS = 3
bench-report: tree ## measure RUNS times, write the record and its chapter
	@cargo run --quiet --locked --release -p nsteps-bench --bin report \
		-- $(RUNS)

# $(call tool,CRATE,VERSION,OPTIONS): installs a program that is not part of the
# project, once, below target/, and removes the files of its build.
tool = case $$(target/tools/bin/$(1) --version 2>/dev/null) in \
	*" $(2)" | *" v$(2)") ;; \
	*) \
		CARGO_TARGET_DIR=target/tools/build cargo install $(1) \
			--version $(2) --locked --root target/tools $(3); \
		rm -rf target/tools/build ;; \
	esac

# --debug: without optimisation cargo-deny is built in two minutes on one
# processor, and a check takes three seconds.
DENY = 0.20.2
deny = target/tools/bin/cargo-deny --locked check
deny: tree ## check licences, sources and advisories of dependencies
	@$(call tool,cargo-deny,$(DENY),--debug)
	$(deny) bans licenses sources
	$(deny) advisories

# The version with which the pages of the book were checked by eye.
MDBOOK = 0.5.4

# REPOSITORY is the address of the project's repository; if it is not given, the
# field `repository` of Cargo.toml. Links to sources lead there, and each page
# has a link to its own source. Without an address they lead to the files beside
# the book.
REPOSITORY = $(shell sed -n 's/^repository = "\(.*\)"$$/\1/p' Cargo.toml)
HOSTED = $(if $(REPOSITORY), \
	MDBOOK_OUTPUT__HTML__GIT_REPOSITORY_URL='$(REPOSITORY)' \
	MDBOOK_OUTPUT__HTML__EDIT_URL_TEMPLATE='$(REPOSITORY)/edit/main/docs/{path}')
docs: tree ## build the book into docs/book
	@$(call tool,mdbook,$(MDBOOK),--no-default-features --features search)
	@$(HOSTED) MDBOOK_LOG=warn target/tools/bin/mdbook build docs
	@docs/links.sh docs/book $(REPOSITORY)
	@echo "make docs: docs/book/index.html"

# Whichever of the three is here; they take the same words. BASE is the image
# that IMAGE begins with, see Containerfile.
ENGINE = $(firstword $(foreach it,podman buildah docker,\
	$(shell command -v $(it))))
IMAGE = nsteps
BASE = debian:stable-slim
image: build ## make a container image to follow the book in
	@[ -n '$(ENGINE)' ] || { \
		echo "make image: install podman, buildah or docker" >&2; exit 1; }
	@rm -rf target/image
	@./install.sh install target/image/usr/local
	$(ENGINE) build --build-arg BASE='$(BASE)' --tag '$(IMAGE)' \
		--file Containerfile target/image
	@rm -rf target/image
	@echo "make image: $(notdir $(firstword $(ENGINE))) run -it --rm $(IMAGE)"

# The base is made by debootstrap and imported, so that no image is downloaded;
# what podman stores is below target/, and what it mounts there is unmounted.
# 0 comparisons would be nothing that is unexplained, and no success.
# Where crun starts no container, because the cgroups are of both versions:
# BUILDAH_ISOLATION=chroot make test-image PODMAN='podman --runtime=runc'
PODMAN = podman
IMAGE_TEST = $(CURDIR)/target/image-test
test-image: build ## make the image from debootstrap and compare in it, as root
	@podman="$(PODMAN) --root $(IMAGE_TEST)/root --runroot $(IMAGE_TEST)/run \
		--cgroup-manager cgroupfs"; \
	end() { \
		$$podman rmi --all --force >/dev/null 2>&1 || :; \
		umount $(IMAGE_TEST)/root/overlay 2>/dev/null || :; \
		rm -rf $(IMAGE_TEST)/root $(IMAGE_TEST)/run; \
	}; \
	trap end EXIT; \
	[ -e $(IMAGE_TEST)/base/etc/debian_version ] || \
		debootstrap --variant=minbase stable $(IMAGE_TEST)/base; \
	tar -C $(IMAGE_TEST)/base -c . | $$podman import - localhost/base; \
	$(MAKE) -o build image ENGINE="$$podman" BASE=localhost/base IMAGE=test; \
	look() { \
		echo "make test-image: podman run $$*"; \
		said=$$($$podman run --rm --net host "$$@" \
			--ulimit nofile=1024:4096 --ulimit nproc=4096:4096 \
			localhost/test nsteps compare --only uts --only rootless \
			--only container) || { echo "$$said" >&2; exit 1; }; \
		echo "$$said" | grep ' 0 unexplained'; \
		! echo "$$said" | grep '^0 comparisons'; \
	}; \
	look --privileged; \
	look --user 1000 --security-opt seccomp=unconfined \
		--security-opt unmask=ALL

setup: ## install what compare needs and this machine lacks
	@./setup.sh

setup-test:
	@./setup.sh test

install: ## copy the built programs, the pages and the manual to PREFIX
	@./install.sh install '$(DESTDIR)$(PREFIX)'

uninstall: ## remove from PREFIX all that install put there
	@./install.sh uninstall '$(DESTDIR)$(PREFIX)'

clean: ## remove target/
	@[ ! -e target ] || find target -xdev -depth -delete

# Every target that builds checks this first: that Rust is new enough, which
# saves pages of errors, and that the tree is the user's own: files that one
# user builds in the tree of another could not be rebuilt or removed by that
# other user. ANY_OWNER=1 lets root build in a temporary tree of another user.
tree:
	@./setup.sh rust
	@say() { echo "make: $$*" >&2; exit 1; }; \
	owner() { stat -c %U "$$1"; }; \
	me=$$(id -u); \
	if [ $$me = 0 ] && [ "$${ANY_OWNER:-0}" != 1 ] && [ ! -O . ]; then \
		say "this tree is $$(owner .)'s and you are root: build as" \
			"$$(owner .), or in a copy, or set ANY_OWNER=1"; \
	fi; \
	if [ $$me != 0 ] && [ ! -w . ] && [ ! -w target ]; then \
		say "this tree is $$(owner .)'s and you may not write to it:" \
			"build in a copy"; \
	fi; \
	if [ -d target ] && [ "$${ANY_OWNER:-0}" != 1 ]; then \
		other=$$(find target/ -maxdepth 2 ! -user $$me -print -quit); \
		[ -z "$$other" ] || say "$$other is $$(owner "$$other")'s and you" \
			"are $$(id -un): let $$(owner "$$other") remove target/ first"; \
	fi

.PHONY: help compare build test soak check bless bench bench-report deny docs \
	image test-image kernels facts set-up-kernels setup setup-test install \
	uninstall clean tree
