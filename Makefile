# make run    set up and let the bundled model write; no PyTorch is installed
# make test   set up and run the tests, but for those of the next line
# make parity set up and run what compares with other libraries: transformers, the loops of accelerate,
#             PEFT and trl on our models, OpenAI's client and lm-evaluation-harness on our server
# make bench  set up and measure next to other libraries; two hours, half an hour of it to build llama.cpp
# make wheel  build dist/: an sdist, and a wheel for every Linux with glibc 2.17 or newer
# make walk   build an sdist and a wheel, install it in an empty environment, run the README there
# make acceptance [DATA=FOLDER] [LIMIT=N]  with a network: OpenAI's GPT-2 and a Chinese model from the
#             hub, the paper's table 3 of the sets in FOLDER; writes acceptance.md, to send back
# make page   build gpt2-mini.html: the bundled model live in one file, for a browser without a network
# make learn  rewrite every output, number, picture and notebook of docs/learn from its blocks
# make docs   build all pages as a site that needs nothing from outside: out/site/html/index.html
# make fuzz [MINUTES=10] [SEED=1]  damaged files of every form, each found fault kept in out/fuzz
.PHONY: run test parity lint bench wheel walk acceptance page learn docs fuzz clean

RUN = .venv/run/bin
TEST = .venv/test/bin
BENCH = .venv/bench/bin
WHEEL = .venv/wheel/bin
export OMP_NUM_THREADS ?= 2
# Tests start hundreds of Pythons: each would compile all sources where PYTHONDONTWRITEBYTECODE is set,
# and all packages, though pip has compiled them in their places, where PYTHONPYCACHEPREFIX is.
PYTEST = PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX= OMP_NUM_THREADS=1 GPT2_THREADS=1
WORKERS = -n auto --maxprocesses 9 --dist worksteal

run:
	@tools/environment.sh run . "about 30 MB"
	@$(RUN)/python examples/first_look.py

test:
	@tools/environment.sh test ".[dev]" "about 430 MB, or 3 GB where pip picks a CUDA build of PyTorch"
	@$(PYTEST) $(TEST)/python -m pytest $(WORKERS)

parity:
	@tools/environment.sh parity ".[dev]" "about 450 MB, or 3 GB with a CUDA build of PyTorch" tests/peers.txt
	@$(PYTEST) .venv/parity/bin/python -m pytest -m "parity and not slow" $(WORKERS)

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

# zig holds every glibc's symbols and its own C++ library; GCC's C++ library would tie the wheel to
# the glibc of the machine that built it. auditwheel looks and gives the wheel its tag.
wheel:
	@tools/environment.sh wheel "" "about 110 MB, most of it a compiler" tools/wheel.txt
	@rm -rf dist && GPT2_GLIBC=2.17 $(WHEEL)/python -m build --outdir dist/built .
	@mv dist/built/*.tar.gz dist/
	@PATH="$(CURDIR)/$(WHEEL):$$PATH" $(WHEEL)/auditwheel repair --only-plat -w dist dist/built/*.whl
	@rm -r dist/built && ls dist

acceptance:
	@tools/environment.sh acceptance ".[torch,eval]" \
		"about 300 MB, or 3 GB where pip picks a CUDA build of PyTorch; the models are 1 GB"
	@.venv/acceptance/bin/python tools/acceptance.py $(if $(DATA),--data "$(DATA)") \
		$(if $(LIMIT),--limit $(LIMIT))

page:
	@tools/environment.sh run . "about 30 MB"
	@mkdir -p dist && $(RUN)/gpt2 explain -o dist/gpt2-mini.html --overwrite

learn:
	@tools/environment.sh run . "about 30 MB"
	@OMP_NUM_THREADS=1 GPT2_THREADS=1 PYTHONPATH=src:. $(RUN)/python -m tools.course

docs:
	@tools/environment.sh docs ".[docs]" "about 70 MB"
	@PYTHONPATH=src:. .venv/docs/bin/python -m tools.site

fuzz:
	@tools/environment.sh test ".[dev]" "about 430 MB, or 3 GB where pip picks a CUDA build of PyTorch"
	@PYTHONPATH=src:. $(TEST)/python -m tools.fuzz --minutes $(or $(MINUTES),10) --seed $(or $(SEED),1)

walk:
	@python3 tools/installed.py

clean:
	rm -rf .venv build dist
