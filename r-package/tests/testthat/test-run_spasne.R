case <- small_case()

test_that("a map has a row for each spot, and its name", {
  data <- case$data
  rownames(data) <- paste0("spot", 1:60)
  Y <- small_map(data, case$pixels)
  expect_equal(dim(Y), c(60, 2))
  expect_identical(rownames(Y), rownames(data))
  expect_true(all(is.finite(Y)))
})

test_that("matrices, sparse matrices and data frames give the same map", {
  data <- case$data
  data[data < 0] <- 0
  wanted <- small_map(data, case$pixels)
  expect_identical(small_map(as.data.frame(data), as.data.frame(case$pixels)), wanted)
  # Few iterations: rounding grows in the course of a run.
  expect_equal(
    small_map(Matrix::Matrix(data, sparse = TRUE), case$pixels, max_iter = 5),
    small_map(data, case$pixels, max_iter = 5),
    tolerance = 1e-8
  )
  dense <- small_map(data, case$pixels, use_pca = FALSE)
  expect_identical(small_map(Matrix::Matrix(data, sparse = TRUE), case$pixels, use_pca = FALSE), dense)
})

test_that("a seed fixes the map and leaves R's own stream alone", {
  set.seed(1)
  before <- .Random.seed
  first <- small_map(case$data, case$pixels)
  expect_identical(.Random.seed, before)
  expect_identical(small_map(case$data, case$pixels, n_jobs = 1), first)
  expect_false(identical(small_map(case$data, case$pixels, randseed = 6), first))
})

test_that("without pixels there is no spatial term", {
  expect_identical(small_map(case$data, beta = 2), small_map(case$data, beta = 0))
})

test_that("no iteration returns the start", {
  start <- matrix(rnorm(120), 60)
  expect_equal(unname(small_map(case$data, case$pixels, init = start, max_iter = 0, descent = "published")), start)
  spatial <- small_map(case$data, case$pixels, init = "spatial", max_iter = 0, descent = "published")
  expect_equal(abs(diag(cor(spatial, case$pixels))), c(1, 1))
  expect_equal(max(sqrt(colMeans(spatial^2))), 1e-4)
  by_pca <- small_map(case$data, case$pixels, init = "pca", max_iter = 0)
  expect_equal(abs(diag(cor(by_pca, prcomp(case$data)$x[, 1:2]))), c(1, 1))
})

test_that("other starts are made by the executable and go fast", {
  cost <- function(...) {
    last <- NULL
    see <- function(iteration, cost, Y) last <<- cost
    small_map(case$data, case$pixels, ..., max_iter = 1000, callback = see, callback_every = 1)
    last
  }
  published <- cost()
  for (init in c("joint", "joint*0.5", "best")) expect_lt(cost(init = init), published + 0.02)
  expect_lte(cost(init = "best"), cost(init = "joint") + 1e-6)
  fast <- small_map(case$data, case$pixels, init = "spatial")
  expect_identical(small_map(case$data, case$pixels, init = "spatial", descent = "fast"), fast)
  expect_false(identical(small_map(case$data, case$pixels, init = "spatial", max_step = Inf), fast))
})

test_that("the unit of pixels is irrelevant where asked for", {
  first_steps <- function(pixels, pixel_scale) small_map(case$data, pixels, pixel_scale = pixel_scale, max_iter = 5)
  small <- case$pixels / 1000
  expect_equal(first_steps(small, "unit"), first_steps(case$pixels, "unit"), tolerance = 1e-8)
  expect_equal(first_steps(small, 1000), first_steps(case$pixels, "raw"), tolerance = 1e-8)
  expect_warning(small_map(case$data, case$pixels / 1000), "the spatial term nearly vanishes")
})

test_that("sections may lie anywhere", {
  sections <- rep(c("a", "b"), 30)
  shifted <- case$pixels + 1e5 * (sections == "b")
  spatial_start <- function(pixels) small_map(case$data, pixels, sections = sections, init = "spatial", max_iter = 0)
  expect_equal(spatial_start(shifted), spatial_start(case$pixels), tolerance = 1e-8)
  wanted <- small_map(case$data, case$pixels, sections = sections, max_iter = 5)
  expect_equal(small_map(case$data, shifted, sections = sections, max_iter = 5), wanted, tolerance = 1e-8)
  expect_gt(max(abs(small_map(case$data, case$pixels, max_iter = 5) - wanted)), 1e-6 * max(abs(wanted)))
})

test_that("a graph of one's own takes the place of the search", {
  distance <- as.matrix(dist(case$data))
  index <- t(apply(distance, 1, order))[, 2:31]
  graph <- list(index = index, distance = matrix(distance[cbind(c(row(index)), c(index))], 60))
  first_steps <- function(...) small_map(case$data, case$pixels, ..., use_pca = FALSE, max_iter = 5)
  expect_equal(first_steps(neighbors = graph), first_steps(method = "interpolation"), tolerance = 1e-5)
  with_itself <- list(cbind(1:60, index), cbind(0, graph$distance))
  expect_identical(first_steps(neighbors = with_itself), first_steps(neighbors = graph))
  kept <- distance * 0
  kept[cbind(c(row(index)), c(index))] <- graph$distance
  sparse <- Matrix::Matrix(kept, sparse = TRUE)
  expect_identical(
    small_map(case$data, case$pixels, use_pca = FALSE, neighbors = sparse),
    small_map(case$data, case$pixels, use_pca = FALSE, neighbors = graph)
  )
  expect_error(small_map(case$data, neighbors = list(index[, 1:5], graph$distance[, 1:5])), "found a point with 5")
  expect_error(small_map(case$data, neighbors = "nearly"), "expected neighbors to be 'auto', 'exact', 'approximate'")
  exact <- first_steps(method = "interpolation", neighbors = "exact")
  expect_identical(first_steps(neighbors = "approximate"), exact) # so few points take the exact search
  expect_identical(first_steps(method = "interpolation", neighbors = NULL), exact)
  graph$index[3, 2] <- graph$index[3, 1]
  expect_error(small_map(case$data, neighbors = graph), "found one twice in row 3")
})

test_that("a callback sees the run and may stop it", {
  seen <- list()
  Y <- small_map(case$data, case$pixels, max_iter = 300, callback_every = 25, callback = function(iteration, cost, Y) {
    seen[[length(seen) + 1]] <<- list(iteration = iteration, cost = cost, Y = Y)
    iteration == 75
  })
  expect_identical(vapply(seen, `[[`, numeric(1), "iteration"), c(25, 50, 75))
  expect_identical(unname(Y), seen[[3]]$Y)
  expect_true(all(is.finite(vapply(seen, `[[`, numeric(1), "cost"))))
  expect_error(small_map(case$data, callback = function(...) stop("enough")), "enough")
})

test_that("progress comes with the time left, and silence is kept", {
  said <- capture.output(small_map(case$data, case$pixels, max_iter = 200, verbose = TRUE))
  expect_match(said, "^Iteration 50: error is .* left$", all = FALSE)
  expect_silent(small_map(case$data, case$pixels))
  expect_identical(
    with_time_left("Iteration 49: error is 2.5 (50 iterations in 2.00 seconds)", 1050),
    "Iteration 49: error is 2.5 (50 iterations in 2.00 seconds), at most 40 s left"
  )
})
