#!/bin/sh
# Train a small model and its vocabulary on English and Chinese, and kill it twice.
# recipes/mixed/run.sh DATA OUT [STEPS]: DATA has train/, OUT gets all output. An uninterrupted run
# and a killed one run in parallel, one thread each; at the end both weights must have the same hash.
set -eu
data=$1/train out=$2 steps=${3:-450}
save=$((steps / 9))
mkdir -p "$out/text" "$out/sample"
# head closes the pipe early, which ends the program that feeds it with a signal: that is intended
{ xz -dc "$data/zhwiki.txt.xz" 2>/dev/null || true; } | head -c 12000000 >"$out/text/zh.txt"
{ tar xJOf "$data/100_english_novels.tar.xz" 2>/dev/null || true; } |
    head -c 12000000 >"$out/text/en.txt"
for name in zh en; do
    [ -s "$out/text/$name.txt" ] || { echo "no text for $name in $data" >&2; exit 1; }
    head -c 2000000 "$out/text/$name.txt" >"$out/sample/$name.txt"
done

gpt2 tokenizer-train "$out/sample" --vocab-size 8192 -o "$out/tokenizer" --overwrite
gpt2 prepare "$out/text" -o "$out/data" --tokenizer "$out/tokenizer" --validation-by tail

train() {
    name=$1
    shift
    gpt2 train "$out/data" -o "$out/$name" --layers 4 --width 192 --heads 3 --context 256 \
        --batch-size 12 --micro-batch 12 --threads 1 --steps "$steps" --optimizer muon --lr 0.003 \
        --schedule wsd --save-every "$save" --validate-every $((3 * save)) --keep 2 --seed 1 "$@"
}

train whole >"$out/whole.log" 2>&1 &
whole=$!
train killed >"$out/killed-1.log" 2>&1 &
killed=$!
for saved in 2 5; do
    until [ -d "$out/killed/checkpoints/step-$(printf %06d $((saved * save)))" ]; do
        kill -0 "$killed" || { tail "$out"/killed-*.log >&2; exit 1; }
        sleep 1
    done
    sleep 7 # somewhere between two checkpoints
    pkill -9 -f -- "-o $out/killed "
    wait "$killed" || true
    echo "killed after $(tail -n 1 "$out/killed/metrics.jsonl" | head -c 80)"
    train killed --resume >"$out/killed-$saved.log" 2>&1 &
    killed=$!
done
wait "$killed" "$whole"
sha256sum "$out/whole/model/model.safetensors" "$out/killed/model/model.safetensors"
[ "$(sha256sum <"$out/whole/model/model.safetensors")" = \
    "$(sha256sum <"$out/killed/model/model.safetensors")" ] || { echo "they differ" >&2; exit 1; }
