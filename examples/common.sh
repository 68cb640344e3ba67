# What the examples share; sourced by their run.sh after `set -euo pipefail`.

examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$examples/.." && pwd)

step() { printf '\n== %s\n' "$*" >&2; }

# work_folder FOLDER: makes it, ignored by git; sets $work.
work_folder() {
  mkdir -p "$1"
  work=$(cd "$1" && pwd)
  echo '*' > "$work/.gitignore"
}

# find_evaldiff [BINARY]: sets the array $evaldiff, which works from every folder.
find_evaldiff() {
  local binary=${1:-}
  if [ -z "$binary" ]; then
    evaldiff=(cargo run --release --quiet --manifest-path "$root/Cargo.toml" --)
  elif [ -e "$binary" ]; then
    evaldiff=("$(cd "$(dirname "$binary")" && pwd)/$(basename "$binary")")
  else
    evaldiff=("$binary")
  fi
}

# environment FOLDER: a virtual environment with requirements.txt, made anew where that file changed. Sets $python, and
# puts `bentoml` in the path, where evaldiff looks for it.
environment() {
  local venv=$1
  python="$venv/bin/python"
  if ! cmp -s "$examples/requirements.txt" "$venv/installed.txt"; then
    step "installing Python packages"
    rm -rf "$venv"
    if command -v uv > /dev/null; then
      uv venv --quiet --seed "$venv"
      uv pip install --quiet --python "$python" -r "$examples/requirements.txt"
    else
      python3 -m venv "$venv"
      "$python" -m pip install --quiet --disable-pip-version-check -r "$examples/requirements.txt"
    fi
    cp "$examples/requirements.txt" "$venv/installed.txt"
  fi
  export PATH="$venv/bin:$PATH"
}

# private_settings FOLDER: BentoML keeps everything below the folder and calls nobody; evaldiff uses a warehouse of its
# own below it and takes none from a parent folder or the environment.
private_settings() {
  export BENTOML_HOME="$1/bentoml" BENTOML_DO_NOT_TRACK=True
  export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 # one order of summation on every machine
  export PYTHONDONTWRITEBYTECODE=1
  unset EVALDIFF_TABLE ICEBERG_CATALOG_URI ICEBERG_WAREHOUSE GOLDEN_DATASET_PATH BENTO_TAG MODEL_VERSION
  mkdir -p "$BENTOML_HOME"
}

# build_bento NAME:VERSION FOLDER: builds the Bento unless the store has it.
build_bento() {
  local tag=$1 folder=$2
  if [ ! -f "$BENTOML_HOME/bentos/${tag/://}/bento.yaml" ]; then
    step "building $tag"
    bentoml build --output tag --version "${tag#*:}" "$folder" >&2
  fi
}
