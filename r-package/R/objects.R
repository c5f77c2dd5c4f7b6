# Objects of Seurat and of Bioconductor; their packages are used only where such an object comes.

#' A map of a Seurat object
#'
#' @rdname RunSpaSNE-Seurat
#' @param object A Seurat object with a reduction, usually `"pca"` (`Seurat::RunPCA`).
#' @param pixels Positions of the cells: a matrix or data frame (cells x 2 or 3) with cell names as row names, the
#'   names of columns of the metadata, or `NULL`: those of the images in the object, several of which are taken as
#'   sections.
#' @param reduction The reduction whose embeddings are the data.
#' @param dims Its dimensions to use. `NULL`: all.
#' @param reduction.name,reduction.key Name and key of the new reduction.
#' @param ... Further arguments of [run_spasne()]: `alpha`, `beta`, `randseed` and so on.
#'
#' @return The object with the new reduction: `Embeddings(object, "spasne")`, `DimPlot(object, reduction =
#'   "spasne")`.
#' @examples
#' \dontrun{
#' object <- RunSpaSNE(object, alpha = 9, beta = 4, randseed = 1)
#' Seurat::DimPlot(object, reduction = "spasne")
#' }
#' @export
RunSpaSNE <- function(object, pixels = NULL, reduction = "pca", dims = NULL, reduction.name = "spasne",
                      reduction.key = "SpaSNE_", ...) {
  need("SeuratObject", "Seurat objects")
  if (!methods::is(object, "Seurat")) fail("expected a Seurat object, found ", class(object)[1])
  if (!reduction %in% SeuratObject::Reductions(object)) {
    fail("expected a reduction '", reduction, "' in the object, found none; run Seurat::RunPCA(object) before")
  }
  data <- SeuratObject::Embeddings(object, reduction)
  if (!is.null(dims)) data <- data[, dims, drop = FALSE]
  tissue <- seurat_positions(object, pixels, rownames(data))
  Y <- run_mapped(data, tissue, ...)
  colnames(Y) <- paste0(reduction.key, seq_len(ncol(Y)))
  object[[reduction.name]] <- SeuratObject::CreateDimReducObject(
    embeddings = Y, key = reduction.key, assay = SeuratObject::DefaultAssay(object[[reduction]])
  )
  object
}

# Positions in the order of `cells`, and their sections where the object has several images.
seurat_positions <- function(object, pixels, cells) {
  if (is.character(pixels)) return(list(pixels = as.matrix(object[[pixels]])[cells, , drop = FALSE]))
  if (!is.null(pixels)) return(list(pixels = in_order_of(pixels, cells)))
  images <- SeuratObject::Images(object)
  if (length(images) == 0) fail("expected images in the object or positions in pixels, found neither")
  parts <- lapply(images, function(image) image_positions(object, image))
  positions <- do.call(rbind, parts)
  sections <- rep(images, vapply(parts, nrow, integer(1)))
  names(sections) <- rownames(positions)
  list(pixels = in_order_of(positions, cells), sections = if (length(images) > 1) unname(sections[cells]))
}

image_positions <- function(object, image) {
  found <- SeuratObject::GetTissueCoordinates(object[[image]])
  if ("cell" %in% names(found)) rownames(found) <- found$cell
  as.matrix(found[vapply(found, is.numeric, logical(1))])
}

in_order_of <- function(positions, cells) {
  names <- explicit_row_names(positions)
  if (is.null(names) && nrow(positions) == length(cells)) return(positions)
  lost <- setdiff(cells, names)
  if (length(lost) > 0) fail("expected a position of every cell, found none of '", lost[1], "'")
  positions[cells, , drop = FALSE]
}

#' A map of a SingleCellExperiment or SpatialExperiment
#'
#' @rdname runSpaSNE-SingleCellExperiment
#' @param x A SingleCellExperiment with a reduced dimension, usually `"PCA"` (`scater::runPCA`).
#' @param pixels Positions of the spots: a matrix or data frame (spots x 2 or 3), the names of columns of
#'   `colData(x)`, or `NULL`: `spatialCoords(x)` of a SpatialExperiment.
#' @param dimred The reduced dimension that is the data.
#' @param n_dimred Its first dimensions to use. `NULL`: all.
#' @param name Name of the new reduced dimension.
#' @param ... Further arguments of [run_spasne()]: `alpha`, `beta`, `sections` and so on.
#'
#' @return `x` with the new reduced dimension: `reducedDim(x, "SpaSNE")`.
#' @examples
#' \dontrun{
#' x <- runSpaSNE(x, alpha = 9, beta = 4, randseed = 1)
#' scater::plotReducedDim(x, "SpaSNE")
#' }
#' @export
runSpaSNE <- function(x, pixels = NULL, dimred = "PCA", n_dimred = NULL, name = "SpaSNE", ...) {
  need("SingleCellExperiment", "SingleCellExperiment objects")
  if (!methods::is(x, "SingleCellExperiment")) fail("expected a SingleCellExperiment, found ", class(x)[1])
  if (!dimred %in% SingleCellExperiment::reducedDimNames(x)) {
    fail("expected a reduced dimension '", dimred, "' in x, found none; run scater::runPCA(x) before")
  }
  data <- as.matrix(SingleCellExperiment::reducedDim(x, dimred))
  if (!is.null(n_dimred)) data <- data[, seq_len(n_dimred), drop = FALSE]
  Y <- run_mapped(data, list(pixels = experiment_positions(x, pixels)), ...)
  SingleCellExperiment::reducedDim(x, name) <- Y
  x
}

experiment_positions <- function(x, pixels) {
  if (is.character(pixels)) return(as.matrix(as.data.frame(SummarizedExperiment::colData(x)[pixels])))
  if (!is.null(pixels)) return(pixels)
  # The accessor lives where the class does, which SpatialExperiment's own package need not be.
  home <- attr(class(x), "package")
  home <- if (is.null(home) || home == ".GlobalEnv") globalenv() else asNamespace(home)
  accessor <- get0("spatialCoords", home, mode = "function")
  if (is.null(accessor)) fail("expected a SpatialExperiment or positions in pixels, found neither")
  accessor(x)
}

# The map of reduced data, which need no further PCA, with the sections found unless the caller names others.
run_mapped <- function(data, tissue, ...) {
  arguments <- list(...)
  if (is.null(arguments$sections)) arguments$sections <- tissue$sections
  if (is.null(arguments$use_pca)) arguments$use_pca <- FALSE
  do.call(run_spasne, c(list(data, tissue$pixels), arguments))
}

need <- function(package, objects) {
  if (!requireNamespace(package, quietly = TRUE)) {
    fail("expected the package ", package, " for ", objects, ", found none; install it")
  }
}
