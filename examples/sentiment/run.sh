#!/usr/bin/env bash
# Compares two real sentiment models from nothing, in one command:
#
#   bash examples/sentiment/run.sh [--offline] [--check] [--prepare-only] [--work FOLDER] [--venv FOLDER] [EVALDIFF_BINARY]
#
# Downloads the data, trains, builds a BentoML service of each version, evaluates both with `evaldiff run` and writes the
# report. Run again, it reuses what is there.
#   --offline       record the predictions without BentoML, and import them
#   --check         also record the predictions offline: the run through BentoML has to be equal, row by row
#   --prepare-only  stop before evaldiff is needed
# Without a binary: $EVALDIFF, else `cargo run --release` in this repository.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../common.sh"
folder="$here/work" venv='' offline=no check=no prepare_only=no binary=${EVALDIFF:-}

while [ $# -gt 0 ]; do
  case "$1" in
    --offline) offline=yes ;;
    --check) check=yes ;;
    --prepare-only) prepare_only=yes ;;
    --work) shift; folder=${1:?--work needs a folder} ;;
    --venv) shift; venv=${1:?--venv needs a folder} ;;
    -h|--help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) echo "unknown option: $1" >&2; exit 2 ;;
    *) binary=$1 ;;
  esac
  shift
done

find_evaldiff "$binary"
work_folder "$folder"
private_settings "$work"
environment "${venv:-$work/venv}"

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

recorded=("$work/predictions-v0.7.1.parquet" "$work/predictions-v1.2.0.parquet")
if [ "$offline$check" != nono ] && { [ ! -f "${recorded[0]}" ] || [ ! -f "${recorded[1]}" ]; }; then
  step "recording both models' predictions"
  "$python" "$here/predict.py" "$work"
fi

if [ "$offline" = no ]; then
  if [ ! -f "$BENTOML_HOME/models/sentiment_lr/1.2.0/model.yaml" ]; then
    step "training v1.2.0"
    "$python" "$here/v120/train.py" "$work/train.parquet"
  fi
  build_bento sentiment:0.7.1 "$here/v071"
  build_bento sentiment:1.2.0 "$here/v120"
fi

if [ "$prepare_only" = yes ]; then
  exit 0
fi

slices=()
golden=(--golden "$work/golden/sentiment-v2.parquet" --golden-name sentiment --golden-version v2 --show text)
for column in domain length_bucket has_emoticon has_negation has_but has_exclamation has_caps_emphasis intensity; do
  slices+=(--slice "$column")
done

# VERSION RUN_ID: the fixed id makes a second evaluation of the same run change nothing, and an interrupted one go on.
evaluate() {
  step "evaluating $1"
  "${evaldiff[@]}" run --bento "sentiment:${1#v}" --model-version "$1" --run-id "$2" --resume "${golden[@]}" "${slices[@]}"
}
import_run() {
  step "importing $1"
  "${evaldiff[@]}" import "$work/predictions-$1.parquet" --model-version "$1" --run-id "$2" "${golden[@]}" "${slices[@]}"
}

if [ "$offline" = yes ]; then
  mkdir -p "$work/offline/.evaldiff" # its own warehouse: the same versions as through BentoML, but other runs
  cd "$work/offline"
  import_run v0.7.1 019aae00-0000-7000-8000-000000000071
  import_run v1.2.0 019aae00-0000-7000-8000-000000000120
else
  mkdir -p "$work/.evaldiff" # evaldiff would otherwise take the warehouse of a parent folder
  cd "$work"
  evaluate v0.7.1 019aae00-0000-7000-8000-000000010071
  evaluate v1.2.0 019aae00-0000-7000-8000-000000010120
  if [ "$check" = yes ]; then
    step "comparing the answers through BentoML with those recorded offline"
    "$python" "$here/compare_predictions.py" .evaldiff/warehouse "${recorded[@]}"
  fi
fi

step "comparing"
"${evaldiff[@]}" v0.7.1 v1.2.0 "${slices[@]}"
