# make              the executable `spasne`
# make demo         counts to figure on a simulated tissue section (DATA=breast: on the breast cancer data)
# make demos        all notebooks on the data at hand; what they show goes to docs/demos
# make check-demos  all notebooks, the largest on fewer cells; fails if a cell does
# make test         all tests
# make test-extras  those of the optional extras and beside scanpy, in an environment of their own (older pandas)
# make bench        this project beside openTSNE, scikit-learn and others; BENCH="--quick": options, see benchmarks/README.md
# make bench-speed  whole calls from 60,000 to 1,000,000 spots, on 2 cores and on more (SPEED="--most 100000": none larger)
# make reproduce    the published screening of the breast cancer data again: docs/reproduction.md; REPRODUCE="--theta 0"
# make lint         style, warnings as errors, types
# make check-asan   the executable's tests under AddressSanitizer and UndefinedBehaviorSanitizer
# make check-tsan   its work on several threads under ThreadSanitizer
# make check-valgrind  the same small cases under valgrind's memcheck; skipped, saying so, where it is not installed
# make check-faults every allocation and every call of files and threads fails once; processes are killed 100 times
# make soak         random small problems beside their slow twin in NumPy; SOAK="--first 10000 --count 500"
# make fuzz         damaged data files until one breaks the executable (clang; tests/fuzz/README.md)
# make coverage     the lines and branches that no test reaches, Python and C++ (branches: COVERAGE_FLAGS=-O0)
# make r-package    the package for R, as an archive in build/r-package
# make check-r      R CMD check of it, and its maps beside those of Python; skipped, saying so, where there is no R
# make docs         the documentation site in build/docs, warnings as errors
# make figures      the pictures and tables of the documentation
# make clean        remove the executable; clean0: and __pycache__
#
# All but the executable, fuzz and clean set up .venv by themselves. PYTHON=, CXX= and CXXFLAGS= can be given.

PYTHON ?= python3
CXXFLAGS ?= -O3
DATA ?= simulated
VENV = .venv
VENV_PYTHON = $(VENV)/bin/python
# The page is tested where there is a browser.
BROWSER = $(if $(shell command -v chromium || command -v google-chrome),browser)

# Tests of the executable. Those on whole published data sets are left out: sanitizers make them take minutes.
EXECUTABLE_TESTS = tests/test_*executable.py tests/test_golden.py tests/test_failures.py tests/test_repeats.py \
  tests/test_wrapper.py

# Small runs of all that several threads do.
THREAD_TESTS = tests/test_threads.py

# Tests that skip without one of the extras spatial, distributed, or without scanpy.
EXTRAS_TESTS = tests/test_anndata.py tests/test_anndata_files.py tests/test_platforms.py tests/test_preprocessing.py \
	tests/test_screening.py tests/test_wrapper.py tests/test_published_readme.py \
	tests/test_page_anndata.py tests/test_guards.py tests/test_choose.py tests/test_commands.py \
	tests/test_documents.py::test_examples_with_extras_run

SOURCES = sptree.cpp spasne.cpp spasne_main.cpp
HEADERS = $(wildcard *.h src/*.h src/*/*.h)
FRAGMENTS = $(wildcard src/kernels/*.inl)  # no headers: each is included by one
# setup.py gives the same flags to `pip install`, and compiles the same objects.
BUILD = $(CXX) $(CXXFLAGS) -std=c++17 -pthread
# Kernels are written in vectors. What the compiler would make of the loops between them is no faster, and takes it longer
# than all the rest.
KERNEL_FLAGS = -fno-tree-vectorize
# psabi: no vector type crosses from one compiled file to another.
WARNINGS = -Wall -Wextra -Wconversion -Wshadow -Werror -Wno-psabi
# Left out of cppcheck: memory that is overwritten at once is not initialised (it does not see vector stores), and
# parameters are taken over to be freed.
CPPCHECK = cppcheck --quiet --std=c++17 --language=c++ --enable=warning,performance,portability --error-exitcode=1 \
	--suppress=missingIncludeSystem --suppress=uninitvar --suppress=uninitMemberVar --suppress=passedByValue -DSPASNE_BASELINE_ONLY
SANITIZED = -g -O1 -fno-omit-frame-pointer

# Without optimising, a branch is one of the source: else each temporary string adds some.
COVERAGE_FLAGS ?= -O1

FUZZ_RUNS ?= 100000
FUZZER = -g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all \
	-fsanitize=fuzzer,address,undefined,float-cast-overflow
FUZZ_LIMITS = -max_len=2048 -timeout=60 -rss_limit_mb=1024 -malloc_limit_mb=256

.PHONY: all demo demos check-demos test test-extras bench bench-speed reproduce lint check-asan check-tsan check-valgrind check-faults soak fuzz coverage r-package check-r r-documentation docs figures clean clean0 FORCE
# Two goals at once would set up .venv together; the objects of the executable alone are compiled side by side.
ifndef OBJECTS_ONLY
.NOTPARALLEL:
endif

all: spasne

# The kernels of one instruction set each (1 baseline, 2 AVX2, 3 AVX-512) and what calls them (0); src/kernels/isa.h.
BUILD_FOLDER = build/
OBJECTS = $(addprefix $(BUILD_FOLDER)objects/,kernels2.o spasne.o kernels1.o kernels3.o spasne_main.o sptree.o)
CORES = $(shell nproc 2>/dev/null || echo 2)

# Built under another name and renamed, so that a program in use is never half written.
spasne: $(SOURCES) $(HEADERS) $(FRAGMENTS) src/kernels/kernels.cpp
	@command -v $(firstword $(CXX)) > /dev/null || { echo "expected a C++ compiler, found no $(firstword $(CXX)):" \
	"apt-get install g++, on macOS xcode-select --install, or CXX=..." >&2; exit 1; }
	@echo "building spasne: $(BUILD), on $(CORES) cores; half a minute or so"
	@$(MAKE) --no-print-directory -j $(CORES) OBJECTS_ONLY=1 $(OBJECTS)
	@$(BUILD) $(OBJECTS) -o $@.tmp $(LDFLAGS)
	@mv $@.tmp $@

$(BUILD_FOLDER)objects/kernels%.o: src/kernels/kernels.cpp $(HEADERS) $(FRAGMENTS)
	@mkdir -p $(BUILD_FOLDER)objects
	@echo "  $< for instruction set $*"
	@$(BUILD) $(KERNEL_FLAGS) -DSPASNE_KERNELS_OF=$* -c $< -o $@

$(BUILD_FOLDER)objects/%.o: %.cpp $(HEADERS)
	@mkdir -p $(BUILD_FOLDER)objects
	@echo "  $<"
	@$(BUILD) -DSPASNE_KERNELS_OF=0 -c $< -o $@

# The same objects with the flags of sanitizers, in a folder of their own.
build/asan/spasne: SANITIZERS = -fsanitize=address,undefined -fno-sanitize-recover=all
build/tsan/spasne: SANITIZERS = -fsanitize=thread
build/asan/spasne build/tsan/spasne: $(SOURCES) $(HEADERS) $(FRAGMENTS) src/kernels/kernels.cpp
	$(MAKE) --no-print-directory BUILD_FOLDER=$(@D)/ "CXXFLAGS=$(CXXFLAGS) $(SANITIZED) $(SANITIZERS)" $@.linked
	mv $@.linked $@

build/asan/spasne.linked build/tsan/spasne.linked: FORCE
	@$(MAKE) --no-print-directory -j $(CORES) OBJECTS_ONLY=1 $(OBJECTS)
	$(BUILD) $(OBJECTS) -o $@ $(LDFLAGS)

build/fuzz/data_file: sptree.cpp spasne.cpp tests/fuzz/fuzz_data_file.cpp $(HEADERS) $(FRAGMENTS)
	mkdir -p build/fuzz
	clang++ -std=c++17 -pthread $(FUZZER) sptree.cpp spasne.cpp tests/fuzz/fuzz_data_file.cpp -o $@

build/coverage/spasne: $(SOURCES) $(HEADERS) $(FRAGMENTS)
	mkdir -p build/coverage
	rm -f build/coverage/*.gcda build/coverage/*.gcno
	$(CXX) -std=c++17 -pthread $(COVERAGE_FLAGS) -DSPASNE_BASELINE_ONLY --coverage $(SOURCES) -o $@ $(LDFLAGS)

# One stamp for each set of packages: made again when pyproject.toml asks for others.
$(VENV)/stamp-demo: pyproject.toml
	"$(PYTHON)" .ci/environment.py $(VENV) progress
	touch $@

$(VENV)/stamp-notebooks: pyproject.toml
	"$(PYTHON)" .ci/environment.py $(VENV) demos
	touch $@

$(VENV)/stamp-test$(BROWSER): pyproject.toml
	"$(PYTHON)" .ci/environment.py $(VENV) progress test $(BROWSER)
	touch $@

$(VENV)/stamp-bench: pyproject.toml
	"$(PYTHON)" .ci/environment.py $(VENV) bench
	touch $@

$(VENV)/stamp-lint: pyproject.toml
	"$(PYTHON)" .ci/environment.py $(VENV) lint
	touch $@

$(VENV)/stamp-coverage: pyproject.toml
	"$(PYTHON)" .ci/environment.py $(VENV) progress test coverage
	touch $@

$(VENV)/stamp-docs: pyproject.toml
	"$(PYTHON)" .ci/environment.py $(VENV) docs
	touch $@

demo: spasne $(VENV)/stamp-demo
	$(VENV_PYTHON) -m spasne demo $(DATA)

demos: spasne $(VENV)/stamp-notebooks
	$(VENV_PYTHON) spasne-demos/run_notebooks.py --pages docs/demos

check-demos: spasne $(VENV)/stamp-notebooks $(VENV)/stamp-test$(BROWSER)
	SPASNE_DEMO_CELLS=6000 SPASNE_DEMO_QUICK=1 $(VENV_PYTHON) spasne-demos/run_notebooks.py
	$(VENV_PYTHON) -m pytest tests/test_notebooks.py

test: spasne $(VENV)/stamp-test$(BROWSER)
	$(VENV_PYTHON) -m pytest

$(VENV)/extras/stamp: pyproject.toml
	"$(PYTHON)" .ci/environment.py $(VENV)/extras test spatial distributed progress test-peers
	touch $@

test-extras: spasne $(VENV)/extras/stamp
	$(VENV)/extras/bin/python -m pytest $(EXTRAS_TESTS)

check-asan: build/asan/spasne $(VENV)/stamp-test$(BROWSER)
	SPASNE_BIN="$$PWD/build/asan/spasne" $(VENV_PYTHON) -m pytest $(EXECUTABLE_TESTS)

# A race ends the run at once.
check-tsan: build/tsan/spasne $(VENV)/stamp-test$(BROWSER)
	SPASNE_BIN="$$PWD/build/tsan/spasne" TSAN_OPTIONS="halt_on_error=1 exitcode=66" $(VENV_PYTHON) -m pytest $(THREAD_TESTS)

# A program that runs the executable under memcheck, which has no AVX-512 and so gets the kernels of AVX2.
build/valgrind/spasne: FORCE
	@mkdir -p build/valgrind
	@printf '#!/bin/sh\nexec valgrind --quiet --error-exitcode=66 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \\\n\t"%s" "$$@"\n' \
		"$$PWD/spasne" > $@
	@chmod +x $@

check-valgrind: spasne build/valgrind/spasne $(VENV)/stamp-test$(BROWSER)
	if command -v valgrind >/dev/null; then SPASNE_BIN="$$PWD/build/valgrind/spasne" $(VENV_PYTHON) -m pytest \
		$(THREAD_TESTS); else echo "valgrind is not installed: skipped"; fi

# Each call fails, where the suite samples them; and 100 processes are killed.
check-faults: spasne $(VENV)/stamp-test$(BROWSER)
	SPASNE_FAULT_STRIDE=1 SPASNE_KILLED=100 $(VENV_PYTHON) -m pytest tests/test_fault_injection.py tests/test_durable_files.py

soak: spasne $(VENV)/stamp-test$(BROWSER)
	OPENBLAS_NUM_THREADS=1 $(VENV_PYTHON) tests/soak.py $(SOAK)

# New inputs are kept in build/fuzz/corpus, so that a search goes on where the last one ended.
fuzz: build/fuzz/data_file
	mkdir -p build/fuzz/corpus
	build/fuzz/data_file build/fuzz/corpus tests/fuzz/corpus -dict=tests/fuzz/data_file.dict \
		-runs=$(FUZZ_RUNS) $(FUZZ_LIMITS) -artifact_prefix=build/fuzz/ -print_final_stats=1

# The same executable for all tests, so that C++ counts what the wrapper's tests reach too.
coverage: build/coverage/spasne $(VENV)/stamp-coverage
	SPASNE_BIN="$$PWD/build/coverage/spasne" $(VENV_PYTHON) -m coverage run -m pytest $(TESTS)
	$(VENV_PYTHON) -m coverage report --show-missing --skip-covered
	$(VENV_PYTHON) -m gcovr --root . --object-directory build/coverage --exclude-throw-branches --sort uncovered-percent \
		--gcov-ignore-parse-errors=suspicious_hits.warn  # counts of 10^10 are what kernels have

# Built in a copy, into which the C++ sources are copied, so that the checkout holds them once.
build/r-package/spasne: $(SOURCES) $(HEADERS) $(FRAGMENTS) $(shell find r-package -type f)
	rm -rf build/r-package
	mkdir -p build/r-package
	cp -R r-package $@
	cd $@ && Rscript bootstrap.R ../../..

r-package: build/r-package/spasne
	cd build/r-package && R CMD build spasne

check-r: spasne $(VENV)/stamp-test$(BROWSER)
	PYTHON="$$PWD/$(VENV_PYTHON)" bash .ci/check_r.sh

# man/ and NAMESPACE from the comments that start with #' (Debian: r-cran-roxygen2).
r-documentation: build/r-package/spasne
	cd build/r-package && Rscript -e 'roxygen2::roxygenise("spasne", load_code = "source")'
	rm -f r-package/man/*.Rd
	cp build/r-package/spasne/man/*.Rd r-package/man
	cp build/r-package/spasne/NAMESPACE r-package

bench: spasne $(VENV)/stamp-bench
	$(VENV_PYTHON) -m benchmarks --update-readme $(BENCH)

bench-speed: spasne $(VENV)/stamp-demo
	$(VENV_PYTHON) -m benchmarks.speed $(SPEED)

reproduce: spasne $(VENV)/stamp-demo
	$(VENV_PYTHON) -m benchmarks.reproduce $(REPRODUCE)

lint: $(VENV)/stamp-lint
	$(VENV_PYTHON) -m ruff check .
	$(VENV)/bin/clang-format --dry-run --Werror $(SOURCES) src/kernels/kernels.cpp $(HEADERS) $(FRAGMENTS)
	for source in $(SOURCES); do $(BUILD) $(WARNINGS) -c $$source -o /dev/null || exit 1; done
	for header in $(HEADERS); do echo "#include \"$$header\"" | $(BUILD) $(WARNINGS) \
		-DSPASNE_BASELINE_ONLY -fsyntax-only -I. -x c++ - || { echo "$$header does not compile alone"; exit 1; }; done
	if command -v cppcheck >/dev/null; then $(CPPCHECK) $(SOURCES); else echo "cppcheck is not installed: skipped"; fi
	$(VENV_PYTHON) -m mypy

docs: spasne $(VENV)/stamp-docs
	$(VENV_PYTHON) -m sphinx -W --keep-going -q -E -b html docs build/docs

figures: spasne $(VENV)/stamp-demo
	$(VENV_PYTHON) docs/make_figures.py

clean:
	rm -f spasne spasne.tmp
	rm -rf build/objects

clean0: clean
	rm -rf __pycache__ */__pycache__
