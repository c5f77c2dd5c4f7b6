# SpaSNE from R, in base R: writes data.dat, runs the executable, reads result.dat.
#
# X: matrix (spots x columns), usually principal components: prcomp(expression, rank. = 200)$x
# pixels: matrix (spots x 2 or 3) in the same row order. Returns the map, a matrix (spots x no_dims).
spasne <- function(X, pixels, alpha = 8, beta = 2, exaggeration = 4, no_dims = 2, perplexity = 50,
                   theta = 0.5, seed = 1, max_iter = 1000, executable = "spasne") {
  X <- as.matrix(X)
  pixels <- as.matrix(pixels)
  folder <- tempfile("spasne-")
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  data_file <- file.path(folder, "data.dat")
  result_file <- file.path(folder, "result.dat")

  out <- file(data_file, "wb")
  integers <- function(...) writeBin(as.integer(c(...)), out, size = 4, endian = "little")
  numbers <- function(...) writeBin(as.double(c(...)), out, size = 8, endian = "little")
  integers(dim(X))
  numbers(theta, perplexity)
  integers(no_dims, max_iter)
  numbers(t(X)) # R keeps columns together, the file rows
  integers(seed, dim(pixels))
  numbers(t(pixels))
  numbers(alpha, beta, exaggeration)
  close(out)

  flags <- c("--quiet", "--data", shQuote(data_file), "--result", shQuote(result_file))
  status <- system2(executable, flags) # its message, if any, is on standard error
  if (status != 0) stop("spasne ended with exit code ", status)

  result <- file(result_file, "rb")
  on.exit(close(result), add = TRUE, after = FALSE)
  size <- readBin(result, "integer", 2, size = 4, endian = "little")
  values <- readBin(result, "double", prod(size), size = 8, endian = "little")
  matrix(values, size[1], size[2], byrow = TRUE, dimnames = list(rownames(X), NULL))
}
