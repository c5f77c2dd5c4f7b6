case <- small_case()

drawn <- function(...) {
  file <- tempfile(fileext = ".svg")
  pdf(file)
  on.exit({
    dev.off()
    unlink(file)
  })
  plot_maps(...)
}

test_that("classes and numbers are drawn, missing ones too", {
  maps <- list(SpaSNE = case$data)
  expect_silent(drawn(maps, rep(c("a", NA), 30), case$pixels, scores = list(SpaSNE = c(r1 = 0.5, r2 = -0.001))))
  expect_silent(drawn(case$data, c(NA, rnorm(59))))
  expect_silent(drawn(maps, paste(rep(1:30, 2)), case$pixels))
})

test_that("classes keep the order of a factor, and high numbers lie on top", {
  looks <- class_looks(factor(c("b", "a", NA), c("b", "a", "c")))
  expect_identical(looks$colour, c(PALETTE[1:2], MISSING_COLOUR))
  expect_identical(looks$order[1], 3L)
  values <- c(2.5, NA, 0.5, 1.5)
  expect_identical(value_looks(values)$order, c(2L, 3L, 4L, 1L))
  expect_identical(score_text(c(r1 = 0.661, r2 = -0.001)), "r1 = 0.66, r2 = 0.00")
})

test_that("numbers of rows that differ are refused", {
  expect_error(drawn(case$data, 1:59), "expected 59 rows in maps, one per colour, found 60")
  expect_error(drawn(case$data[, 1, drop = FALSE], 1:60), "expected maps with at least 2 columns, found 1")
})
