# 60 spots in 5 columns with positions, small enough for a map in a moment.
small_case <- function(n = 60) {
  set.seed(3)
  pixels <- matrix(runif(2 * n, 0, 1000), n)
  list(data = pixels %*% matrix(rnorm(10), 2) + matrix(rnorm(5 * n, sd = 100), n), pixels = pixels)
}

small_map <- function(data, pixels = NULL, ..., perplexity = 10, randseed = 5, max_iter = 40, n_jobs = 2) {
  run_spasne(
    data, pixels, ..., perplexity = perplexity, randseed = randseed, max_iter = max_iter, n_jobs = n_jobs
  )
}
