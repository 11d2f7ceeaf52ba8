# make run    set up and let the bundled model write; no PyTorch is installed
# make test   set up and run the tests; installs PyTorch and transformers to compare with
.PHONY: run test lint bench clean

RUN = .venv/run/bin
TEST = .venv/test/bin
export OMP_NUM_THREADS ?= 2

run:
	@tools/environment.sh run . "about 30 MB"
	@$(RUN)/gpt2 generate "The quick brown fox" --seed 1

test:
	@tools/environment.sh test ".[dev]" "about 430 MB, or 3 GB where pip picks a CUDA build of PyTorch"
	@$(TEST)/python -m pytest

lint:
	@tools/environment.sh test ".[dev]" "about 430 MB, or 3 GB where pip picks a CUDA build of PyTorch"
	@$(TEST)/ruff check && $(TEST)/ruff format --check && $(TEST)/mypy

clean:
	rm -rf .venv build
