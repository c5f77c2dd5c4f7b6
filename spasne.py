"""SpaSNE: maps of spatially resolved profiling data that keep both expression and tissue structure.

``run_spasne(data, pixels)`` returns the map. The work is done by the C++ executable ``spasne``, which reads
and writes the files described in docs/file_format.md; this module and ``spasne_tools`` feed it, run it and
load its result.

The method is that of Zhou et al., "Dimensionality reduction for visualizing spatially resolved profiling data
using SpaSNE", GigaScience 14 (2025) giaf002.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spasne_tools.choose.automatic import settled
from spasne_tools.commands.command_line import main
from spasne_tools.lazy import lazy_names
from spasne_tools.other_names import names_of_others
from spasne_tools.preprocessing import preprocess_counts
from spasne_tools.readers.number_table import load_data
from spasne_tools.row_index import index_of, remember_rows
from spasne_tools.run.data_file import write_data_file
from spasne_tools.run.embedding import DATA_FILE, embed, run_in_folder
from spasne_tools.run.parameters import Callback, Parameters
from spasne_tools.run.prepare import prepare_problem
from spasne_tools.validation import MatrixLike
from spasne_tools.version import __version__

if TYPE_CHECKING:
    from spasne_tools import pl, tl
    from spasne_tools.annotations import load_annotation
    from spasne_tools.choose.choice import choose_parameters
    from spasne_tools.datasets import load_dataset, load_example, simulate_tissue
    from spasne_tools.estimator import SpaSNE
    from spasne_tools.metrics.scores import score_embedding
    from spasne_tools.page.export import export_html
    from spasne_tools.plotting.curves import plot_curves
    from spasne_tools.plotting.genes import plot_genes
    from spasne_tools.plotting.maps import plot_maps
    from spasne_tools.plotting.rgb import plot_rgb
    from spasne_tools.readers.reading import read
    from spasne_tools.reliability.curves import map_curves
    from spasne_tools.reliability.points import map_reliability
    from spasne_tools.saved_map import load_map, save_map
    from spasne_tools.screening.plot import plot_screening
    from spasne_tools.screening.screen import screen_parameters

__all__ = [
    "SpaSNE",
    "__version__",
    "choose_parameters",
    "export_html",
    "init_spasne",
    "load_annotation",
    "load_data",
    "load_dataset",
    "load_example",
    "load_map",
    "main",
    "map_curves",
    "map_reliability",
    "pl",
    "plot_curves",
    "plot_genes",
    "plot_maps",
    "plot_rgb",
    "plot_screening",
    "preprocess_counts",
    "read",
    "run_spasne",
    "save_map",
    "score_embedding",
    "screen_parameters",
    "simulate_tissue",
    "spasne",
    "tl",
]

# Loaded at first use: they import matplotlib, scikit-learn and the like, which a map does not need.
_LOADED_AT_USE = {
    "SpaSNE": "spasne_tools.estimator",
    "choose_parameters": "spasne_tools.choose.choice",
    "export_html": "spasne_tools.page.export",
    "load_annotation": "spasne_tools.annotations",
    "load_dataset": "spasne_tools.datasets",
    "load_example": "spasne_tools.datasets",
    "load_map": "spasne_tools.saved_map",
    "map_curves": "spasne_tools.reliability.curves",
    "map_reliability": "spasne_tools.reliability.points",
    "pl": "spasne_tools.pl",
    "plot_curves": "spasne_tools.plotting.curves",
    "plot_genes": "spasne_tools.plotting.genes",
    "plot_maps": "spasne_tools.plotting.maps",
    "plot_rgb": "spasne_tools.plotting.rgb",
    "plot_screening": "spasne_tools.screening.plot",
    "read": "spasne_tools.readers.reading",
    "save_map": "spasne_tools.saved_map",
    "score_embedding": "spasne_tools.metrics.scores",
    "screen_parameters": "spasne_tools.screening.screen",
    "simulate_tissue": "spasne_tools.datasets",
    "tl": "spasne_tools.tl",
}
__getattr__, __dir__ = lazy_names(__name__, _LOADED_AT_USE)


@names_of_others(
    random_state="randseed",
    seed="randseed",
    n_components="no_dims",
    early_exaggeration="exaggeration",
    n_iter="max_iter",
    X="data",
    spatial="pixels",
    coords="pixels",
)
def run_spasne(
    data: MatrixLike,
    pixels: MatrixLike | None = None,
    alpha: float | str = 8.0,
    beta: float | str = 2.0,
    exaggeration: float = 4,
    no_dims: int = 2,
    perplexity: float = 50,
    theta: float = 0.5,
    randseed: int = -1,
    verbose: bool = False,
    initial_dims: int = 0,
    use_pca: bool = True,
    max_iter: int = 1000,
    *,
    method: str = "auto",
    descent: str | None = None,
    n_jobs: int | None = None,
    init: str | MatrixLike = "random",
    learning_rate: float | str | None = None,
    max_step: float | None = None,
    global_scale: float | str = 1.0,
    pixel_scale: float | str = "raw",
    neighbors: str | tuple[MatrixLike, MatrixLike] | MatrixLike | None = "auto",
    accuracy: float | None = None,
    callback: Callback | None = None,
    callback_every: int = 50,
    sections: Any = None,
) -> np.ndarray:
    """Map spots or cells to 1, 2 or 3 dimensions, keeping local and global expression and spatial structure.

    Minimises KL(P || Q) + alpha KL(Pg || Qg) + beta KL(Ps || Qg): t-SNE's local term, a term for all pairwise
    distances in expression, and one for all pairwise distances in the tissue.

    Parameters
    ----------
    data : DataFrame, array, nested lists or scipy.sparse matrix, shape (n, genes)
        Expression, usually normalised and log-transformed (see `preprocess_counts`) or principal components.
    pixels : DataFrame, array or nested lists, shape (n, 1 or more), optional
        Positions in the tissue, in the row order of `data`. Their unit matters (see `pixel_scale`). None: no
        spatial term (beta is taken as 0), so alpha=0 without pixels is plain t-SNE.
    alpha : float or "auto", default 8
        Weight of global expression, 0 or more: a larger one keeps more of the distances in expression.
        Advice at global_scale 1: 5 to 15. "auto": chosen by `choose_parameters`, together with whichever else
        is "auto", and with init="best" in place of "random".
    beta : float or "auto", default 2
        Weight of space, 0 or more: a larger one keeps more of the distances in the tissue. Advice at
        global_scale 1: 1 to 7.5, and at most half of `alpha`. "auto": as for `alpha`.
    exaggeration : float, default 4
        Factor on the local affinities up to iteration 250, above 0.
    no_dims : int, default 2
        Dimensions of the map: 1, 2 or 3.
    perplexity : float, default 50
        Effective number of neighbours, above 0 and at most (n - 1) / 3.
    theta : float, default 0.5
        0: exact sums. Above 0: Barnes-Hut approximation, coarser as it grows. Method "barnes_hut" takes no 0;
        "interpolation" uses it in wide maps of three dimensions only, where 0 counts as 0.2.
    randseed : int, default -1
        Seed of the random start; the same seed gives the same map. 0 and 1 are the same stream. Below 0: a
        new start each time. Without effect where the start is not random: with any `init` but "random", and
        in method "interpolation".
    verbose : bool, default False
        Print progress as it comes, with a progress bar where tqdm is installed.
    initial_dims : int, default 0
        Principal components kept when `use_pca`; at most min(n, genes) exist. 0: 200 or as many as exist.
    use_pca : bool, default True
        Reduce `data` by PCA first. False: use it as it is (sparse data are made dense by the executable).
    max_iter : int, default 1000
        Iterations, 0 or more; 0 returns the start.
    method : {"auto", "exact", "barnes_hut", "interpolation"}
        How sums over pairs are taken; "auto" chooses by theta and n.
    n_jobs : int, optional
        Threads, at most 4096. None or -1: all cores. The map does not depend on it.
    descent : {"published", "fast"}, optional
        The steps. "fast": quasi-Newton steps, some tens to hundreds where the published ones take 250 to
        1,000, to lower costs; no map can fail. None: published where the start is, by method "exact" or
        "barnes_hut", and where `learning_rate` or `max_step` is given or there is no global term; else fast,
        as with method "interpolation" (above 5,000 points).
    init : {"random", "pca", "spatial", "joint", "best"} or array of shape (n, no_dims)
        The start. Which minimum a run finds depends on it. "joint": principal axes of expression and space
        together, weighed as alpha and beta ask; "joint*0.1" gives space a tenth of that weight, or any other
        multiple. "best": several of these race, and the one of lowest cost goes on; method "interpolation"
        takes it for "random". "pca" and "spatial": principal axes of expression, positions. With published
        steps all of these are scaled so that the standard deviation of the widest axis is 1e-4, the spread of
        the random start; with fast steps, to the size that the global terms ask of the map. An array is used
        as given, unless it is too wide for the grid of method "interpolation" (several hundred units across),
        or by fast steps less than a hundredth of that size.
    learning_rate : float or "auto", optional
        Step size, above 0. "auto": max(500, n / exaggeration). None: 500 as published, or "auto" for large
        data.
    max_step : float, optional
        Largest move of a point in one iteration, above 0; inf: no limit. None: a limit only where a run needs
        it.
    global_scale : float or "auto", default 1
        The scale sigma in Qg = (1 + sigma^2 d^2) / sum, 1e-100 to 1e100. Smaller values keep neighbours
        better; more points need smaller ones. "auto": 2.7 sqrt(perplexity / 50) / sqrt(n), from a perplexity
        of 50 on 2.7 / sqrt(n), at most 1: a map then has as much room for neighbours as one of t-SNE. There
        beta has to be about alpha, or half of it, for space to show.
    pixel_scale : {"raw", "unit"} or float
        "raw": pixels as given, as published. "unit": the unit of pixels becomes irrelevant. A number
        above 0 multiplies them.
    neighbors : {"auto", "exact", "approximate"}, (indices, distances) or scipy.sparse matrix
        The search for each point's 3 * perplexity nearest neighbours in expression, by method
        "interpolation". "exact": all of them, in time n^2. "approximate": at least 0.98 of them, measured on
        a sample of points and printed where `verbose`; in data without structure the search ends up exact.
        "auto" (or None): approximate where exact would take more than a few seconds (n^2 columns above
        2.5e11: 70,000 points of 50 columns). Or your own graph: two arrays (n, k), or a matrix of distances
        (n, n) such as ``adata.obsp["distances"]``, of whose rows the nearest are taken, as many as the
        shortest has. Each point needs at least `perplexity` of them, better three times as many; entries of a
        point for itself are dropped. "approximate" and a graph imply method "interpolation".
    accuracy : float, optional
        Error that method "interpolation" may make in the gradient, relative to its length, between 0 and 1.
        Up to 1e-2 also how closely the map has to rest before the run stops. None: 1e-3.
    callback : callable, optional
        ``callback(iteration, cost, Y)`` is called after every `callback_every` iterations and the last, with
        the number of iterations done, the cost and the map, float64 (n, no_dims), its own to keep. If it
        returns True the run stops and that map is the result; what it raises passes through. Where a failed
        run is repeated, the iterations count from 0 again.
    callback_every : int, default 50
        Iterations from one call of `callback` to the next, 1 or more.
    sections : array-like of shape (n,), optional
        The tissue section of each row, as labels of any type, none missing. Distances in the tissue then
        count within sections only, in the map as well, so that sections get one joint map wherever each of
        them lies; expression counts everywhere. All must have the same unit of length. A section of one row
        has no distances. None: one section.

    Returns
    -------
    ndarray of float64, shape (n, no_dims)

    Raises
    ------
    ValueError
        An argument is not what is described here; raised before any work, saying what was expected and found.
    MemoryError
        The work would not fit into this machine's memory, by an estimate made before it begins.
    RuntimeError
        The executable is missing (build it with `make` or `pip install .`), is of another version, or failed;
        the message is its own.

    Warns
    -----
    UserWarning
        Pixels, times `pixel_scale` where that is a number, with a mean squared distance below 100: the
        spatial term would nearly vanish.
        Input that is hardly what was meant: `data` that are raw counts, or have columns that are identifiers,
        positions or control features; `data` and `pixels` swapped; `pixels` of more than three columns, or
        with one that numbers the rows; `neighbors` that hold weights in place of distances, or of which one
        row has few and cuts all others.

    References
    ----------
    Zhou et al.: Dimensionality reduction for visualizing spatially resolved profiling data using SpaSNE.
    GigaScience 14 (2025) giaf002.
    van der Maaten: Accelerating t-SNE using Tree-Based Algorithms. JMLR 15 (2014) 3221-3245.

    Examples
    --------
    >>> import numpy as np
    >>> from spasne import run_spasne
    >>> random = np.random.default_rng(0)
    >>> pixels = random.uniform(0, 1000, size=(200, 2))
    >>> expression = pixels @ random.normal(size=(2, 30)) + random.normal(scale=100, size=(200, 30))
    >>> run_spasne(expression, pixels, randseed=1, max_iter=100).shape
    (200, 2)
    """
    parameters = Parameters.from_arguments(locals(), besides=("data", "pixels", "verbose"))
    Y = embed(data, pixels, settled(data, pixels, parameters, verbose), verbose).Y
    return remember_rows(Y, pixels if index_of(data) is None else data)


def init_spasne(
    samples: MatrixLike,
    pixels: MatrixLike | None,
    alpha: float,
    beta: float,
    exaggeration: float,
    workdir: str | Path,
    no_dims: int = 2,
    initial_dims: int = 0,
    perplexity: float = 50,
    theta: float = 0.5,
    randseed: int = -1,
    verbose: bool = False,
    use_pca: bool = True,
    max_iter: int = 1000,
) -> None:
    """Write `workdir`/data.dat, for `spasne` or for a run of the executable by hand.

    Parameters are those of `run_spasne`; `workdir` is an existing folder.

    Raises
    ------
    ValueError
        An argument is not what is described in `run_spasne`, or `workdir` is not a folder that can be written
        to.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from spasne import init_spasne, spasne
    >>> random = np.random.default_rng(0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     init_spasne(random.normal(size=(40, 5)), None, 0, 0, 4, folder, perplexity=10, max_iter=10)
    ...     rows = list(spasne(folder))
    >>> len(rows), len(rows[0])
    (40, 2)
    """
    parameters = Parameters.from_arguments(locals(), besides=("samples", "pixels", "workdir", "verbose"))
    if not os.path.isdir(workdir) or not os.access(workdir, os.W_OK):
        raise ValueError(f"expected workdir to be a folder that can be written to, found {str(workdir)!r}")
    path = Path(workdir, DATA_FILE)
    problem = prepare_problem(samples, pixels, parameters)
    write_data_file(path, problem)
    if verbose:
        print(
            f"{path}: {problem.X.shape[0]} points, {problem.X.shape[1]} columns, "
            f"{problem.pixels.shape[1]} spatial columns",
            flush=True,
        )


def spasne(workdir: str | Path, verbose: bool = False) -> Iterator[tuple[float, ...]]:
    """Run the executable on `workdir`/data.dat and yield the rows of the map, in the order of the data.

    `workdir`/result.dat stays there. The run starts with the first row asked for.

    Raises
    ------
    RuntimeError
        As `run_spasne`; a missing or malformed data.dat is one of the executable's own messages.
    """
    for row in run_in_folder(Path(workdir), verbose).Y:
        yield tuple(row.tolist())


if __name__ == "__main__":
    sys.exit(main(sys.argv))
