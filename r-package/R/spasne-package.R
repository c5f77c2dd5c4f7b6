#' SpaSNE: maps that keep expression and tissue structure
#'
#' [run_spasne()] works on matrices, [RunSpaSNE()] on Seurat objects, [runSpaSNE()] on SingleCellExperiment and
#' SpatialExperiment objects. [preprocess_counts()] goes before, [score_embedding()] and [plot_maps()] after.
#'
#' @keywords internal
#' @importFrom Matrix t
"_PACKAGE"
