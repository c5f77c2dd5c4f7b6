# Copies the C++ sources of the executable into the package: Rscript bootstrap.R [ROOT], in the package's folder.
#
# ROOT is the source folder of SpaSNE, by default the folder above. The repository holds the sources once; `make
# r-package` calls this, and so do pkgbuild and devtools (Config/build/bootstrap in DESCRIPTION).

root <- commandArgs(trailingOnly = TRUE)
root <- if (length(root) > 0) root[1] else ".."
target <- file.path("src", "executable")
sources <- c(list.files(root, "\\.(cpp|h)$"), file.path("src", list.files(file.path(root, "src"), recursive = TRUE)))
if (!"spasne_main.cpp" %in% sources) {
  stop("expected the sources of SpaSNE in ", normalizePath(root), ", found no spasne_main.cpp")
}
unlink(target, recursive = TRUE)
for (folder in unique(dirname(sources))) dir.create(file.path(target, folder), recursive = TRUE, showWarnings = FALSE)
stopifnot(file.copy(file.path(root, sources), file.path(target, sources), overwrite = TRUE))
invisible(file.copy(file.path(root, "LICENSE"), file.path(target, "LICENSE")))
