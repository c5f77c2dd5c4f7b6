#' Maps that keep local and global expression and spatial structure
#'
#' Minimises `KL(P || Q) + alpha KL(Pg || Qg) + beta KL(Ps || Qg)`: t-SNE's local term, a term for all pairwise
#' distances in expression, and one for all pairwise distances in the tissue. Names, defaults and errors are
#' those of `run_spasne` in Python; the same input without PCA gives the same map.
#'
#' @param data Matrix, sparse matrix of package Matrix or data frame (spots x genes): expression, usually
#'   normalised and log-transformed (see [preprocess_counts()]) or principal components. Rows are spots; Seurat
#'   and Bioconductor objects hold the transpose, see [RunSpaSNE()] and [runSpaSNE()].
#' @param pixels Matrix or data frame (spots x 1 or more): positions in the tissue, in the row order of `data`.
#'   Their unit matters (see `pixel_scale`). `NULL`: no spatial term (`beta` is taken as 0).
#' @param alpha,beta Weights of global expression and of space, 0 or more. Advice: alpha 5 to 15, beta 1 to 7.5,
#'   alpha / beta of 2 or more.
#' @param exaggeration Factor on the local affinities up to iteration 250, above 0.
#' @param no_dims Dimensions of the map: 1, 2 or 3.
#' @param perplexity Effective number of neighbours, above 0 and at most (n - 1) / 3.
#' @param theta 0: exact sums. Above 0: approximate sums, coarser as it grows.
#' @param randseed Seed of the random start; the same seed gives the same map, here and in Python. Below 0: a
#'   new start each time. R's own random numbers are neither used nor changed.
#' @param verbose Print progress as it comes, with the time left.
#' @param initial_dims Principal components kept when `use_pca`. 0: 200 or as many as exist.
#' @param use_pca Reduce `data` by PCA first. `FALSE`: use it as it is.
#' @param max_iter Iterations, 0 or more; 0 returns the start.
#' @param method `"auto"`, `"exact"`, `"barnes_hut"` or `"interpolation"`: how sums over pairs are taken.
#' @param descent `"published"` or `"fast"`: the steps. `"fast"`: quasi-Newton steps, some tens to hundreds where the
#'   published ones take 250 to 1,000, to lower costs. `NULL`: published where the start is, by method `"exact"` or
#'   `"barnes_hut"`, and where `learning_rate` or `max_step` is given or there is no global term; else fast, as with
#'   method `"interpolation"` (above 5,000 points).
#' @param n_jobs Threads, at most 4096. `NULL` or -1: all cores.
#' @param init `"random"`, `"pca"`, `"spatial"`, `"joint"`, `"best"` or a matrix (spots x no_dims): the start.
#'   `"joint"`: principal axes of expression and space together; `"joint*0.1"` gives space a tenth of its weight, or
#'   any other multiple. `"best"`: several of these race, and the one of lowest cost goes on.
#' @param learning_rate Step size, above 0, or `"auto"`: max(500, n / exaggeration). `NULL`: 500 as published, or
#'   `"auto"` for large data.
#' @param max_step Largest move of a point in one iteration, above 0; `Inf`: no limit. `NULL`: a limit only where
#'   a run needs it.
#' @param global_scale The scale sigma in `Qg = (1 + sigma^2 d^2) / sum`. Smaller values keep neighbours better
#'   at the expense of space.
#' @param pixel_scale `"raw"`: pixels as given, as published. `"unit"`: their unit becomes irrelevant. A number
#'   above 0 multiplies them.
#' @param neighbors How method `"interpolation"` finds the nearest 3 * perplexity neighbours: `"exact"`, or
#'   `"approximate"`, at least 98 \% of them in less time; `"auto"` (or `NULL`): approximately where exact would take
#'   more than a few seconds. Or `list(index, distance)` of matrices (spots x k) with row numbers from 1, as
#'   `BiocNeighbors::findKNN()` returns them, or a sparse matrix of distances (spots x spots).
#'   `"approximate"` and a graph imply method `"interpolation"`.
#' @param accuracy Error that method `"interpolation"` may make in the gradient, relative to its length, between
#'   0 and 1. `NULL`: 1e-3.
#' @param callback `function(iteration, cost, Y)`, called after every `callback_every` iterations and the last.
#'   If it returns `TRUE` the run stops and that map is the result.
#' @param callback_every Iterations from one call of `callback` to the next.
#' @param sections The tissue section of each row, none missing. Distances in the tissue then count within
#'   sections only. `NULL`: one section.
#'
#' @return A matrix (spots x no_dims) with the row names of `data`.
#'
#' An argument that is not what is described here is an error before any work, which says what was expected and
#' what was found. An interrupt ends the run.
#'
#' @references Zhou et al.: Dimensionality reduction for visualizing spatially resolved profiling data using
#'   SpaSNE. GigaScience 14 (2025) giaf002.
#' @examples
#' tissue <- simulate_tissue(n_spots = 300, n_genes = 60, seed = 1)
#' data <- preprocess_counts(tissue$counts, n_components = 20)
#' Y <- run_spasne(data, tissue$pixels, perplexity = 30, randseed = 1, max_iter = 100, n_jobs = 2)
#' dim(Y)
#' @export
run_spasne <- function(data, pixels = NULL, alpha = 8, beta = 2, exaggeration = 4, no_dims = 2, perplexity = 50,
                       theta = 0.5, randseed = -1, verbose = FALSE, initial_dims = 0, use_pca = TRUE,
                       max_iter = 1000, method = "auto", descent = NULL, n_jobs = NULL, init = "random",
                       learning_rate = NULL, max_step = NULL, global_scale = 1, pixel_scale = "raw",
                       neighbors = "auto", accuracy = NULL, callback = NULL, callback_every = 50, sections = NULL) {
  parameters <- mget(setdiff(names(formals()), c("data", "pixels")))
  problem <- prepare_problem(data, pixels, parameters)
  folder <- tempfile("spasne-")
  dir.create(folder, mode = "0700")
  on.exit(unlink(folder, recursive = TRUE))
  write_data_file(file.path(folder, "data.dat"), problem)
  result <- run_in_folder(folder, parameters)
  dimnames(result$Y) <- list(explicit_row_names(data), paste0("SpaSNE_", seq_len(ncol(result$Y))))
  result$Y
}

# Check all input and return what goes into data.dat.
prepare_problem <- function(data, pixels, parameters) {
  check_parameters(parameters)
  X <- check_data(data)
  n_points <- nrow(X)
  check_perplexity(parameters$perplexity, n_points)
  sections <- section_codes(parameters$sections, n_points)
  check_order(data, parameters$sections, "sections")
  if (!is.character(parameters$init)) check_order(data, parameters$init, "init")
  positions <- prepare_positions(data, pixels, sections, parameters)
  start <- given_start(positions$S, dim(X), !is.null(pixels), parameters)
  if (is.null(parameters$neighbors)) parameters$neighbors <- "auto"
  graph <- if (!is.character(parameters$neighbors)) given_graph(parameters$neighbors, n_points, parameters$perplexity)
  if (parameters$use_pca) X <- pca(X, components_wanted(parameters))
  if (identical(parameters$init, "pca")) start <- spread_to_start(pca(X, parameters$no_dims))
  if (is.null(pixels)) parameters$beta <- 0
  if (is.null(parameters$descent) && goes_fast(parameters)) parameters$descent <- "fast"
  extension <- c(
    extension_of(parameters, implies_interpolation(parameters$neighbors)),
    list(
      init = start, start = if (is_start_of_executable(parameters$init)) parameters$init,
      pxoffset = if (positions$unit_free) 0, sections = sections,
      nbrfind = if (is.null(graph) && parameters$neighbors != "auto") parameters$neighbors,
      nbrindex = graph$index, nbrdist = graph$distance
    )
  )
  list(X = X, pixels = positions$S, parameters = parameters, extension = Filter(Negate(is.null), extension))
}

# Whether the fast steps are taken unasked: with any start but the published one, unless a parameter of the published
# steps is given, the method is the published one, or there is no global term.
goes_fast <- function(parameters) {
  published <- identical(parameters$init, "random") || parameters$method == "barnes_hut"
  ruled <- !is.null(parameters$learning_rate) || !is.null(parameters$max_step)
  !published && !ruled && parameters$alpha + parameters$beta > 0
}

components_wanted <- function(parameters) if (parameters$initial_dims == 0) 200 else parameters$initial_dims

# Records for what differs from the executable's own defaults.
extension_of <- function(parameters, interpolates) {
  method <- if (interpolates) "interpolation" else parameters$method
  rate <- parameters$learning_rate
  list(
    method = if (method != "auto") method,
    lrate = if (identical(rate, "auto")) 0 else rate,
    maxstep = parameters$max_step,
    descent = parameters$descent,
    gscale = if (parameters$global_scale != 1) parameters$global_scale,
    accuracy = parameters$accuracy
  )
}
