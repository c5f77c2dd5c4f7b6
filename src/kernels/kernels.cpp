// The kernels of one instruction set as an object of its own, so that `make` and pip compile them side by side:
// SPASNE_KERNELS_OF (isa.h) says which. A build of the three files of the first folder alone does without it.
#include "all_pairs.h"
#include "candidates.h"
#include "fft.h"
#include "grid.h"
#include "neighbour_sums.h"
#include "tree.h"
