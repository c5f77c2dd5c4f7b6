# Neighbour graphs that the caller brings.

# The graph passed as `neighbors`, checked: index (spots x k), from 0, and distance (spots x k). A point's entry
# for itself is dropped; where rows differ in length, the nearest are taken, as many as the shortest row has.
given_graph <- function(neighbors, n_points, perplexity) {
  entries <- if (is_sparse(neighbors)) entries_of_matrix(neighbors, n_points) else entries_of_lists(neighbors, n_points)
  check_distances(entries$distance)
  entries <- entries[entries$row != entries$index, ]
  least <- min(tabulate(entries$row, n_points))
  if (least < perplexity) {
    fail(
      "expected at least perplexity = ", perplexity, " neighbors of each point, found a point with ", least,
      "; use more neighbors or a lower perplexity"
    )
  }
  if (anyDuplicated(entries[c("row", "index")]) > 0) {
    where <- entries$row[anyDuplicated(entries[c("row", "index")])]
    fail("expected different neighbors of each point, found one twice in row ", where)
  }
  entries <- entries[order(entries$row, entries$distance), ]
  rank <- stats::ave(entries$row, entries$row, FUN = seq_along)
  kept <- entries[rank <= least, ]
  by_rows <- function(values) matrix(values, n_points, least, byrow = TRUE)
  list(index = by_rows(as.integer(kept$index - 1)), distance = by_rows(kept$distance))
}

entries_of_matrix <- function(neighbors, n_points) {
  if (any(dim(neighbors) != n_points)) {
    fail(
      "expected neighbors as a sparse matrix of ", n_points, " x ", n_points, ", found ", nrow(neighbors), " x ",
      ncol(neighbors)
    )
  }
  triplets <- methods::as(methods::as(methods::as(neighbors, "generalMatrix"), "TsparseMatrix"), "dMatrix")
  data.frame(row = triplets@i + 1, index = triplets@j + 1, distance = triplets@x)
}

entries_of_lists <- function(neighbors, n_points) {
  wanted <- "neighbors as list(index, distance) of matrices (n, k) or as a sparse matrix of distances"
  if (!is.list(neighbors) || length(neighbors) != 2) fail("expected ", wanted, ", found ", shown(neighbors))
  index <- neighbors[[1]]
  distance <- neighbors[[2]]
  if (!is.matrix(index) || !is.numeric(index) || !is.matrix(distance) || !is.numeric(distance)) {
    fail("expected ", wanted, ", found ", class(index)[1], " and ", class(distance)[1])
  }
  if (!identical(dim(index), dim(distance)) || nrow(index) != n_points || length(index) == 0) {
    shape <- function(X) paste(dim(X), collapse = " x ")
    fail("expected ", wanted, ", ", n_points, " rows as in data, found ", shape(index), " and ", shape(distance))
  }
  if (anyNA(index) || min(index) < 1 || max(index) > n_points || any(index != trunc(index))) {
    fail("expected indices of neighbors between 1 and ", n_points, ", found ", min(index), " to ", max(index))
  }
  data.frame(row = c(row(index)), index = c(index), distance = c(distance))
}

check_distances <- function(distance) {
  largest <- 3.4e38 # the files hold them as float32
  if (length(distance) > 0 && (anyNA(distance) || min(distance) < 0 || max(distance) > largest)) {
    fail("expected distances of neighbors between 0 and 3.4e+38, found ", min(distance), " to ", max(distance))
  }
}
