case <- small_case()
labels <- rep(c("a", "b", "c"), each = 20)

test_that("scores are correlations of distances, and the silhouette", {
  Y <- case$data[, 1:2]
  scores <- score_embedding(Y, case$data, case$pixels, labels)
  expect_equal(scores[["r1"]], cor(c(dist(Y)), c(dist(case$data))))
  expect_equal(scores[["r2"]], cor(c(dist(Y)), c(dist(case$pixels))))
  expect_named(scores, c("r1", "r2", "s"))
  expect_named(score_embedding(Y, case$data), "r1")
})

# The definition, point by point.
slow_silhouette <- function(Y, labels) {
  distance <- as.matrix(dist(Y))
  mean(vapply(seq_along(labels), function(i) {
    mine <- setdiff(which(labels == labels[i]), i)
    if (length(mine) == 0) return(0)
    a <- mean(distance[i, mine])
    b <- min(vapply(setdiff(labels, labels[i]), function(other) mean(distance[i, labels == other]), numeric(1)))
    (b - a) / max(a, b)
  }, numeric(1)))
}

test_that("the silhouette is that of its definition", {
  uneven <- c("alone", sample(c("a", "b"), 59, TRUE))
  for (classes in list(labels, uneven)) {
    expect_equal(silhouette(case$data, classes)[1], slow_silhouette(case$data, classes))
  }
})

test_that("large maps are scored by a sample, with its error", {
  set.seed(4)
  Y <- matrix(rnorm(12000), 6000)
  X <- cbind(Y, matrix(rnorm(6000), 6000))
  before <- .Random.seed
  scores <- score_embedding(Y, X, labels = Y[, 1] > 0)
  expect_identical(.Random.seed, before)
  expect_named(scores, c("r1", "r1_se", "s", "s_se"))
  part <- 1:1500
  expect_lt(abs(scores[["r1"]] - cor(c(dist(Y[part, ])), c(dist(X[part, ])))), 0.02)
  expect_lt(abs(scores[["s"]] - silhouette(Y[part, ], Y[part, 1] > 0)[1]), 0.02)
  expect_identical(score_embedding(Y, X, labels = Y[, 1] > 0), scores)
})

test_that("what cannot be scored is refused", {
  Y <- case$data[, 1:2]
  expect_error(score_embedding(Y, case$data[-1, ]), "expected 60 rows in data, one per spot, found 59")
  expect_error(score_embedding(Y[1:2, ], case$data[1:2, ]), "expected at least 3 spots in Y, found 2")
  expect_error(score_embedding(Y, case$data, labels = labels[-1]), "expected 60 labels, one per spot, found 59")
  expect_error(score_embedding(Y, case$data, labels = c(NA, labels[-1])), "found 1 missing")
  expect_error(score_embedding(Y, case$data, labels = rep("a", 60)), "expected between 2 and 59 classes in labels, found 1")
})
