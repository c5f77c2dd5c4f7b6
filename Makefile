# make              the executable `spasne`
# make demo         counts to figure on a simulated tissue section (DATA=breast: on the breast cancer data)
# make test         all tests
# make bench        this project beside openTSNE and scikit-learn; BENCH="--quick": options, see benchmarks/README.md
# make reproduce    the published screening of the breast cancer data again: docs/reproduction.md; REPRODUCE="--theta 0"
# make lint         style, warnings as errors, types
# make check-asan   the executable's tests under AddressSanitizer and UndefinedBehaviorSanitizer
# make docs         the documentation site in build/docs, warnings as errors
# make figures      the pictures and tables of the documentation
# make clean        remove the executable; clean0: and __pycache__
#
# demo, test, bench, reproduce, lint and check-asan set up .venv by themselves. PYTHON=, CXX= and CXXFLAGS= can be given.

PYTHON ?= python3
CXXFLAGS ?= -O3
DATA ?= simulated
VENV = .venv
VENV_PYTHON = $(VENV)/bin/python

# Tests of the executable. Those on whole published data sets are left out: sanitizers make them take minutes.
EXECUTABLE_TESTS = tests/test_*executable.py tests/test_golden.py tests/test_failures.py tests/test_wrapper.py

SOURCES = sptree.cpp spasne.cpp spasne_main.cpp
HEADERS = $(wildcard *.h src/*.h src/*.inl)
# setup.py gives the same flags to `pip install`.
BUILD = $(CXX) $(CXXFLAGS) -std=c++17 -pthread
# psabi: no vector type crosses from one compiled file to another.
WARNINGS = -Wall -Wextra -Wconversion -Wshadow -Werror -Wno-psabi
SANITIZERS = -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

.PHONY: all demo test bench reproduce lint check-asan clean clean0
# Two goals at once would set up .venv together.
.NOTPARALLEL:

all: spasne

# Built under another name and renamed, so that a program in use is never half written.
spasne: $(SOURCES) $(HEADERS)
	$(BUILD) $(SOURCES) -o $@.tmp $(LDFLAGS)
	mv $@.tmp $@

build/asan/spasne: $(SOURCES) $(HEADERS)
	mkdir -p build/asan
	$(BUILD) $(SANITIZERS) $(SOURCES) -o $@ $(LDFLAGS)

# One stamp for each set of packages: made again when pyproject.toml asks for others.
$(VENV)/stamp-demo: pyproject.toml
	"$(PYTHON)" .ci/environment.py $(VENV) progress
	touch $@

$(VENV)/stamp-test: pyproject.toml
	"$(PYTHON)" .ci/environment.py $(VENV) progress test
	touch $@

$(VENV)/stamp-bench: pyproject.toml
	"$(PYTHON)" .ci/environment.py $(VENV) bench
	touch $@

$(VENV)/stamp-lint: pyproject.toml
	"$(PYTHON)" .ci/environment.py $(VENV) lint
	touch $@

$(VENV)/stamp-docs: pyproject.toml
	"$(PYTHON)" .ci/environment.py $(VENV) docs
	touch $@

demo: spasne $(VENV)/stamp-demo
	$(VENV_PYTHON) -m spasne_tools.demo --data $(DATA)

test: spasne $(VENV)/stamp-test
	$(VENV_PYTHON) -m pytest

check-asan: build/asan/spasne $(VENV)/stamp-test
	SPASNE_BIN="$$PWD/build/asan/spasne" $(VENV_PYTHON) -m pytest $(EXECUTABLE_TESTS)

bench: spasne $(VENV)/stamp-bench
	$(VENV_PYTHON) -m benchmarks --update-readme $(BENCH)

reproduce: spasne $(VENV)/stamp-demo
	$(VENV_PYTHON) -m benchmarks.reproduce $(REPRODUCE)

lint: $(VENV)/stamp-lint
	$(VENV_PYTHON) -m ruff check .
	$(VENV)/bin/clang-format --dry-run --Werror $(SOURCES) $(HEADERS)
	for source in $(SOURCES); do $(BUILD) $(WARNINGS) -c $$source -o /dev/null || exit 1; done
	$(VENV_PYTHON) -m mypy

.PHONY: docs figures
docs: $(VENV)/stamp-docs
	$(VENV_PYTHON) -m sphinx -W --keep-going -q -E -b html docs build/docs

figures: spasne $(VENV)/stamp-demo
	$(VENV_PYTHON) docs/make_figures.py

clean:
	rm -f spasne spasne.tmp

clean0: clean
	rm -rf __pycache__ */__pycache__
