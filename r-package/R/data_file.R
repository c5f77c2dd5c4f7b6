# The two binary files exchanged with the executable; docs/file_format.md describes every field.

WRITTEN_AT_ONCE <- 1e6 # numbers

write_data_file <- function(path, problem) {
  file <- file(path, "wb")
  on.exit(close(file))
  p <- problem$parameters
  write_integers(file, dim(problem$X))
  write_numbers(file, c(p$theta, p$perplexity))
  write_integers(file, c(p$no_dims, p$max_iter))
  write_rows(file, problem$X)
  write_integers(file, c(max(p$randseed, -1), dim(problem$pixels))) # any negative seed asks for entropy
  write_rows(file, problem$pixels)
  write_numbers(file, c(p$alpha, p$beta, p$exaggeration))
  if (length(problem$extension) > 0) write_extension(file, problem$extension)
}

write_integers <- function(file, values) writeBin(as.integer(values), file, size = 4, endian = "little")

write_numbers <- function(file, values, size = 8) writeBin(as.double(values), file, size = size, endian = "little")

# Row by row (R keeps columns together), in blocks of rows, so that no copy of that size is made.
write_rows <- function(file, X, write = write_numbers) {
  step <- max(1, WRITTEN_AT_ONCE %/% ncol(X))
  for (start in seq(1, nrow(X), by = step)) {
    rows <- start:min(start + step - 1, nrow(X))
    write(file, t(as.matrix(X[rows, , drop = FALSE])))
  }
}

write_extension <- function(file, extension) {
  writeBin(charToRaw("SPASNEX1"), file)
  for (tag in names(extension)) write_record(file, tag, extension[[tag]])
  write_header(file, "end", 0)
}

write_record <- function(file, tag, value) {
  if (is.character(value)) {
    write_header(file, tag, nchar(value))
    writeBin(charToRaw(value), file)
    return()
  }
  bytes <- if (tag %in% c("nbrindex", "nbrdist", "sections")) 4 else 8
  write <- if (is.integer(value)) write_integers else function(file, values) write_numbers(file, values, bytes)
  write_header(file, tag, bytes * length(value))
  write_rows(file, as.matrix(value), write)
}

# The size of the payload is an int64, of which R writes the two halves.
write_header <- function(file, tag, payload_size) {
  writeBin(c(charToRaw(tag), raw(8 - nchar(tag))), file)
  low <- payload_size %% 2^32
  write_integers(file, c(if (low >= 2^31) low - 2^32 else low, payload_size %/% 2^32))
}

# Y (spots x no_dims) and cost (spots), rows in the order of the data.
read_result_file <- function(path) {
  file <- file(path, "rb")
  on.exit(close(file))
  size <- readBin(file, "integer", 2, size = 4, endian = "little")
  values <- readBin(file, "double", prod(size), size = 8, endian = "little")
  landmark <- readBin(file, "integer", size[1], size = 4, endian = "little")
  cost <- readBin(file, "double", size[1], size = 8, endian = "little")
  if (length(values) != prod(size) || length(cost) != size[1]) {
    fail("expected a whole result file at ", path, ", found a part")
  }
  order <- order(landmark)
  list(Y = matrix(values, size[1], size[2], byrow = TRUE)[order, , drop = FALSE], cost = cost[order])
}
