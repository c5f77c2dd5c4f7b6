skip_if_not_installed("SingleCellExperiment")

case <- small_case()

experiment <- function() {
  counts <- matrix(rpois(60 * 8, 3), 8, dimnames = list(NULL, paste0("spot", 1:60)))
  x <- SingleCellExperiment::SingleCellExperiment(list(counts = counts))
  SingleCellExperiment::reducedDim(x, "PCA") <- case$data
  x
}

run <- function(x, ...) runSpaSNE(x, ..., perplexity = 10, randseed = 5, max_iter = 40, n_jobs = 2)
map_of <- function(x) unname(SingleCellExperiment::reducedDim(x, "SpaSNE"))
wanted <- unname(small_map(case$data, case$pixels, use_pca = FALSE))

test_that("a SingleCellExperiment gets a reduced dimension of its own", {
  expect_identical(map_of(run(experiment(), case$pixels)), wanted)
  x <- experiment()
  x$row <- case$pixels[, 1]
  x$col <- case$pixels[, 2]
  expect_identical(map_of(run(x, c("row", "col"))), wanted)
  expect_identical(map_of(run(x, c("row", "col"), n_dimred = 2)), unname(small_map(case$data[, 1:2], case$pixels, use_pca = FALSE)))
})

# Debian has no SpatialExperiment: a minimal twin of it, a class with an accessor of that name beside it.
test_that("spatialCoords are the positions of a SpatialExperiment", {
  setClass("SpatialTwin", contains = "SingleCellExperiment", slots = c(where = "matrix"), where = globalenv())
  assign("spatialCoords", function(x) x@where, globalenv())
  on.exit({
    removeClass("SpatialTwin", globalenv())
    rm("spatialCoords", envir = globalenv())
  })
  twin <- new("SpatialTwin", experiment(), where = case$pixels)
  expect_identical(map_of(run(twin)), wanted)
})

test_that("what is missing is named", {
  expect_error(run(case$data), "expected a SingleCellExperiment, found matrix")
  expect_error(run(experiment()), "expected a SpatialExperiment or positions in pixels, found neither")
  expect_error(run(experiment(), case$pixels, dimred = "ICA"), "expected a reduced dimension 'ICA' in x")
})
