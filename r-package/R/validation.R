# What users pass: checked parameters, and matrices of any kind as finite numbers.

METHODS <- c("auto", "exact", "barnes_hut", "interpolation")
STARTS <- c("random", "pca", "spatial", "joint", "best")
JOINT <- "^joint(\\*[0-9]+(\\.[0-9]*)?)?$" # with space at a multiple of its weight
SEARCHES <- c("auto", "exact", "approximate") # for neighbours
DESCENTS <- c("published", "fast")
MOST_THREADS <- 4096
INT32_MAX <- 2147483647 # the files hold counts and seeds as int32
# As in the executable.
LARGEST_VALUE <- 5e307
LARGEST_POSITION <- 1e140
LARGEST_START <- 1e100
LARGEST_SCALE <- 1e100

fail <- function(...) stop(..., call. = FALSE)

# A value as a message shows it, short whatever it is.
shown <- function(value) {
  text <- deparse(value, width.cutoff = 60L, nlines = 1L)
  if (is.character(value) && length(value) == 1) paste0("'", value, "'") else text
}

# Everything that can be judged without the data.
check_parameters <- function(parameters) {
  p <- parameters
  for (name in c("alpha", "beta", "theta")) check_number(name, p[[name]], allow_zero = TRUE)
  if (!isTRUE(p$use_pca) && !isFALSE(p$use_pca)) fail("expected use_pca to be TRUE or FALSE, found ", shown(p$use_pca))
  for (name in c("exaggeration", "perplexity", "global_scale")) check_number(name, p[[name]])
  if (p$global_scale < 1 / LARGEST_SCALE || p$global_scale > LARGEST_SCALE) {
    fail("expected global_scale between 1e-100 and 1e+100, found ", shown(p$global_scale))
  }
  least <- c(no_dims = 1, max_iter = 0, initial_dims = 0, randseed = -Inf, callback_every = 1)
  for (name in names(least)) check_integer(name, p[[name]], least[[name]])
  if (p$no_dims > 3) fail("expected no_dims 1, 2 or 3, found ", p$no_dims)
  check_n_jobs(p$n_jobs)
  check_choice("method", p$method, METHODS)
  if (p$method == "barnes_hut" && p$theta == 0) fail("expected theta above 0 for method barnes_hut, found 0")
  check_number_or_choice("learning_rate", p$learning_rate, "auto", "a positive number or NULL")
  check_number_or_choice("pixel_scale", p$pixel_scale, c("raw", "unit"), "a positive number")
  if (is.null(p$pixel_scale)) check_number("pixel_scale", NULL)
  check_init(p$init)
  if (!is.null(p$descent)) check_descent(p)
  if (!is.null(p$max_step)) check_number("max_step", p$max_step, allow_infinity = TRUE)
  check_accuracy(p$accuracy)
  if (!is.null(p$callback) && !is.function(p$callback)) {
    fail("expected callback to be a function or NULL, found ", shown(p$callback))
  }
  if (is.character(p$neighbors)) check_choice("neighbors", p$neighbors, SEARCHES)
  if (implies_interpolation(p$neighbors) && !p$method %in% c("auto", "interpolation")) {
    fail(
      "expected method 'auto' or 'interpolation' with neighbors, found '", p$method, "', which uses all pairs"
    )
  }
}

# Whether `neighbors` are such as only method interpolation takes: a graph, or those of an approximate search.
implies_interpolation <- function(neighbors) {
  !is.null(neighbors) && (!is.character(neighbors) || identical(neighbors, "approximate"))
}

check_init <- function(init) {
  if (!is.character(init) || is.matrix(init)) return() # judged with the data
  if (length(init) != 1 || !(init %in% STARTS || grepl(JOINT, init))) {
    fail(
      "expected init to be one of ", paste0("'", STARTS, "'", collapse = ", "),
      ", 'joint*F' with a number F, or a matrix (n, no_dims), found ", shown(init)
    )
  }
}

is_start_of_executable <- function(init) is.character(init) && (identical(init, "best") || grepl(JOINT, init))

check_descent <- function(p) {
  check_choice("descent", p$descent, DESCENTS)
  if (p$descent != "fast") return()
  if (p$method == "barnes_hut") {
    fail(
      "expected descent = 'published' with method = 'barnes_hut', whose gradient is not quite that of the cost, ",
      "found 'fast'; method = 'exact' or 'interpolation' takes it"
    )
  }
  for (name in c("learning_rate", "max_step")) {
    if (!is.null(p[[name]])) {
      fail("expected no ", name, " with descent = 'fast', whose steps it does not rule, found one")
    }
  }
}

check_accuracy <- function(accuracy) {
  if (is.null(accuracy)) return()
  check_number("accuracy", accuracy)
  if (accuracy >= 1) fail("expected accuracy below 1, found ", shown(accuracy))
}

check_perplexity <- function(perplexity, n_points) {
  if (n_points - 1 < 3 * perplexity) {
    fail(
      "expected perplexity at most (n - 1) / 3 = ", signif((n_points - 1) / 3, 6), " for ", n_points,
      " points, found ", signif(perplexity, 6), "; use a lower perplexity or more points"
    )
  }
}

is_scalar_number <- function(value) is.numeric(value) && length(value) == 1 && !is.na(value)

check_number <- function(name, value, allow_zero = FALSE, allow_infinity = FALSE) {
  wanted <- if (allow_zero) "a number of 0 or more" else "a number above 0"
  good <- is_scalar_number(value) && (value > 0 || allow_zero && value == 0) && (is.finite(value) || allow_infinity)
  if (!good) fail("expected ", name, " to be ", wanted, ", found ", shown(value))
}

check_integer <- function(name, value, least) {
  wanted <- if (least == -Inf) "an integer" else paste("an integer of", least, "or more")
  good <- is_scalar_number(value) && value == trunc(value) && value >= least && value <= INT32_MAX
  if (!good) fail("expected ", name, " to be ", wanted, ", at most ", INT32_MAX, ", found ", shown(value))
}

check_choice <- function(name, value, choices, otherwise = NULL) {
  if (!is.character(value) || length(value) != 1 || !value %in% choices) {
    allowed <- paste0(paste0("'", choices, "'", collapse = ", "), if (!is.null(otherwise)) paste(" or", otherwise))
    fail("expected ", name, " to be ", allowed, ", found ", shown(value))
  }
}

check_number_or_choice <- function(name, value, choices, otherwise) {
  if (is.character(value)) check_choice(name, value, choices, otherwise)
  else if (!is.null(value)) check_number(name, value)
}

check_n_jobs <- function(n_jobs) {
  if (is.null(n_jobs)) return()
  good <- is_scalar_number(n_jobs) && n_jobs == trunc(n_jobs) && (n_jobs == -1 || n_jobs >= 1 && n_jobs <= MOST_THREADS)
  if (!good) {
    fail(
      "expected n_jobs to be NULL, -1 (both: all cores) or 1 to ", MOST_THREADS, " threads, found ", shown(n_jobs)
    )
  }
}

# `data` as a matrix of numbers, dense or CsparseMatrix; it must be finite and must vary.
check_data <- function(data) {
  X <- as_numbers(data, "data")
  check_size(X, LARGEST_VALUE, "data")
  if (all(column_ranges(X) == 0)) {
    fail("expected data with at least one column that varies, found every column constant")
  }
  X
}

column_ranges <- function(X) {
  if (!is_sparse(X)) return(apply(X, 2, max) - apply(X, 2, min))
  vapply(seq_len(ncol(X)), function(j) {
    values <- X@x[seq(X@p[j] + 1, length.out = X@p[j + 1] - X@p[j])]
    if (length(values) < nrow(X)) values <- c(values, 0)
    max(values) - min(values)
  }, numeric(1))
}

# Sums, or sums of squares, must not overflow.
check_size <- function(X, largest, name) {
  found <- max(abs(numbers_of(X)), 0)
  if (found > largest) fail("expected numbers of at most ", largest, " in ", name, ", found ", signif(found, 6))
}

is_sparse <- function(X) methods::is(X, "sparseMatrix")

numbers_of <- function(X) if (is_sparse(X)) X@x else as.vector(X)

# `data` as a finite matrix of doubles with at least one row and column, CsparseMatrix where it came sparse.
as_numbers <- function(data, name, allow_sparse = TRUE) {
  if (is_sparse(data) && !allow_sparse) fail("expected ", name, " to be dense, found a sparse matrix; use as.matrix()")
  X <- if (methods::is(data, "Matrix")) numbers_of_Matrix(data) else numbers_of_base(data, name)
  if (any(dim(X) == 0)) {
    fail("expected ", name, " with at least one row and one column, found ", nrow(X), " x ", ncol(X))
  }
  n_bad <- sum(!is.finite(numbers_of(X)))
  if (n_bad > 0) fail("expected finite numbers in ", name, ", found ", n_bad, " that are missing (NA) or infinite")
  X
}

numbers_of_Matrix <- function(data) {
  if (!is_sparse(data)) return(as.matrix(data))
  methods::as(methods::as(methods::as(data, "generalMatrix"), "CsparseMatrix"), "dMatrix")
}

numbers_of_base <- function(data, name) {
  if (is.data.frame(data)) {
    for (column in names(data)) {
      if (!is.numeric(data[[column]]) && !is.logical(data[[column]])) {
        fail(
          "expected numbers in every column of ", name, ", found column '", column, "' of type ",
          class(data[[column]])[1]
        )
      }
    }
    data <- as.matrix(data)
  }
  if (!is.matrix(data)) {
    fail("expected ", name, " with rows and columns, found ", class(data)[1], "; one column is as.matrix(", name, ")")
  }
  if (!is.numeric(data) && !is.logical(data)) fail("expected real numbers in ", name, ", found type ", typeof(data))
  storage.mode(data) <- "double"
  data
}

# `other` must have the rows of `data`: as many and, where both have row names, the same.
check_rows_match <- function(data, other, name) {
  n_other <- if (is.null(dim(other))) length(other) else nrow(other)
  if (nrow(data) != n_other) {
    fail("expected ", nrow(data), " rows in ", name, ", as in data, found ", n_other)
  }
  check_order(data, other, name)
  mine <- explicit_row_names(data)
  theirs <- explicit_row_names(other)
  if (is.null(mine) || is.null(theirs) || identical(mine, theirs)) return()
  where <- which(mine != theirs)[1]
  fail(
    "expected ", name, " to have the row names of data, found '", theirs[where], "' in place of '", mine[where],
    "' in row ", where, "; if the rows do belong together, remove the names of one"
  )
}

# The rows of `other`, or the values of a named vector, must not be those of `data` in another order.
check_order <- function(data, other, name, of = "data") {
  mine <- explicit_row_names(data)
  theirs <- explicit_row_names(other)
  if (is.null(mine) || length(mine) != length(theirs) || identical(mine, theirs)) return()
  if (!all(mine %in% theirs)) return()
  found <- if (is.null(dim(other))) "names" else "row names"
  rows <- if (is.null(dim(other))) "]" else ", ]"
  fail(
    "expected ", name, " in the row order of ", of, ", found the same ", found, " in another order; use ", name,
    "[rownames(", of, ")", rows
  )
}

# NULL for a data frame whose rows are merely numbered; of a vector its names.
explicit_row_names <- function(X) {
  if (is.null(dim(X))) return(names(X))
  if (is.data.frame(X) && .row_names_info(X) < 0) return(NULL)
  rownames(X)
}
