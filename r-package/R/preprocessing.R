# From counts to principal components.

LARGEST_FULL_SIDE <- 3000 # of the smaller Gram matrix, up to which it is decomposed in full

#' Counts to principal components
#'
#' Scales each row to the median library size, takes log(1 + x) and reduces to principal components: the steps
#' before SpaSNE in the paper.
#'
#' @param counts Matrix, sparse matrix of package Matrix or data frame (spots x genes) of counts of 0 or more.
#'   Rows are spots.
#' @param n_components Components wanted; at most min(spots, genes) are returned. `NULL`: no PCA.
#' @param keep Rows to go on with after normalisation, as a logical vector or row numbers: all rows give the
#'   median, those kept alone the components. `NULL`: all rows.
#'
#' @return A matrix (rows kept x components); without PCA (rows kept x genes), sparse where the counts are.
#' @examples
#' tissue <- simulate_tissue(n_spots = 100, n_genes = 60)
#' dim(preprocess_counts(tissue$counts, n_components = 10))
#' @export
preprocess_counts <- function(counts, n_components = 200, keep = NULL) {
  X <- as_numbers(counts, "counts")
  rownames(X) <- explicit_row_names(counts)
  if (min(numbers_of(X), 0) < 0) fail("expected counts of 0 or more, found ", min(numbers_of(X)))
  totals <- Matrix::rowSums(X)
  median <- stats::median(totals[totals > 0])
  if (!is.null(keep)) {
    X <- X[keep, , drop = FALSE]
    totals <- Matrix::rowSums(X)
  }
  if (any(totals == 0)) {
    fail(
      "expected at least one count in each row, found ", sum(totals == 0), " rows without any; drop them from ",
      "counts and positions alike"
    )
  }
  logged <- log1p(X * (median / totals))
  if (is.null(n_components)) return(logged)
  scores <- pca(logged, n_components)
  rownames(scores) <- rownames(X)
  scores
}

# Coordinates of the rows of X on its leading principal components, (rows x min(n_components, dim(X))).
#
# The eigenvectors come from the smaller of X'X and XX' (centred); above LARGEST_FULL_SIDE by package irlba where
# it is installed. In each component the loading of largest magnitude is positive, as in Python.
pca <- function(X, n_components, largest_full_side = LARGEST_FULL_SIDE) {
  n_components <- min(n_components, dim(X))
  centre <- Matrix::colMeans(X)
  if (!is_sparse(X)) { # a difference of sums of squares would lose digits; sparse data are centred in products
    X <- sweep(X, 2, centre)
    centre <- 0 * centre
  }
  side <- min(dim(X))
  if (side > largest_full_side && n_components < side / 4 && requireNamespace("irlba", quietly = TRUE)) {
    found <- irlba::irlba(X, n_components, center = centre, tol = 1e-10, maxit = 10000)
    parts <- list(scores = found$u %*% diag(found$d, n_components), loadings = found$v)
  } else {
    parts <- full_pca(X, centre, n_components)
  }
  if (!all(is.finite(parts$scores))) {
    fail("expected data whose squares can be summed, found values so large that they overflow")
  }
  largest <- parts$loadings[cbind(max.col(t(abs(parts$loadings)), "first"), seq_len(n_components))]
  unname(sweep(as.matrix(parts$scores), 2, ifelse(largest < 0, -1, 1), "*"))
}

full_pca <- function(X, centre, n_components) {
  wanted <- seq_len(n_components)
  if (ncol(X) <= nrow(X)) {
    gram <- as.matrix(Matrix::crossprod(X)) - nrow(X) * tcrossprod(centre)
    check_finite_gram(gram)
    loadings <- eigen(gram, symmetric = TRUE)$vectors[, wanted, drop = FALSE]
    return(list(scores = sweep(as.matrix(X %*% loadings), 2, c(centre %*% loadings)), loadings = loadings))
  }
  centred <- sweep(as.matrix(X), 2, centre)
  gram <- tcrossprod(centred)
  check_finite_gram(gram)
  directions <- eigen(gram, symmetric = TRUE)$vectors[, wanted, drop = FALSE]
  loadings <- crossprod(centred, directions)
  # The length of X'u is the singular value; a square root of the eigenvalue would lose half its digits.
  list(scores = sweep(directions, 2, sqrt(colSums(loadings^2)), "*"), loadings = loadings)
}

check_finite_gram <- function(gram) {
  if (!all(is.finite(gram))) {
    fail("expected data whose squares can be summed, found values so large that they overflow")
  }
}
