#!/usr/bin/env bash
# The whole Llama 2 sequence [Touvron et al. 2023, arXiv:2307.09288, figure 4] on the default model: run.sh [RUNS]
# SMALL=1: two steps of each on a few rows, to see that it runs. A step that is done is not done again; one that was cut goes on.
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-runs/llama2}
tune=${STEWARD_TUNE:-build/release/steward-tune}
data=examples/llama2/data ending=.jsonl.zst
base=SmolLM2-135M-Instruct.Q8_0.gguf
tuned=$runs/sft/model.gguf # all that follows is an adapter of it
small=() few=() tiny=()
if [[ -n ${SMALL:-} ]]; then
  mkdir -p "$runs/data"
  for rows in "$data"/*$ending; do zstd -dcq "$rows" | awk 'NR % 12 == 1' >"$runs/data/$(basename "$rows" .zst)"; done
  data=$runs/data ending=.jsonl
  small=(run.steps_max=2) few=(rejection.draws=2 rollouts.tokens_max=24) tiny=(batch.rows=8 rollouts.tokens_max=24)
fi

# step NAME RECIPE key=value …
step() {
  local name=$1 recipe=$2 words=(--config "examples/llama2/$1.yaml" --set "run.folder=$runs/$1")
  shift 2
  [[ -e $runs/$name/report.html ]] && return
  [[ -e $runs/$name/config.yaml ]] && words+=(--resume)
  for assignment in "$@"; do words+=(--set "$assignment"); done
  local begin=$SECONDS
  "$tune" "$recipe" "${words[@]}" >&2
  echo "$name: $((SECONDS - begin)) s" >&2
}

rewards=("reward.helpfulness=$runs/helpfulness" "reward.safety=$runs/safety" "reward.check=$runs/check")

# Own answers beside the demonstrations: the model keeps what it says already.
step own answers "data.files=[$data/own$ending]" "model.base=$base"
step sft sft "data.files=[$data/sft$ending, $runs/own/answers.jsonl]" "model.base=$base" "${small[@]}"
step helpfulness reward "data.files=[$data/helpful$ending]" "model.base=$tuned" "${small[@]}"
step safety reward "data.files=[$data/safety$ending, $data/helpful$ending]" "model.base=$tuned" "${small[@]}"
step check reward "data.files=[$data/check$ending]" "model.base=$tuned" "${small[@]}"
# `check` is watched while a policy learns against the other two: it has no say in which answer is the best.
step rejection rejection "data.files=[$data/prompts$ending]" "model.base=$tuned" "${rewards[@]:0:2}" "${small[@]}" "${few[@]}"
step ppo ppo "data.files=[$data/prompts$ending]" "model.base=$tuned" "model.adapter=$runs/rejection/adapter.gguf" "${rewards[@]}" "${small[@]}" "${tiny[@]}"

policies="sft=, rejection=$runs/rejection/adapter.gguf, ppo=$runs/ppo/adapter.gguf"
# Adversarial prompts alone are distilled.
mkdir -p "$runs/data"
harmful=$runs/data/harmful.jsonl
{ [[ $ending == *.zst ]] && zstd -dcq "$data/prompts$ending" || cat "$data/prompts$ending"; } | grep -E '"safety": ?true' >"$harmful"
step distill distill "data.files=[$harmful]" "model.base=$tuned" "model.adapter=$runs/ppo/adapter.gguf" "distill.reward=$runs/safety" "${small[@]}"
policies+=", distill=$runs/distill/adapter.gguf"

begin=$SECONDS
"$tune" measure --config examples/llama2/measure.yaml --set "run.folder=$runs/measures" --set "model.base=$tuned" --set "measure.untuned=$base" \
  --set "data.files=[$data/test$ending]" --set "measure.policies=[$policies]" \
  --set "${rewards[0]}" --set "${rewards[1]}" ${SMALL:+--set rollouts.tokens_max=24} | tee "$runs/measures.md"
echo "measures: $((SECONDS - begin)) s; all of this call: $SECONDS s" >&2
