# Finding the executable and running it as a child process whose lines are handed on as they come.

ERROR_PREFIX <- "spasne: error: "
FIRST_WAIT <- 0.005 # seconds between two looks at a run, at its beginning
LONGEST_WAIT <- 0.1

#' The executable that computes the maps
#'
#' The one named by the environment variable `SPASNE_BIN`, else the one that was compiled when this package was
#' installed. It can be called without R, see `docs/file_format.md` in the source folder of SpaSNE.
#'
#' @return Its path.
#' @examples
#' system2(spasne_executable(), "--version")
#' @export
spasne_executable <- function() {
  named <- Sys.getenv("SPASNE_BIN")
  if (nzchar(named)) {
    if (file.access(named, 1) != 0) {
      fail("expected an executable file at ", named, " (environment variable SPASNE_BIN), found none")
    }
    return(normalizePath(named))
  }
  own <- system.file(paste0("bin", .Platform$r_arch), "spasne", package = "spasne")
  if (!nzchar(own)) fail("expected the executable in the installed package, found none; install the package again")
  own
}

check_version <- function(executable) {
  said <- suppressWarnings(tryCatch(system2(executable, "--version", stdout = TRUE), error = conditionMessage))
  expected <- paste("spasne", utils::packageVersion("spasne"))
  if (!identical(as.character(said), expected)) {
    fail("expected '", expected, "' from ", executable, " --version, found '", paste(said, collapse = " "), "'")
  }
}

# Run the executable on data.dat in `folder` and return its result.
run_in_folder <- function(folder, parameters) {
  inside <- function(name) shQuote(file.path(folder, name))
  flags <- c("--data", inside("data.dat"), "--result", inside("result.dat"), "--watch-stdin", "--temporary")
  if (!is.null(parameters$n_jobs) && parameters$n_jobs != -1) flags <- c(flags, "--threads", parameters$n_jobs)
  if (!is.null(parameters$callback)) {
    flags <- c(flags, "--snapshots", inside("snapshot.dat"), "--every", parameters$callback_every)
  }
  if (!isTRUE(parameters$verbose)) flags <- c(flags, "--quiet")
  executable <- spasne_executable()
  check_version(executable)
  command <- paste(c(shQuote(executable), flags), collapse = " ")
  run_command(command, folder, function(line, send) on_line(line, send, folder, parameters))
  read_result_file(file.path(folder, "result.dat"))
}

# A snapshot goes to the callback, any other line to the console.
on_line <- function(line, send, folder, parameters) {
  found <- regmatches(line, regexec("^snapshot (\\d+) (\\S+)$", line))[[1]]
  if (length(found) == 0) {
    if (isTRUE(parameters$verbose) && !startsWith(line, "wrote ")) {
      cat(with_time_left(line, parameters$max_iter), "\n", sep = "")
    }
    return()
  }
  Y <- read_result_file(file.path(folder, "snapshot.dat"))$Y
  send(if (isTRUE(parameters$callback(as.numeric(found[2]), as.numeric(found[3]), Y))) "s" else "c")
}

# A line of progress with what the iterations left would take at the pace of the last ones: a bound, since a map that
# rests ends the run.
with_time_left <- function(line, max_iter) {
  found <- regmatches(line, regexec("^Iteration (\\d+):.*\\((\\d+) iterations in +([0-9.]+) seconds\\)", line))[[1]]
  left <- if (length(found) > 0) max_iter - 1 - as.numeric(found[2]) else 0
  if (left <= 0) return(line)
  seconds <- round(left * as.numeric(found[4]) / as.numeric(found[3]))
  paste0(line, ", at most ", if (seconds < 60) paste(seconds, "s") else paste(round(seconds / 60), "min"), " left")
}

# Run `command` to its end and hand each of its lines to `on_line(line, send)`.
#
# R writes to the child and reads what it says from files: the child's standard input, which only R holds open,
# closes when this function is left in any way, and with --watch-stdin the child then ends.
run_command <- function(command, folder, on_line) {
  at <- function(name) file.path(folder, name)
  redirected <- paste(
    command, ">", shQuote(at("out")), "2>", shQuote(at("err")), "; echo $? >", shQuote(at("exit.part")),
    "&& mv", shQuote(at("exit.part")), shQuote(at("exit"))
  )
  child <- pipe(redirected, "w")
  on.exit(close(child))
  send <- function(answer) {
    cat(answer, file = child)
    flush(child)
  }
  ended <- function() {
    if (!dir.exists(folder)) fail("the folder of this run was removed before its end: ", folder)
    file.exists(at("exit"))
  }
  follow(at("out"), ended, function(line) on_line(line, send))
  finish(as.integer(readLines(at("exit"))), readLines(at("err")))
}

# Hand the lines of a growing file on, each once it is whole, until `ended()`.
follow <- function(path, ended, on_line) {
  while (!file.exists(path)) {
    if (ended()) return()
    Sys.sleep(FIRST_WAIT)
  }
  file <- file(path, "r", blocking = FALSE)
  on.exit(close(file))
  wait <- FIRST_WAIT
  repeat {
    is_last <- ended() # asked first, so that nothing said before the end is missed
    lines <- readLines(file)
    for (line in lines) on_line(line)
    if (is_last) return()
    wait <- if (length(lines) > 0) FIRST_WAIT else min(wait * 1.2, LONGEST_WAIT)
    Sys.sleep(wait)
  }
}

# The error or warning of a child that ended with `exit_code` after saying `said`.
finish <- function(exit_code, said) {
  if (exit_code == 0) {
    if (length(said) > 0) warning(paste(said, collapse = "\n"), call. = FALSE)
    return()
  }
  own <- said[startsWith(said, ERROR_PREFIX)]
  if (length(own) > 0) fail(sub(ERROR_PREFIX, "", own[length(own)], fixed = TRUE))
  if (exit_code > 128) {
    hint <- if (exit_code == 137) "; memory may have run out" else ""
    fail("the executable was ended by signal ", exit_code - 128, hint)
  }
  fail("the executable failed with exit code ", exit_code, ": ", paste(said, collapse = " "))
}
