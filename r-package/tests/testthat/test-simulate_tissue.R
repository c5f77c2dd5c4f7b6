test_that("a seed fixes the tissue, whose layers follow depth", {
  tissue <- simulate_tissue(300, 60, seed = 1)
  expect_s4_class(tissue$counts, "dgCMatrix")
  expect_equal(dim(tissue$counts), c(300, 60))
  expect_identical(simulate_tissue(300, 60, seed = 1), tissue)
  expect_false(identical(simulate_tissue(300, 60, seed = 2), tissue))
  expect_gt(cor(tissue$pixels$y, as.integer(tissue$labels)), 0.9)
  marks <- which(seq_len(60) %% 7 + 1 == 4 & rep_len(1:3, 60) == 1)
  mean_of <- function(rows) sum(tissue$counts[rows, marks]) / sum(tissue$counts[rows, ])
  expect_gt(mean_of(tissue$labels == "L4") / mean_of(tissue$labels != "L4"), 1.5)
})

test_that("sizes too small are refused", {
  expect_error(simulate_tissue(9), "expected n_spots of 10 or more, found 9")
  expect_error(simulate_tissue(10, 49), "expected n_genes of 50 or more, found 49")
})

test_that("space shows in the map", {
  tissue <- simulate_tissue(400, 100)
  data <- preprocess_counts(tissue$counts, 20)
  r2 <- function(beta) {
    Y <- run_spasne(data, tissue$pixels, beta = beta, perplexity = 30, randseed = 1, use_pca = FALSE, n_jobs = 2)
    score_embedding(Y, data, tissue$pixels)[["r2"]]
  }
  expect_gt(r2(4), r2(0) + 0.2)
})
