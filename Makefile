# make run    set up and let the bundled model write; no PyTorch is installed
# make test   set up and run the tests; installs PyTorch and transformers to compare with
# make bench  set up and measure next to other libraries; two hours, half an hour of it to build llama.cpp
.PHONY: run test lint bench clean

RUN = .venv/run/bin
TEST = .venv/test/bin
BENCH = .venv/bench/bin
export OMP_NUM_THREADS ?= 2

run:
	@tools/environment.sh run . "about 30 MB"
	@$(RUN)/gpt2 generate "The quick brown fox" --seed 1

test:
	@tools/environment.sh test ".[dev]" "about 430 MB, or 3 GB where pip picks a CUDA build of PyTorch"
	@OMP_NUM_THREADS=1 GPT2_THREADS=1 $(TEST)/python -m pytest -n auto --maxprocesses 8

lint:
	@tools/environment.sh test ".[dev]" "about 430 MB, or 3 GB where pip picks a CUDA build of PyTorch"
	@$(TEST)/ruff check && $(TEST)/ruff format --check && $(TEST)/mypy

bench:
	@CMAKE_ARGS="$${CMAKE_ARGS:--DGGML_NATIVE=ON -DLLAVA_BUILD=OFF}" tools/environment.sh bench \
		".[dev]" "about 700 MB, and llama.cpp is built" benchmarks/peers.txt
	@PYTHONPATH=src:. $(BENCH)/python -m benchmarks.native
	@PYTHONPATH=src:. $(BENCH)/python -m benchmarks.peers tune --rounds 2
	@PYTHONPATH=src:. $(BENCH)/python -m benchmarks.peers decode-32 decode-512 prefill-512 batch-8 batch-32
	@PYTHONPATH=src:. $(BENCH)/python -m benchmarks.start
	@PYTHONPATH=src:. $(BENCH)/python -m benchmarks.speculation
	@PYTHONPATH=src:. $(BENCH)/python -m benchmarks.report

clean:
	rm -rf .venv build
