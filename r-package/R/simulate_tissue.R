LAYERS <- c("L1", "L2", "L3", "L4", "L5", "L6", "WM")
SECTION_WIDTH <- 10000 # pixels
SECTION_HEIGHT <- 6000
LAYER_REACH <- 0.12 # standard deviation of a layer's genes over depth
COUNTS_PER_GENE <- 3 # expected in a spot of median size

#' A simulated section of layered tissue
#'
#' Spots lie on a jittered lattice; their layer follows their depth below an undulating surface. A third of the
#' genes is strongest in one layer each and fades with the distance from it, a third marks one of five cell types that
#' are mixed within the layers, the others mark nothing. Counts are negative binomial, library sizes log-normal. For
#' examples and tests; not the same numbers as `simulate_tissue` in Python.
#'
#' @param n_spots,n_genes Sizes, at least 10 and 50.
#' @param seed Seed; R's own stream of random numbers is not changed.
#'
#' @return A list: `counts`, a sparse matrix (spots x genes); `pixels`, a data frame of x and y; `labels`, the
#'   layer of each spot; `cell_types`.
#' @examples
#' tissue <- simulate_tissue(n_spots = 300, n_genes = 60, seed = 1)
#' table(tissue$labels)
#' @export
simulate_tissue <- function(n_spots = 1200, n_genes = 500, seed = 0) {
  if (n_spots < 10) fail("expected n_spots of 10 or more, found ", n_spots)
  if (n_genes < 50) fail("expected n_genes of 50 or more, found ", n_genes)
  with_seed(function() {
    set.seed(seed)
    pixels <- lattice(n_spots)
    depth <- depth_below_surface(pixels)
    layer <- 1 + findInterval(depth, seq_len(6) / 7)
    cell_type <- (layer + sample.int(5, n_spots, TRUE, c(4, 2, 1, 1, 2))) %% 5 + 1
    list(
      counts = draw_counts(depth, cell_type, n_genes),
      pixels = pixels,
      labels = factor(LAYERS[layer], LAYERS),
      cell_types = factor(paste("type", cell_type))
    )
  })
}

lattice <- function(n_spots) {
  spacing <- sqrt(SECTION_WIDTH * SECTION_HEIGHT / n_spots)
  columns <- ceiling(SECTION_WIDTH / spacing)
  place <- seq_len(n_spots) - 1
  jitter <- function() stats::rnorm(n_spots, 0, 0.12 * spacing)
  spots <- data.frame(x = place %% columns * spacing + jitter(), y = place %/% columns * spacing + jitter())
  spots <- spots[sample.int(n_spots), ]
  rownames(spots) <- NULL
  spots
}

depth_below_surface <- function(pixels) {
  surface <- 0.06 * sin(2 * pi * pixels$x / SECTION_WIDTH)
  pmin(pmax(pixels$y / max(pixels$y) - surface, 0), 0.999)
}

draw_counts <- function(depth, cell_type, n_genes) {
  n_spots <- length(depth)
  kind <- rep_len(1:3, n_genes) # of a layer, of a cell type, of nothing
  log_mean <- matrix(stats::rnorm(n_genes), n_spots, n_genes, byrow = TRUE)
  for (gene in which(kind < 3)) {
    centre <- (gene %% 7 + 0.5) / 7
    marked <- if (kind[gene] == 1) exp(-0.5 * ((depth - centre) / LAYER_REACH)^2) else cell_type == gene %% 5 + 1
    log_mean[, gene] <- log_mean[, gene] + marked * stats::rnorm(1, 1.2, 0.3)
  }
  mean <- exp(log_mean)
  mean <- mean * (n_genes * COUNTS_PER_GENE / stats::median(rowSums(mean)) * stats::rlnorm(n_spots, 0, 0.35))
  counts <- matrix(as.numeric(stats::rnbinom(length(mean), size = 5, mu = mean)), n_spots)
  dimnames(counts) <- list(NULL, paste0(c("layer", "type", "background")[kind], "-", seq_len(n_genes)))
  Matrix::Matrix(counts, sparse = TRUE)
}
