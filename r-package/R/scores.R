# How well a map keeps expression, space and known labels.

EXACT_UP_TO <- 5000 # points; above, scores are estimated
SAMPLED_PAIRS <- 1e6
SAMPLED_POINTS <- 2000
BATCHES <- 20 # parts of a sample of pairs, whose spread gives the standard error
DISTANCES_AT_ONCE <- 1e6

#' Scores of a map
#'
#' `r1` is the Pearson correlation of all pairwise distances in the map with those in `data`, `r2` with those in
#' `pixels`, and `s` the mean silhouette of the map under `labels`. Above 5,000 points they are estimated from a
#' sample, which is the same in each call.
#'
#' @param Y The map (spots x dimensions).
#' @param data What [run_spasne()] was given (spots x columns).
#' @param pixels Positions in the tissue (spots x 2 or 3). `NULL`: no r2.
#' @param labels Known class of each spot, none missing. `NULL`: no s.
#'
#' @return A named numeric vector; a score that was estimated is followed by its standard error, `r1_se` and so
#'   on.
#' @references Rousseeuw: Silhouettes. J. Comput. Appl. Math. 20 (1987) 53-65.
#' @examples
#' tissue <- simulate_tissue(n_spots = 100, n_genes = 60)
#' data <- preprocess_counts(tissue$counts, n_components = 10)
#' score_embedding(data[, 1:2], data, tissue$pixels, tissue$labels)
#' @export
score_embedding <- function(Y, data, pixels = NULL, labels = NULL) {
  check_order(Y, data, "data", "Y")
  check_order(data, pixels, "pixels")
  check_order(data, labels, "labels")
  Y <- as_points(Y, "Y")
  X <- as_points(data, "data", nrow(Y))
  scores <- list(r1 = correlation_of_distances(X, Y))
  if (!is.null(pixels)) scores$r2 <- correlation_of_distances(as_points(pixels, "pixels", nrow(Y)), Y)
  if (!is.null(labels)) scores$s <- silhouette(Y, labels)
  unlist(unname(Map(named_score, names(scores), scores)))
}

# The value under its name; with its standard error where it has one.
named_score <- function(name, value_and_error) {
  names(value_and_error) <- c(name, paste0(name, "_se"))
  if (value_and_error[2] == 0) value_and_error[1] else value_and_error
}

as_points <- function(X, name, n = NULL) {
  X <- as_numbers(X, name)
  if (nrow(X) < 3) fail("expected at least 3 spots in ", name, ", found ", nrow(X))
  if (!is.null(n) && nrow(X) != n) fail("expected ", n, " rows in ", name, ", one per spot, found ", nrow(X))
  if (is_sparse(X)) X else sweep(unname(X), 2, colMeans(X))
}

# Value and standard error (0: all pairs were used).
correlation_of_distances <- function(X, Y) {
  if (nrow(Y) <= EXACT_UP_TO) {
    X <- if (is_sparse(X)) as.matrix(X) else X
    return(c(suppressWarnings(stats::cor(c(stats::dist(X)), c(stats::dist(Y)))), 0))
  }
  pairs <- with_seed(function() sampled_pairs(nrow(Y)))
  a <- distances_of_pairs(X, pairs)
  b <- distances_of_pairs(Y, pairs)
  batch <- rep_len(seq_len(BATCHES), length(a))
  parts <- vapply(split(seq_along(a), batch), function(part) stats::cor(a[part], b[part]), numeric(1))
  c(stats::cor(a, b), stats::sd(parts) / sqrt(BATCHES))
}

# Pairs i != j drawn evenly with replacement, (pairs x 2).
sampled_pairs <- function(n) {
  i <- sample.int(n, SAMPLED_PAIRS, replace = TRUE)
  cbind(i, (i + sample.int(n - 1, SAMPLED_PAIRS, replace = TRUE) - 1) %% n + 1)
}

distances_of_pairs <- function(X, pairs) {
  step <- max(1, DISTANCES_AT_ONCE %/% ncol(X))
  starts <- seq(1, nrow(pairs), by = step)
  unlist(lapply(starts, function(start) {
    part <- start:min(start + step - 1, nrow(pairs))
    sqrt(Matrix::rowSums((X[pairs[part, 1], , drop = FALSE] - X[pairs[part, 2], , drop = FALSE])^2))
  }))
}

# What `draw` returns with a fixed seed; the caller's own stream of random numbers stays where it is.
with_seed <- function(draw) {
  old <- get0(".Random.seed", globalenv(), inherits = FALSE)
  on.exit(if (is.null(old)) rm(".Random.seed", envir = globalenv()) else assign(".Random.seed", old, globalenv()))
  set.seed(0)
  draw()
}

# Mean silhouette and its standard error. Point i has (b - a) / max(a, b): a is its mean distance to the others of
# its class, b the smallest mean distance to another class. A point alone in its class has 0.
silhouette <- function(Y, labels) {
  n <- nrow(Y)
  if (length(labels) != n) fail("expected ", n, " labels, one per spot, found ", length(labels))
  if (anyNA(labels)) fail("expected labels for every spot, found ", sum(is.na(labels)), " missing")
  codes <- match(labels, unique(labels))
  if (max(codes) < 2 || max(codes) == n) {
    fail("expected between 2 and ", n - 1, " classes in labels, found ", max(codes))
  }
  rows <- if (n <= EXACT_UP_TO) seq_len(n) else with_seed(function() sort(sample.int(n, SAMPLED_POINTS)))
  step <- max(1, DISTANCES_AT_ONCE %/% n)
  starts <- seq(1, length(rows), by = step)
  values <- unlist(lapply(starts, function(start) {
    silhouette_values(Y, codes, rows[start:min(start + step - 1, length(rows))])
  }))
  m <- length(rows)
  c(mean(values), if (m < n) stats::sd(values) * sqrt((1 - m / n) / m) else 0)
}

silhouette_values <- function(Y, codes, rows) {
  squared <- 0
  for (axis in seq_len(ncol(Y))) squared <- squared + outer(Y[rows, axis], Y[, axis], "-")^2
  total <- t(rowsum(t(sqrt(squared)), codes)) # (rows x classes), classes in the order of their codes
  size <- tabulate(codes)
  own <- cbind(seq_along(rows), codes[rows])
  a <- total[own] / pmax(size[codes[rows]] - 1, 1)
  others <- sweep(total, 2, size, "/")
  others[own] <- Inf
  b <- apply(others, 1, min)
  ifelse(size[codes[rows]] > 1 & pmax(a, b) > 0, (b - a) / pmax(a, b), 0)
}
