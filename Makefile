# adit: the daily commands. Each says what it needs and gets it.

DIR ?= /etc/adit
SEED ?= 1
PREFIX ?= /usr/local
BINARY ?= build/adit

.PHONY: build install deb run check demo bench fuzz replay format clean help

help:
	@echo "make build     build the release binary, build/adit"
	@echo "make install   what is built, below PREFIX=$(PREFIX); DESTDIR= is put before it"
	@echo "make deb       a Debian package of it, in build/"
	@echo "make run       start a VPN server on UDP 1194 and write a client profile (DIR=$(DIR))"
	@echo "make check     every test (as root: the end-to-end tests make network namespaces)"
	@echo "make demo      an office and a data centre in namespaces, joined by a tunnel"
	@echo "make bench     everything measured beside stock OpenVPN (WIREGUARD_GO=, BENCH=--quick)"
	@echo "make fuzz      search on with every fuzz target (MINUTES=10 each)"
	@echo "make replay SEED=17   one simulated run, with its log"
	@echo "make format    lay out the sources"

build:
	@tools/packages build
	@cmake --preset release >/dev/null
	@cmake --build --preset release

# Builds nothing itself: it is mostly run as root.
install:
	@tools/install "$(BINARY)" "$(DESTDIR)" "$(PREFIX)" $(UNITDIR)

deb:
	@tools/packages deb
	@$(MAKE) --no-print-directory build
	@tools/deb

run: build
	@tools/run "$(DIR)"

check:
	@tools/check

demo:
	@tools/packages demo
	@$(MAKE) --no-print-directory build
	@tests/interop/demo

bench:
	@tools/packages bench
	@$(MAKE) --no-print-directory build
	@WIREGUARD_GO=$(WIREGUARD_GO) tests/bench/bench $(BENCH)
	@$(if $(BENCH),,tests/bench/paths)

fuzz:
	@tools/packages check
	@tools/fuzz --minutes $(or $(MINUTES),10)

replay:
	@tools/packages check
	@cmake --preset check >/dev/null && cmake --build --preset check --target sim_tests
	@SEED=$(SEED) ADIT_SIM_LOG=$(or $(VERB),3) build-check/tests/sim_tests --gtest_filter='Seeds.all*'

format:
	@clang-format-14 -i $$(git ls-files 'src/*.h' 'src/*.cpp' 'tests/*.h' 'tests/*.cpp')

clean:
	@rm -rf build build-*
