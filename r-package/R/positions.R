# Positions in the tissue, sections, and starts made of them.

SMALL_SQUARED_DISTANCE <- 100 # below, the "1 +" in 1 + |si - sj|^2 flattens the spatial term
START_SPREAD <- 1e-4 # standard deviation of the published random start

# The section of each row as a code 0 .. sections - 1; NULL: all in one.
section_codes <- function(sections, n_points) {
  if (is.null(sections)) return(NULL)
  if (!is.atomic(sections)) fail("expected sections with one label per row, found ", class(sections)[1])
  if (length(sections) != n_points) {
    fail("expected ", n_points, " rows in sections, as in data, found ", length(sections))
  }
  if (anyNA(sections)) fail("expected a section of every row, found ", sum(is.na(sections)), " missing")
  codes <- match(sections, unique(sections)) - 1L
  if (max(codes) > 0) codes
}

# S: positions as the executable gets them; unit_free: whether their unit is to be made irrelevant.
prepare_positions <- function(data, pixels, sections, parameters) {
  if (is.null(pixels)) return(list(S = matrix(0, nrow(data), 1), unit_free = FALSE)) # the file needs a column
  S <- as_numbers(pixels, "pixels", allow_sparse = FALSE)
  check_rows_match(data, pixels, "pixels")
  if (!is.null(sections)) {
    # What lies between sections means nothing.
    S <- S - rowsum(S, sections)[sections + 1, , drop = FALSE] / tabulate(sections + 1)[sections + 1]
    if (parameters$beta > 0 && max(sections) == nrow(S) - 1) {
      fail("expected sections of two rows or more, found one row in each; use beta = 0")
    }
  }
  S <- unname(S)
  spread <- mean_squared_distance(S, sections)
  if (identical(parameters$pixel_scale, "unit")) {
    if (spread == 0) {
      where <- if (is.null(sections)) "" else " within a section"
      fail("expected pixels that differ", where, " for pixel_scale = 'unit', found all rows the same")
    }
    return(list(S = scale(S, scale = FALSE)[, , drop = FALSE] / sqrt(spread), unit_free = TRUE))
  }
  factor <- if (identical(parameters$pixel_scale, "raw")) 1 else parameters$pixel_scale
  warn_of_small_positions(spread * factor^2, factor, parameters$beta)
  S <- S * factor
  check_size(S, LARGEST_POSITION, "pixels")
  list(S = S, unit_free = FALSE)
}

warn_of_small_positions <- function(spread, factor, beta) {
  if (beta == 0 || spread >= SMALL_SQUARED_DISTANCE) return()
  scaled <- if (factor == 1) "" else paste0(" with pixel_scale = ", signif(factor, 6))
  warning(
    "the mean squared distance between pixels is ", signif(spread, 3), scaled, ", below ", SMALL_SQUARED_DISTANCE,
    ": the spatial term nearly vanishes; use pixel_scale = 'unit', or a larger number that multiplies the pixels",
    call. = FALSE
  )
}

# Mean of |si - sj|^2 over all pairs i != j (within sections), 0 without pairs: in one section it is twice the
# summed variance of the columns.
mean_squared_distance <- function(S, sections) {
  groups <- if (is.null(sections)) list(seq_len(nrow(S))) else split(seq_len(nrow(S)), sections)
  groups <- groups[lengths(groups) > 1]
  if (length(groups) == 0) return(0)
  size <- as.numeric(lengths(groups))
  means <- vapply(groups, function(rows) 2 * sum(apply(S[rows, , drop = FALSE], 2, stats::var)), numeric(1))
  mean <- sum(means * size * (size - 1)) / sum(size * (size - 1))
  if (!is.finite(mean)) {
    fail("expected pixels whose squares can be summed, found values so large that they overflow")
  }
  mean
}

# The start (spots x no_dims) that `init` asks for, unless it is random or made by PCA.
given_start <- function(S, data_dim, has_pixels, parameters) {
  init <- parameters$init
  no_dims <- parameters$no_dims
  if (is_start_of_executable(init)) return(NULL)
  if (!is.character(init)) {
    start <- as_numbers(init, "init", allow_sparse = FALSE)
    if (!identical(as.numeric(dim(start)), as.numeric(c(data_dim[1], no_dims)))) {
      fail("expected init of ", data_dim[1], " x ", no_dims, ", found ", nrow(start), " x ", ncol(start))
    }
    check_size(start, LARGEST_START, "init")
    return(unname(start))
  }
  if (init == "pca") {
    n_kept <- if (parameters$use_pca) min(data_dim[2], components_wanted(parameters)) else data_dim[2]
    check_has_axes(n_kept, no_dims, "data")
  }
  if (init != "spatial") return(NULL)
  if (!has_pixels) fail("expected pixels for init = 'spatial', found none")
  check_has_axes(ncol(S), no_dims, "pixels")
  # As many columns as the map has stay as they are, so that a tissue keeps its orientation.
  spread_to_start(if (ncol(S) == no_dims) S else pca(S, no_dims))
}

check_has_axes <- function(n_axes, no_dims, name) {
  if (n_axes < no_dims) {
    fail("expected at least no_dims = ", no_dims, " columns in ", name, " for this init, found ", n_axes)
  }
}

# `axes` centred, the widest brought to the standard deviation of the published start.
spread_to_start <- function(axes) {
  centred <- sweep(axes, 2, colMeans(axes))
  widest <- sqrt(max(colMeans(centred^2)))
  if (widest == 0) fail("expected rows that differ for this init, found all rows the same")
  centred * (START_SPREAD / widest)
}
