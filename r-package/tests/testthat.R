library(testthat)
library(spasne)

test_check("spasne")
