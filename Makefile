# make test    everything: format, lints, tests, golden data, examples, demonstration, browser; installs what it needs
# make bench   side by side with DuckDB and Polars (a release build, long); SIZES="10k 100k"
# make demo    the whole product, offline
# make accept  take the numbers that the golden cases give now, and the golden pages; look at the diff

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
export CARGO_TARGET_DIR := $(TARGET)
VENV := $(TARGET)/venv
PYTHON := $(VENV)/bin/python
BROWSER := $(TARGET)/browser
DEMO := $(TARGET)/demo
SHOTS := $(TARGET)/screenshots
KINDS := $(TARGET)/kinds
SENTIMENT := $(TARGET)/sentiment
LEGACY := $(TARGET)/legacy
EXAMPLES_VENV := $(TARGET)/examples-venv
LAKE := $(TARGET)/lake-venv
HANDLERS := $(TARGET)/handlers
SQLITE_JAR := /usr/share/java/sqlite-jdbc.jar
SPARK := $(TARGET)/spark-venv
TOOLS := $(TARGET)/tools
SIZES ?=
# The tests have everything in them: one set of features, so that dependencies are built once.
FEATURES := --features postgres
BINARY := $(TARGET)/debug/evaldiff

export PYTHONDONTWRITEBYTECODE := 1

.PHONY: test check cargo-test golden sentiment runner-example browser setup python examples-python spark java faketime postgresql importers-tools chromium demo bench accept clean

test: check cargo-test golden sentiment runner-example browser
	@echo "make test: everything passed"

# Cheap and without setup: format and lints.
check:
	cargo fmt --check
	cargo clippy --locked --all-targets $(FEATURES) -- -D warnings

cargo-test: python examples-python chromium faketime postgresql $(BROWSER)/node_modules/.done $(LAKE)/.done $(HANDLERS)/.done spark
	@[ -e $(TOOLS)/node_modules/.done ] || \
	  echo "SKIPPED: logs by the evaluation tools themselves; make importers-tools installs them (1.3 GB, minutes)"
	$(if $(wildcard $(TOOLS)/node_modules/.done),EVALDIFF_TOOLS=$(TOOLS)) \
	EVALDIFF_LAKE=$(LAKE) EVALDIFF_HANDLERS=$(HANDLERS) EVALDIFF_SPARK=$(SPARK) EVALDIFF_BROWSER=$(BROWSER) EVALDIFF_PYTHON=$(PYTHON) \
	  EVALDIFF_BENTOML=$(EXAMPLES_VENV)/bin/bentoml cargo test --locked $(FEATURES)

# The committed golden data is what its script makes, byte for byte.
golden: python
	$(PYTHON) golden/tickets-v1/make.py --check
	$(PYTHON) golden/cases/media/make.py --check

# The binary is the one that the tests built: a plain `cargo build` would unify features otherwise and build again.
# Two real models over 15,701 rated sentences, end to end, and every number recomputed by other libraries.
sentiment: cargo-test python
	rm -rf $(addprefix $(SENTIMENT)/,offline predictions-v0.7.1.parquet predictions-v1.2.0.parquet)
	EVALDIFF=$(BINARY) bash examples/sentiment/run.sh --offline --work $(SENTIMENT) --venv $(EXAMPLES_VENV)
	$(call recompute,$(SENTIMENT)/offline/site)

# The same models as BentoML services, and a service of 2023. Both ways have to give the same answers to the last bit.
# After `sentiment`, whose recorded predictions it compares with. Bentos are built anew: their source may have changed.
runner-example: sentiment
	rm -rf $(addprefix $(SENTIMENT)/,bentoml .evaldiff site) $(addprefix $(LEGACY)/,bentoml .evaldiff site)
	EVALDIFF=$(BINARY) bash examples/sentiment/run.sh --check --work $(SENTIMENT) --venv $(EXAMPLES_VENV)
	$(call recompute,$(SENTIMENT)/site)
	EVALDIFF=$(BINARY) bash examples/legacy/run.sh --work $(LEGACY) --venv $(EXAMPLES_VENV)
	cd $(LEGACY) && $(BINARY) runs --format json | $(PYTHON) -c \
	  'import json, sys; runs = json.load(sys.stdin); assert [r["rows"] for r in runs] == [2400], runs'

# $(call recompute,SITE): the comparison in this folder, from the golden dataset and the recorded predictions.
recompute = $(PYTHON) tests/reference/check_sentiment.py --only-failures \
	  --golden $(SENTIMENT)/golden/sentiment-v2.parquet \
	  --baseline $(SENTIMENT)/predictions-v0.7.1.parquet --candidate $(SENTIMENT)/predictions-v1.2.0.parquet \
	  --comparison "$$(ls $(1)/*/diffs/*/*/data/comparison.json)"

# The pages of the demonstration and of a site with a report of every kind, hostile data included.
browser: cargo-test chromium java $(BROWSER)/node_modules/.done
	rm -rf $(DEMO) $(SHOTS)
	$(BINARY) --quiet demo $(DEMO)
	cp tests/browser/*.mjs $(BROWSER)/
	node $(BROWSER)/kinds.mjs $(BINARY) golden/cases $(KINDS)
	site="$$(find $(DEMO) -type d -name site | head -n 1)"; \
	node $(BROWSER)/smoke.mjs "$$site" $(SHOTS); \
	node $(BROWSER)/lighthouse.mjs "$$site"; \
	node $(BROWSER)/keyboard.mjs "$$site"; \
	for site in "$$site" $(KINDS)/site; do \
	  node $(BROWSER)/static.mjs "$$site"; \
	  node $(BROWSER)/pages.mjs "$$site"; \
	  node $(BROWSER)/numbers.mjs "$$site"; \
	done
	node $(BROWSER)/hostile.mjs $(KINDS)/site

setup: python examples-python faketime postgresql $(LAKE)/.done $(HANDLERS)/.done spark chromium $(BROWSER)/node_modules/.done

python: $(VENV)/.done

# $(call debian,PACKAGES,WHAT): installs packages, if any, or says what is missing.
debian = [ -z "$(1)" ] && exit 0; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then echo "install $(2)" >&2; exit 1; fi; \
	apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends $(1) > /dev/null

# Each environment is made anew when its requirements change.
define environment
	rm -rf $(1)
	if command -v uv > /dev/null; then \
	  uv venv --quiet --seed $(1) && uv pip install --quiet --python $(1)/bin/python -r $(2); \
	else \
	  python3 -m venv $(1) && $(1)/bin/python -m pip install --quiet --disable-pip-version-check -r $(2); \
	fi
	touch $(1)/.done
endef

$(VENV)/.done: tests/reference/requirements.txt
	$(call environment,$(VENV),$<)

# A real lakehouse: S3 and an Iceberg REST catalog, and another reader and writer.
$(LAKE)/.done: tests/components/lake/requirements.txt
	$(call environment,$(LAKE),$<)

# Apache's own catalog handlers: the jars that a wheel carries, SQLite's driver from Debian, and a class that serves them.
$(HANDLERS)/.done: tests/components/handlers/RestFixture.java tests/components/handlers/requirements.txt | python java
	rm -rf $(HANDLERS)
	mkdir -p $(HANDLERS)/classes $(HANDLERS)/jars
	$(PYTHON) -m pip download --quiet --disable-pip-version-check --no-deps --dest $(HANDLERS) -r $(word 2,$^)
	cd $(HANDLERS) && jar xf *.whl bodo_iceberg_connector/jars/libs && mv bodo_iceberg_connector/jars/libs/*.jar jars/
	rm -rf $(HANDLERS)/*.whl $(HANDLERS)/bodo_iceberg_connector
	ln -s $(SQLITE_JAR) $(HANDLERS)/jars/
	javac -cp '$(HANDLERS)/jars/*' -d $(HANDLERS)/classes $<
	touch $@

java:
	@missing=(); \
	{ command -v javac && command -v jar; } > /dev/null || missing+=(default-jdk-headless); \
	test -f $(SQLITE_JAR) || missing+=(libxerial-sqlite-jdbc-java libxerial-sqlite-jdbc-jni); \
	$(call debian,$${missing[*]},a JDK 17 or newer and Debian's libxerial-sqlite-jdbc-java with its -jni)

# Shifts the clock of one process: a test of signatures that come too late.
faketime:
	@missing=(); command -v faketime > /dev/null || missing+=(faketime); \
	$(call debian,$${missing[*]},faketime)

# A catalog in PostgreSQL: its server, which the tests start themselves.
postgresql:
	@missing=(); ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || missing+=(postgresql); \
	$(call debian,$${missing[*]},PostgreSQL below /usr/lib/postgresql)

# Spark and DuckDB, which read our tables and write tables for us to read. Spark needs Java and a driver for SQLite.
spark: java $(SPARK)/.done

$(SPARK)/.done: tests/components/spark/requirements.txt
	$(call environment,$(SPARK),$<)

# Evaluation tools whose logs are imported: too large for every test, so that these run only where they are installed. promptfoo's database driver is compiled here: its prebuilt one is no part of the
# package.
importers-tools: $(TOOLS)/.done $(TOOLS)/node_modules/.done

$(TOOLS)/.done: tests/components/importers/requirements.txt
	$(call environment,$(TOOLS),$<)

$(TOOLS)/node_modules/.done: tests/components/importers/package.json tests/components/importers/package-lock.json $(TOOLS)/.done
	cp $(wordlist 1,2,$^) $(TOOLS)/
	cd $(TOOLS) && npm ci --omit=optional --omit=peer --ignore-scripts --no-audit --no-fund --loglevel=error
	cd $(TOOLS) && npm_config_nodedir="$$(dirname "$$(dirname "$$(readlink -f "$$(command -v node)")")")" \
	  npm rebuild better-sqlite3 --build-from-source --no-audit --no-fund --loglevel=error
	touch $@

# A real BentoML, for the examples and for the fault tests of `evaldiff run`.
examples-python:
	source examples/common.sh && environment $(EXAMPLES_VENV)

chromium:
	@missing=(); [ -n "$${CHROMIUM:-}" ] || command -v chromium chromium-browser google-chrome > /dev/null || missing+=(chromium); \
	$(call debian,$${missing[*]},Chromium or name it with CHROMIUM)

# Installed outside the repository: tests leave no file in it.
$(BROWSER)/node_modules/.done: tests/browser/package.json tests/browser/package-lock.json
	mkdir -p $(BROWSER)
	cp $^ $(BROWSER)/
	cd $(BROWSER) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

demo:
	cargo run --locked --release -- demo

bench:
	cargo build --locked --release
	EVALDIFF=$(TARGET)/release/evaldiff bash benches/run.sh $(SIZES)

accept:
	UPDATE_GOLDEN=1 cargo test --locked $(FEATURES) --test it cases
	UPDATE_GOLDEN=1 cargo test --locked $(FEATURES) --lib site::tests::golden

clean:
	rm -rf $(DEMO) $(SHOTS) $(KINDS) $(BROWSER) $(VENV) $(LAKE) $(HANDLERS) $(SPARK) $(SENTIMENT) $(LEGACY) $(EXAMPLES_VENV)
