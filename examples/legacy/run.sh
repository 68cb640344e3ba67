#!/usr/bin/env bash
# Evaluates a BentoML service written as in 2023, from nothing, in one command:
#
#   bash examples/legacy/run.sh [--work FOLDER] [--venv FOLDER] [EVALDIFF_BINARY]
#
# Trains a small ticket classifier, builds its Bento, evaluates it on golden/tickets-v1 and writes a report on the run.
# Run again, it reuses what is there. Without a binary: $EVALDIFF, else `cargo run --release` in this repository.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../common.sh"
folder="$here/work" venv='' binary=${EVALDIFF:-}

while [ $# -gt 0 ]; do
  case "$1" in
    --work) shift; folder=${1:?--work needs a folder} ;;
    --venv) shift; venv=${1:?--venv needs a folder} ;;
    -h|--help) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) echo "unknown option: $1" >&2; exit 2 ;;
    *) binary=$1 ;;
  esac
  shift
done

find_evaldiff "$binary"
work_folder "$folder"
private_settings "$work"
environment "${venv:-$work/venv}"

if [ ! -f "$work/train.csv" ]; then
  step "making the training tickets"
  "$python" "$root/golden/tickets-v1/make.py" --check --train "$work/train.csv"
fi
if [ ! -f "$BENTOML_HOME/models/tickets_lr/2023.1/model.yaml" ]; then
  step "training"
  "$python" "$here/train.py" "$work/train.csv"
fi
build_bento tickets:2023.1 "$here"

mkdir -p "$work/.evaldiff" # evaldiff would otherwise take the warehouse of a parent folder
cd "$work"
slices=()
for column in language channel length_bucket priority product; do
  slices+=(--slice "$column")
done

step "evaluating"
# Such a service describes no endpoint that evaldiff could find: its name and the shape of its input have to be given.
# The fixed id makes a second evaluation change nothing, and an interrupted one go on.
"${evaldiff[@]}" run --bento tickets:2023.1 --endpoint predict --input-style split \
  --model-version 2023.1 --run-id 019aae00-0000-7000-8000-000000202301 --resume \
  --golden "$root/golden/tickets-v1/golden.csv" --golden-name tickets --golden-version v1 --show text "${slices[@]}"

step "reporting"
"${evaldiff[@]}" report 2023.1 "${slices[@]}"
