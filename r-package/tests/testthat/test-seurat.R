skip_if_not_installed("SeuratObject")

case <- small_case()
cells <- paste0("cell", 1:60)

seurat_object <- function() {
  counts <- Matrix::Matrix(matrix(rpois(60 * 8, 3), 8, dimnames = list(paste0("gene", 1:8), cells)), sparse = TRUE)
  object <- SeuratObject::CreateSeuratObject(counts)
  pca <- `dimnames<-`(case$data, list(cells, paste0("PC_", 1:5)))
  object[["pca"]] <- SeuratObject::CreateDimReducObject(pca, key = "PC_", assay = "RNA")
  object
}

run <- function(object, ...) RunSpaSNE(object, ..., perplexity = 10, randseed = 5, max_iter = 40, n_jobs = 2)

field_of_view <- function(rows) {
  where <- data.frame(x = case$pixels[rows, 1], y = case$pixels[rows, 2], cell = cells[rows])
  SeuratObject::CreateFOV(SeuratObject::CreateCentroids(where), type = "centroids", assay = "RNA")
}

test_that("a Seurat object gets a reduction of its own", {
  object <- run(seurat_object(), case$pixels)
  Y <- SeuratObject::Embeddings(object, "spasne")
  expect_identical(dimnames(Y), list(cells, c("SpaSNE_1", "SpaSNE_2")))
  expect_identical(SeuratObject::Key(object[["spasne"]]), "SpaSNE_")
  wanted <- small_map(case$data, case$pixels, use_pca = FALSE)
  expect_identical(unname(Y), unname(wanted))
  expect_identical(unname(SeuratObject::Embeddings(run(seurat_object(), case$pixels, dims = 1:3), "spasne")),
                   unname(small_map(case$data[, 1:3], case$pixels, use_pca = FALSE)))
})

test_that("positions come from images, of which several are sections, or from the metadata", {
  wanted <- SeuratObject::Embeddings(run(seurat_object(), case$pixels), "spasne")
  object <- seurat_object()
  object[["slice"]] <- field_of_view(60:1)
  expect_identical(SeuratObject::Embeddings(run(object), "spasne"), wanted)
  object <- seurat_object()
  object[["x"]] <- case$pixels[, 1]
  object[["y"]] <- case$pixels[, 2]
  expect_identical(SeuratObject::Embeddings(run(object, c("x", "y")), "spasne"), wanted)
  object <- seurat_object()
  object[["one"]] <- field_of_view(31:60)
  suppressWarnings(object[["two"]] <- field_of_view(1:30)) # that a key is taken
  of_two <- unname(SeuratObject::Embeddings(run(object), "spasne"))
  sections <- rep(c("two", "one"), each = 30)
  expect_identical(of_two, unname(small_map(case$data, case$pixels, use_pca = FALSE, sections = sections)))
})

test_that("what is missing is named", {
  expect_error(run(case$data), "expected a Seurat object, found matrix")
  expect_error(run(seurat_object()), "expected images in the object or positions in pixels, found neither")
  expect_error(run(seurat_object(), case$pixels, reduction = "ica"), "expected a reduction 'ica' in the object")
  named <- `rownames<-`(case$pixels, c("other", cells[-1]))
  expect_error(run(seurat_object(), named), "expected a position of every cell, found none of 'cell1'")
})
