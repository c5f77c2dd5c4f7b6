# Run by R CMD INSTALL in src/: the executable goes to bin/ of the installed package.
bin <- file.path(R_PACKAGE_DIR, paste0("bin", R_ARCH))
dir.create(bin, recursive = TRUE, showWarnings = FALSE)
if (!file.copy("spasne", bin, overwrite = TRUE)) stop("the executable spasne was not built")
