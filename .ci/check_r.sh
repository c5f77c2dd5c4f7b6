#!/usr/bin/env bash
# Builds the package for R, checks it as CRAN would and compares its maps with those of Python: make check-r
#
# PYTHON names a Python with this project's packages. Without R, or the packages for R that the check takes, a line
# says so and that is all.
set -euo pipefail
cd "$(dirname "$0")/.."

packages="Matrix testthat knitr rmarkdown"
debian="r-base-core r-cran-matrix r-cran-testthat r-cran-knitr r-cran-rmarkdown"
if ! command -v R >/dev/null || ! Rscript -e "for (name in commandArgs(TRUE)) loadNamespace(name)" $packages 2>/dev/null; then
    echo "the package for R is not checked: no R, or none of its packages $packages (Debian: apt-get install $debian)"
    exit 0
fi

# The vignette is made with an executable that compiles in a few seconds; the check compiles the one that users get.
jobs=$(getconf _NPROCESSORS_ONLN)
make build/r-package/spasne
cd build/r-package
MAKEFLAGS="-j$jobs SPASNE_FLAGS=-O1\\ -g0\\ -std=c++17\\ -pthread\\ -DSPASNE_BASELINE_ONLY" R CMD build spasne
export _R_CHECK_FORCE_SUGGESTS_=false # Seurat and Bioconductor are tested where they are
MAKEFLAGS="-j$jobs" R CMD check --no-manual spasne_*.tar.gz
# A note that tells which of them are not there is none of ours.
problems=$(grep -E '\.\.\. (\[.*\] )?(ERROR|WARNING|NOTE)$' spasne.Rcheck/00check.log | grep -v 'checking package dependencies' || true)
if [ -n "$problems" ]; then
    echo "R CMD check found: $problems"
    exit 1
fi
cd ../..
SPASNE_R_LIBRARY="$PWD/build/r-package/spasne.Rcheck" "$PYTHON" -m pytest tests/test_r_package.py
