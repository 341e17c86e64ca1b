# steward: `make run` serves the example product, `make test` runs every test. Both set up what is missing.
SHELL := /bin/bash
PORT ?= 8080

.PHONY: help run test build tune setup setup-tune demo fuzz bench bench-gateway bench-detection models test-cpp test-tsan test-clients fmt clean

help:
	@echo "make run     set up, build and serve examples/assistant on 127.0.0.1:$(PORT)"
	@echo "make demo    the two-minute tour in the terminal"
	@echo "make test    set up, build and run every test (ASan+UBSan, TSan, real model, real clients)"
	@echo "make test-clients  whole runs of garak, promptfoo, PyRIT and Inspect against the release build (installs 1.4 GB once)"
	@echo "make build   the release binary, build/release/steward"
	@echo "make tune    the trainer, build/release/steward-tune (fetches libtorch once, 0.55 GB)"
	@echo "make fuzz    each fuzz target with libFuzzer, a minute each (SECONDS_EACH=60)"
	@echo "make bench-gateway  the gateway against nginx: rates, CPU, delays of streams, idle connections (SECTIONS=\"proxy litellm\")"
	@echo "make bench   parts against their goals and peers, as ratios of one run (bench/README.md)"
	@echo "make models  train the detection models anew from data/detection (models/detection)"
	@echo "make bench-detection  docs/detection.md: how good detection is, on sets left out and beside peers"
	@echo "make fmt     clang-format over steward/"
	@echo "make clean   remove build/ (downloads stay in ~/.cache/steward)"

setup:
	@tools/setup.sh
	@tools/deps.sh

setup-tune:
	@tools/setup.sh
	@tools/deps.sh tune

tune: setup-tune
	@tools/build.sh release steward-tune

build: setup
	@tools/build.sh release steward

run: build
	@source build/deps.env && export STEWARD_MODELS_DIR && exec build/release/steward serve --product examples/assistant --listen 127.0.0.1:$(PORT)

demo: build
	@source build/deps.env && export STEWARD_MODELS_DIR && exec tools/demo.py

test: setup-tune
	@tools/test.sh

test-clients: build
	@tests/clients/run.sh heavy

fuzz: setup
	@tools/fuzz.sh

bench-gateway: setup
	@bench/gateway/run.sh $(SECTIONS)

bench: setup
	@bench/run.sh components

models: build
	@bench/detection/run.sh train

bench-detection: build
	@bench/detection/run.sh evaluate

fmt:
	@git ls-files -co --exclude-standard '*.h' '*.cpp' | xargs clang-format-19 -i

clean:
	rm -rf build
