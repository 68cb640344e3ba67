# make test    everything: format, lints, tests, golden data, demonstration, browser; installs what it needs
# make bench   side by side with DuckDB and Polars (a release build, long); SIZES="10k 100k"
# make demo    the whole product, offline
# make accept  take the numbers that the golden cases give now; look at the diff

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
export CARGO_TARGET_DIR := $(TARGET)
VENV := $(TARGET)/venv
PYTHON := $(VENV)/bin/python
BENTO := $(TARGET)/bento
BROWSER := $(TARGET)/browser
DEMO := $(TARGET)/demo
SHOTS := $(TARGET)/screenshots
SENTIMENT := $(TARGET)/sentiment
SIZES ?=
BINARY := $(TARGET)/debug/evaldiff

export PYTHONDONTWRITEBYTECODE := 1

.PHONY: test check cargo-test golden sentiment browser setup python bento chromium demo bench accept clean

test: check cargo-test golden sentiment browser
	@echo "make test: everything passed"

# Cheap and without setup: format and lints.
check:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

cargo-test: python bento
	EVALDIFF_PYTHON=$(PYTHON) EVALDIFF_BENTOML=$(BENTO)/bin/bentoml cargo test --locked

# The committed golden data is what its script makes, byte for byte.
golden: python
	$(PYTHON) golden/tickets-v1/make.py --check

# The binary is the one that the tests built: a plain `cargo build` would unify features otherwise and build again.
# The two real models over 15,701 rated sentences, end to end, and every number recomputed by other libraries.
sentiment: cargo-test python
	rm -rf $(SENTIMENT)/.evaldiff $(SENTIMENT)/site
	EVALDIFF=$(BINARY) bash examples/sentiment/run.sh --work $(SENTIMENT)
	$(PYTHON) tests/reference/check_sentiment.py --only-failures \
	  --golden $(SENTIMENT)/golden/sentiment-v2.parquet \
	  --baseline $(SENTIMENT)/predictions-v0.7.1.parquet --candidate $(SENTIMENT)/predictions-v1.2.0.parquet \
	  --comparison "$$(ls $(SENTIMENT)/site/*/diffs/*/*/data/comparison.json)"

browser: cargo-test chromium $(BROWSER)/node_modules/.done
	rm -rf $(DEMO) $(SHOTS)
	$(BINARY) --quiet demo $(DEMO)
	cp tests/browser/smoke.mjs $(BROWSER)/
	node $(BROWSER)/smoke.mjs "$$(find $(DEMO) -type d -name site | head -n 1)" $(SHOTS)

setup: python bento chromium $(BROWSER)/node_modules/.done

python: $(VENV)/.done

$(VENV)/.done: tests/reference/requirements.txt
	rm -rf $(VENV)
	if command -v uv > /dev/null; then \
	  uv venv --quiet --seed $(VENV) && uv pip install --quiet --python $(PYTHON) -r $<; \
	else \
	  python3 -m venv $(VENV) && $(PYTHON) -m pip install --quiet --disable-pip-version-check -r $<; \
	fi
	touch $@

# A real BentoML for the fault tests of `evaldiff run`.
bento: $(BENTO)/.done

$(BENTO)/.done: tests/components/requirements.txt
	rm -rf $(BENTO)
	if command -v uv > /dev/null; then \
	  uv venv --quiet $(BENTO) && uv pip install --quiet --python $(BENTO)/bin/python --no-deps -r $<; \
	else \
	  python3 -m venv $(BENTO) && $(BENTO)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<; \
	fi
	touch $@

chromium:
	@if [ -n "$${CHROMIUM:-}" ] || command -v chromium chromium-browser google-chrome > /dev/null; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ]; then echo "install Chromium, or name it with CHROMIUM" >&2; exit 1; fi; \
	apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends chromium > /dev/null

# Installed outside the repository: tests leave no file in it.
$(BROWSER)/node_modules/.done: tests/browser/package.json tests/browser/package-lock.json
	mkdir -p $(BROWSER)
	cp $^ $(BROWSER)/
	cd $(BROWSER) && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error
	touch $@

demo:
	cargo run --locked --release -- demo

bench:
	cargo build --locked --release
	EVALDIFF=$(TARGET)/release/evaldiff bash benches/run.sh $(SIZES)

accept:
	UPDATE_GOLDEN=1 cargo test --locked --test it cases

clean:
	rm -rf $(DEMO) $(SHOTS) $(BROWSER) $(VENV) $(BENTO)
