# Six colours of Okabe and Ito, continued so that any first few can be told apart by colour-blind readers too; the
# same as in Python.
PALETTE <- c(
  "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#5a0f1e", "#1e00a5", "#00ff96", "#874b69",
  "#f0c3ff", "#a578ff", "#4b5a0f", "#a5c387", "#870069", "#874be1", "#b42d96", "#4b3cc3", "#b40000", "#78e13c"
)
SYMBOLS <- c(16, 17, 15, 18) # one round of the palette each
MISSING_COLOUR <- "#d9d9d9"
LEGEND_ROWS <- 22 # a longer legend gets another column

#' Draw the tissue and one or several maps side by side
#'
#' In the same colours, with one legend, in base graphics.
#'
#' @param maps A map (spots x 2 or more), or a named list of maps.
#' @param colors Class of each spot (missing ones are grey), or numbers that are not whole, which are drawn as
#'   continuous colours from their 1st to their 99th percentile.
#' @param pixels Positions in the tissue (spots x 2 or more). `NULL`: maps only.
#' @param scores A list of [score_embedding()]'s results by title of a map; they appear under the titles.
#' @param image_like Tissue with y downwards, as in the image that the positions refer to.
#'
#' @return `NULL`, invisibly.
#' @examples
#' tissue <- simulate_tissue(n_spots = 200, n_genes = 60)
#' data <- preprocess_counts(tissue$counts, n_components = 10)
#' plot_maps(list(PCA = data), tissue$labels, tissue$pixels)
#' @export
plot_maps <- function(maps, colors, pixels = NULL, scores = NULL, image_like = TRUE) {
  if (!is.list(maps) || is.data.frame(maps)) maps <- list(Map = maps)
  for (Y in maps) {
    check_order(Y, colors, "colors", "maps")
    check_order(Y, pixels, "pixels", "maps")
  }
  panels <- lapply(maps, function(Y) as_panel(Y, "maps", length(colors)))
  if (!is.null(pixels)) panels <- c(list(Tissue = as_panel(pixels, "pixels", length(colors))), panels)
  continuous <- is.double(colors) && any(colors != trunc(colors), na.rm = TRUE)
  looks <- if (continuous) value_looks(colors) else class_looks(colors)
  old <- graphics::par(no.readonly = TRUE)
  on.exit({
    graphics::layout(1)
    graphics::par(old)
  })
  graphics::layout(matrix(seq_len(length(panels) + 1), 1), widths = c(rep(1, length(panels)), looks$legend_width))
  graphics::par(mar = c(0.6, 0.6, 3, 0.6), cex = 0.9)
  for (title in names(panels)) {
    is_tissue <- title == "Tissue" && !is.null(pixels)
    text <- if (!is.null(scores)) score_text(scores[[title]]) # "" keeps the titles of a row at one height
    draw_panel(panels[[title]], title, looks, text, upside_down = is_tissue && image_like)
  }
  looks$draw_legend()
  invisible()
}

as_panel <- function(X, name, n) {
  X <- as_numbers(X, name, allow_sparse = FALSE)
  if (nrow(X) != n) fail("expected ", n, " rows in ", name, ", one per colour, found ", nrow(X))
  if (ncol(X) < 2) fail("expected ", name, " with at least 2 columns, found ", ncol(X))
  X[, 1:2]
}

draw_panel <- function(XY, title, looks, below_title, upside_down) {
  ylim <- range(XY[, 2])
  if (upside_down) ylim <- rev(ylim)
  size <- min(1.3, max(0.25, 22 / sqrt(nrow(XY)))) # neither lost nor a blot
  graphics::plot.default(
    XY[looks$order, ], asp = 1, ylim = ylim, axes = FALSE, ann = FALSE, cex = size, pch = looks$symbol[looks$order],
    col = looks$colour[looks$order]
  )
  graphics::box(col = "#bfbfbf")
  graphics::title(main = title, adj = 0, line = if (is.null(below_title)) 0.5 else 1.4, cex.main = 1.1)
  if (!is.null(below_title)) graphics::mtext(below_title, adj = 0, line = 0.3, cex = 0.75, col = "#4d4d4d")
}

score_text <- function(scores) {
  shown <- intersect(c("r1", "r2", "s"), names(scores))
  if (length(shown) == 0) return("")
  paste(sprintf("%s = %.2f", shown, round(scores[shown], 2) + 0), collapse = ", ")
}

class_looks <- function(labels) {
  classes <- if (is.factor(labels)) levels(droplevels(labels)) else as.character(sort(unique(labels)))
  number <- match(as.character(labels), classes)
  colours <- rep_len(PALETTE, length(classes))
  symbols <- SYMBOLS[((seq_along(classes) - 1) %/% length(PALETTE)) %% length(SYMBOLS) + 1]
  list(
    colour = ifelse(is.na(number), MISSING_COLOUR, colours[number]),
    symbol = ifelse(is.na(number), SYMBOLS[1], symbols[number]),
    order = order(!is.na(number), mixed(length(number))), # missing ones below, no class on top of the others
    legend_width = 0.42 * (1 + (length(classes) - 1) %/% LEGEND_ROWS),
    draw_legend = function() {
      graphics::plot.new()
      graphics::legend(
        "left", classes, col = colours, pch = symbols, bty = "n", xpd = NA, inset = c(-0.25, 0), cex = 0.9,
        ncol = 1 + (length(classes) - 1) %/% LEGEND_ROWS
      )
    }
  )
}

value_looks <- function(values) {
  ends <- stats::quantile(values, c(0.01, 0.99), na.rm = TRUE, names = FALSE)
  steps <- grDevices::hcl.colors(256, "viridis")
  share <- (values - ends[1]) / max(ends[2] - ends[1], .Machine$double.xmin)
  colour <- steps[1 + round(255 * pmin(pmax(share, 0), 1))]
  list(
    colour = ifelse(is.na(values), MISSING_COLOUR, colour),
    symbol = rep(SYMBOLS[1], length(values)),
    order = order(values, mixed(length(values)), na.last = FALSE), # high values on top
    legend_width = 0.28,
    draw_legend = function() {
      graphics::par(mar = c(3, 0.6, 5, 2.6))
      bar <- seq(ends[1], ends[2], length.out = 256)
      graphics::image(1, bar, t(seq_len(256)), col = steps, axes = FALSE, ann = FALSE)
      graphics::axis(4, las = 1, lwd = 0, lwd.ticks = 0.6, cex.axis = 0.8)
    }
  )
}

mixed <- function(n) with_seed(function() sample.int(n))
