#!/usr/bin/env bash
#
# What a configuration costs beyond its arithmetic: 300 configurations whose training is four steps of a 25-4-1 network, on one rank.
# Everything that is left is scheduling, building, evaluation and files. Start-up is measured by a run that has nothing to do.
# usage: tests/bench/overhead.sh [path of betafield]
#
set -euo pipefail
program=${1:-build/release/betafield}
folder=$(mktemp -d "${BETAFIELD_BENCH_DIR:-$PWD}/overhead.XXXXXX")
trap 'rm -rf "$folder"' EXIT

cat > "$folder/study.yaml" <<'YAML'
study: overhead
data: {source: patches, train: 256, test: 256}
model: {net: mlp, hidden: [4]}
train: {epochs: 1, batch: 64}
measure: [rd, active]
sweep:
  objective.beta: {log: [0.01, 10, 60]}
  model.latent: [1, 2, 3, 4, 5]
YAML

seconds() { # COMMAND... -> wall seconds of it
    local start end
    start=$(date +%s%N)
    "$@" > /dev/null
    end=$(date +%s%N)
    echo $(((end - start) / 1000)) | awk '{ printf "%.3f", $1 / 1e6 }'
}

whole=$(seconds "$program" run "$folder/study.yaml" -o "$folder/out" --quiet)
nothing=$(seconds "$program" run "$folder/study.yaml" -o "$folder/out" --quiet)
echo "$whole $nothing" | awk '{ printf "300 configurations %.2f s, start-up and end %.2f s: %.1f ms for each configuration\n", $1, $2, 1000 * ($1 - $2) / 300 }'
