test_that("the executable is installed and of this version", {
  expect_identical(system2(spasne_executable(), "--version", stdout = TRUE), paste("spasne", packageVersion("spasne")))
})

with_executable <- function(path, code) {
  old <- Sys.getenv("SPASNE_BIN", NA)
  Sys.setenv(SPASNE_BIN = path)
  on.exit(if (is.na(old)) Sys.unsetenv("SPASNE_BIN") else Sys.setenv(SPASNE_BIN = old))
  force(code)
}

# A shell script in the place of the executable: it answers --version, and else does `what`.
stand_in <- function(what, version = paste("spasne", packageVersion("spasne"))) {
  path <- tempfile("stand-in-")
  writeLines(c("#!/bin/sh", sprintf("[ \"$1\" = --version ] && echo '%s' && exit", version), what), path)
  Sys.chmod(path, "0755")
  path
}

test_that("an executable that is missing, of another version, or that fails is told", {
  case <- small_case()
  told <- function(path, message) expect_error(with_executable(path, small_map(case$data)), message, fixed = TRUE)
  told("/nowhere/spasne", "expected an executable file at /nowhere/spasne (environment variable SPASNE_BIN)")
  told(stand_in("exit 0", "spasne 0.1"), "--version, found 'spasne 0.1'")
  told(stand_in("echo 'spasne: error: the disk is full' >&2; exit 1"), "the disk is full")
  told(stand_in("kill -9 $$"), "the executable was ended by signal 9; memory may have run out")
  told(stand_in("exit 3"), "the executable failed with exit code 3")
  removes_folder <- "while [ \"$1\" != --data ]; do shift; done; rm -r \"$(dirname \"$2\")\""
  told(stand_in(removes_folder), "the folder of this run was removed before its end")
})

test_that("the names of files are taken as they are, whatever the shell makes of them", {
  case <- small_case()
  folder <- tempfile("it's; exit 4 # \"$(exit 5)\" ")
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  parameters <- lapply(formals(run_spasne)[-(1:2)], eval)
  parameters[c("perplexity", "max_iter")] <- c(10, 1)
  write_data_file(file.path(folder, "data.dat"), prepare_problem(case$data, NULL, parameters))
  expect_identical(dim(run_in_folder(folder, parameters)$Y), c(60L, 2L))
})

test_that("the executable removes data and result where R is gone", {
  case <- small_case()
  said <- tempfile("said-")
  on.exit(unlink(said))
  expect_error(with_executable(stand_in(paste("echo \"$@\" >", shQuote(said), "; exit 3")), small_map(case$data)))
  expect_match(readLines(said), "--watch-stdin --temporary", fixed = TRUE)
})

test_that("an error in R ends the child, and no folder stays", {
  case <- small_case(400)
  child_pid <- function() as.integer(system2("pgrep", c("-f", shQuote(paste0("[d]ata.*", basename(tempdir())))), stdout = TRUE))
  skip_if(Sys.which("pgrep") == "", "pgrep is not installed")
  running <- NULL
  stop_it <- function(iteration, cost, Y) {
    running <<- child_pid()
    stop("as an interrupt does")
  }
  expect_error(
    small_map(case$data, case$pixels, max_iter = 1e6, callback = stop_it, callback_every = 1), "as an interrupt does"
  )
  expect_gt(length(running), 0)
  expect_length(suppressWarnings(child_pid()), 0)
  expect_length(list.files(tempdir(), "^spasne-"), 0)
})
