set.seed(1)
counts <- matrix(as.numeric(rpois(30 * 20, 3)), 30)

test_that("components are those of prcomp", {
  logged <- log1p(counts / rowSums(counts) * median(rowSums(counts)))
  wanted <- prcomp(logged)
  signs <- apply(wanted$rotation, 2, function(loading) sign(loading[which.max(abs(loading))]))
  expect_equal(preprocess_counts(counts, 5), sweep(unname(wanted$x[, 1:5]), 2, signs[1:5], "*"))
  expect_equal(preprocess_counts(Matrix::Matrix(counts, sparse = TRUE), 5), preprocess_counts(counts, 5))
  expect_equal(preprocess_counts(counts, NULL), logged)
  expect_equal(dim(preprocess_counts(counts)), c(30, 20))
})

test_that("more columns than rows give the same components", {
  wide <- counts[1:12, ]
  logged <- preprocess_counts(wide, NULL)
  expect_equal(abs(pca(logged, 4)), abs(unname(prcomp(logged)$x[, 1:4])))
})

test_that("irlba finds the same components", {
  skip_if_not_installed("irlba")
  wanted <- pca(preprocess_counts(counts, NULL), 3)
  found <- pca(preprocess_counts(Matrix::Matrix(counts, sparse = TRUE), NULL), 3, largest_full_side = 15)
  expect_equal(found, wanted, tolerance = 1e-6)
})

test_that("rows kept take the median of all", {
  kept <- c(3, 7, 20)
  expect_equal(preprocess_counts(counts, NULL, keep = kept), preprocess_counts(counts, NULL)[kept, ])
})

test_that("what is no count is refused", {
  expect_error(preprocess_counts(-counts), "expected counts of 0 or more, found -")
  counts[4, ] <- 0
  expect_error(preprocess_counts(counts), "found 1 rows without any")
})
