#!/usr/bin/env bash
# Compares two real sentiment models from nothing, in one command:
#
#   bash examples/sentiment/run.sh [--prepare-only] [--work FOLDER] [EVALDIFF_BINARY]
#
# Downloads the data, trains, records both versions' predictions, imports them and writes the report. Run again, it
# reuses what is there. Without a binary: $EVALDIFF, else `cargo run --release` in this repository.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work="$here/work"
prepare_only=no
binary=${EVALDIFF:-}

while [ $# -gt 0 ]; do
  case "$1" in
    --prepare-only) prepare_only=yes ;;
    --work) shift; work=${1:?--work needs a folder} ;;
    -h|--help) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) echo "unknown option: $1" >&2; exit 2 ;;
    *) binary=$1 ;;
  esac
  shift
done

if [ -z "$binary" ]; then
  evaldiff=(cargo run --release --quiet --manifest-path "$root/Cargo.toml" --)
elif [ -e "$binary" ]; then
  evaldiff=("$(cd "$(dirname "$binary")" && pwd)/$(basename "$binary")")
else
  evaldiff=("$binary")
fi

step() { printf '\n== %s\n' "$*" >&2; }

mkdir -p "$work"
work=$(cd "$work" && pwd)
echo '*' > "$work/.gitignore"
python="$work/venv/bin/python"

if ! cmp -s "$here/requirements.txt" "$work/venv/installed.txt"; then
  step "installing Python packages"
  rm -rf "$work/venv"
  if command -v uv > /dev/null; then
    uv venv --quiet --seed "$work/venv"
    uv pip install --quiet --python "$python" -r "$here/requirements.txt"
  else
    python3 -m venv "$work/venv"
    "$python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
  fi
  cp "$here/requirements.txt" "$work/venv/installed.txt"
fi

sdist="$work/vaderSentiment-3.3.2.tar.gz"
if [ ! -f "$sdist" ]; then
  step "downloading the rated sentences"
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --dest "$work/download" vaderSentiment==3.3.2
  mv "$work"/download/[vV]ader[sS]entiment-3.3.2.tar.gz "$sdist"
  rmdir "$work/download"
fi

if [ ! -f "$work/golden/sentiment-v2.parquet" ] || [ ! -f "$work/train.parquet" ]; then
  step "preparing the golden dataset"
  "$python" "$here/prepare.py" "$sdist" "$work"
fi

if [ ! -f "$work/predictions-v0.7.1.parquet" ] || [ ! -f "$work/predictions-v1.2.0.parquet" ]; then
  step "recording both models' predictions"
  "$python" "$here/predict.py" "$work"
fi

if [ "$prepare_only" = yes ]; then
  exit 0
fi

cd "$work"
mkdir -p .evaldiff # the warehouse; evaldiff would otherwise take one from a parent folder
unset EVALDIFF_TABLE ICEBERG_CATALOG_URI ICEBERG_WAREHOUSE
slices=()
for column in domain length_bucket has_emoticon has_negation has_but has_exclamation has_caps_emphasis intensity; do
  slices+=(--slice "$column")
done

import_run() { # VERSION RUN_ID; the fixed id makes a second import of the same run change nothing
  step "importing $1"
  "${evaldiff[@]}" import "predictions-$1.parquet" --model-version "$1" --run-id "$2" \
    --golden golden/sentiment-v2.parquet --golden-name sentiment --golden-version v2 \
    "${slices[@]}" --show text
}
import_run v0.7.1 019aae00-0000-7000-8000-000000000071
import_run v1.2.0 019aae00-0000-7000-8000-000000000120

step "comparing"
"${evaldiff[@]}" v0.7.1 v1.2.0 "${slices[@]}"
