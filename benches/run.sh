#!/usr/bin/env bash
# Benchmark against DuckDB and Polars: bash benches/run.sh [SIZES...], see README.md.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=${BENCH_DIR:-$here/../target/bench}
evaldiff=${EVALDIFF:-$here/../target/release/evaldiff}
limit=${MEMORY_LIMIT-256MB}
slices=(--slice channel --slice language --slice region --slice topic)
[[ $# -gt 0 ]] || set -- 10k 100k 1M 10M
mkdir -p "$work"
work=$(cd "$work" && pwd)

# venv NAME REQUIREMENTS: a virtual environment, made once per content of the requirements.
venv() {
    local folder=$work/$1 list=$here/$2
    cmp -s "$list" "$folder/installed.txt" && return
    if command -v uv >/dev/null; then
        uv venv --quiet --clear "$folder"
        uv pip install --quiet --python "$folder/bin/python" --requirement "$list"
    else
        python3 -m venv --clear "$folder"
        "$folder/bin/pip" install --quiet --requirement "$list"
    fi
    cp "$list" "$folder/installed.txt"
}

# own_table SAMPLES VERSIONS: generates predictions and imports them, unless that is done.
own_table() {
    local folder=$work/$1 version
    [[ -e $folder/own-done ]] && return
    "$python" "$here/generate.py" "$1" "$folder/predictions" --versions "$2"
    rm -rf "$folder/.evaldiff" "$folder/foreign-done"
    for ((version = 1; version <= $2; version++)); do
        (cd "$folder" && "$evaldiff" import "predictions/v$version.parquet" --model-version "v$version" \
            "${slices[@]}" --show text --table bench.own)
    done
    rm -r "$folder/predictions"
    touch "$folder/own-done"
}

# foreign_table SAMPLES: the table that PyIceberg writes, unless it is there.
foreign_table() {
    [[ -e $work/$1/foreign-done ]] && return
    "$python" "$here/foreign_table.py" "$1" "$work/$1" --versions 5
    touch "$work/$1/foreign-done"
}

venv venv requirements.txt
venv venv-duckdb-iceberg requirements-duckdb-iceberg.txt
python=$work/venv/bin/python

options=(--duckdb-iceberg "$work/venv-duckdb-iceberg/bin/python")
if [[ -n ${PEERS_ONLY:-} ]]; then
    evaldiff=
else
    [[ -x $evaldiff ]] || { echo "no $evaldiff: run cargo build --release, or set EVALDIFF" >&2; exit 2; }
    evaldiff=$(realpath "$evaldiff")
    options+=(--evaldiff "$evaldiff" ${limit:+--memory-limit "$limit"})
fi

sizes=()
for size in "$@"; do
    samples=${size/%k/000}
    samples=${samples/%M/000000}
    if [[ $samples == 100000000 ]]; then
        [[ -z $evaldiff ]] || own_table "$samples" 2 >&2
        options+=(--huge)
        continue
    fi
    [[ -z $evaldiff ]] || own_table "$samples" 5 >&2
    mkdir -p "$work/$samples"
    foreign_table "$samples" >&2
    sizes+=("$samples")
done
[[ -z ${PREPARE_ONLY:-} ]] || exit 0
"$python" "$here/measure.py" "$work" "${sizes[@]}" "${options[@]}" | tee "$work/benchmarks.md"
