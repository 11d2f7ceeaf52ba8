#!/bin/sh
# English and Chinese in one small model with a vocabulary of its own, killed twice on the way.
# recipes/mixed/run.sh DATA OUT: DATA has train/, OUT gets everything. Compare with the
# uninterrupted run at the end: both hashes must be equal.
set -eu
data=$1/train out=$2
mkdir -p "$out/text" "$out/sample"
xz -dc "$data/zhwiki.txt.xz" 2>/dev/null | head -c 12000000 >"$out/text/zh.txt" || true
tar xJOf "$data/100_english_novels.tar.xz" 2>/dev/null | head -c 12000000 >"$out/text/en.txt" || true
for name in zh en; do head -c 2000000 "$out/text/$name.txt" >"$out/sample/$name.txt"; done

gpt2 tokenizer-train "$out/sample" --vocab-size 8192 -o "$out/tokenizer"
gpt2 prepare "$out/text" -o "$out/data" --tokenizer "$out/tokenizer" --validation-by tail

train() {
    gpt2 train "$out/data" -o "$out/$1" --layers 4 --width 192 --heads 3 --context 256 \
        --batch-size 12 --micro-batch 12 --threads 1 --steps 450 --optimizer muon --lr 0.003 \
        --schedule wsd --save-every 50 --validate-every 150 --keep 2 --seed 1 $2
}

train whole ""
train killed "" &
for step in 100 250; do
    until ls -d "$out/killed/checkpoints/"step-*"$step" >/dev/null 2>&1; do sleep 2; done
    sleep 20 # somewhere between two checkpoints
    pkill -9 -f -- "-o $out/killed"
    wait || true
    train killed --resume &
done
wait
sha256sum "$out/whole/model/model.safetensors" "$out/killed/model/model.safetensors"
