"""SpaSNE as a scikit-learn estimator: parameters, fitted attributes, new points, saving and loading."""

from __future__ import annotations

import os
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from spasne_tools.blas_threads import at_most
from spasne_tools.choose.automatic import settled
from spasne_tools.component_axes import axes_of, warn_of_other_axes
from spasne_tools.dask_rows import is_dask_array, place_blocks
from spasne_tools.frozen_map import FrozenMap, freeze
from spasne_tools.guards import looks_like_counts, warn_of_columns
from spasne_tools.row_index import index_of, remember_rows
from spasne_tools.run.embedding import Embedding, in_folder
from spasne_tools.run.parameters import WEIGHTS, Callback, Parameters
from spasne_tools.run.prepare import prepare_problem
from spasne_tools.run.summary import print_kept
from spasne_tools.saved_map import SavedMap, data_checksum, load_map, plain_array, write_saved_map
from spasne_tools.user_warning import warn_user
from spasne_tools.validation import INT32_MAX, Matrix, MatrixLike, as_matrix, check_rows_match, check_sections

try:
    from sklearn.utils.metadata_routing import UNUSED
except ImportError:  # scikit-learn before 1.3, which routes nothing
    UNUSED = None

PUBLISHED_LEARNING_RATE = 500


class SpaSNE(TransformerMixin, BaseEstimator):
    """SpaSNE by scikit-learn's conventions; the map is that of `spasne.run_spasne`.

    Data are reduced by PCA first, to 200 components, unless ``use_pca=False``.

    Parameters
    ----------
    n_components : int, default 2
        Dimensions of the map: 1, 2 or 3.
    alpha : float or "auto", default 8
        Weight of global expression. "auto": chosen in each fit; `weights_` has it.
    beta : float or "auto", default 2
        Weight of space. Without pixels there is no spatial term. "auto": as for `alpha`.
    perplexity : float, default 50
        Effective number of neighbours, at most (n - 1) / 3: fewer than 151 rows need a lower one.
    early_exaggeration : float, default 4
        `exaggeration` of run_spasne.
    learning_rate : float or "auto", default 500
        Step size. The default, as published, is raised to n / early_exaggeration for more rows where method
        "interpolation" is used; "auto" raises it for all methods.
    max_iter : int, default 1000
    theta : float, default 0.5
    init : {"random", "pca", "spatial", "joint", "best"} or array of shape (n, n_components)
    random_state : int, RandomState or None
        An int gives the map of run_spasne's randseed, the same every time. A RandomState, or None for
        numpy's global one, is drawn from in each fit, so that each has a start of its own where that is
        random, which it is not in method "interpolation" (above 5,000 rows).
    method : {"auto", "exact", "barnes_hut", "interpolation"}
    descent : {"published", "fast"}, optional
    n_jobs : int, optional
        Threads. None or -1: all cores.
    verbose : int, default 0
        Above 0: print progress.
    use_pca : bool, default True
        Reduce X by PCA first. False: use it as it is.
    initial_dims : int, default 0
        Principal components kept when `use_pca`; 0: 200 or as many as exist.
    **others
        As in `spasne.run_spasne`, which says more about all of them.

    Attributes
    ----------
    embedding_ : ndarray (n, n_components)
        The map.
    cost_ : float
        Its cost, the sum of ``cost_local_`` = KL(P || Q), ``cost_global_`` = alpha KL(Pg || Qg) and
        ``cost_space_`` = beta KL(Ps || Qg).
    kl_divergence_ : float
        KL(P || Q), as in scikit-learn's TSNE.
    cost_per_point_ : ndarray (n,)
        Each point's share of the cost.
    n_iter_ : int
        Iterations done.
    weights_ : dict
        alpha, beta and global_scale of the map, numbers where these were "auto".
    seed_ : int
        The seed, of the start where that is random.
    report_ : dict
        What the executable reports (docs/file_format.md, --report): method chosen, seconds ...
    data_sha256_ : str
        Checksum of X, see ``spasne_tools.saved_map.data_checksum``.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Their names, where X was a DataFrame with names that are all text.

    Notes
    -----
    For ``transform`` a fitted estimator holds a copy of the reduced data in single precision.

    References
    ----------
    Zhou et al.: Dimensionality reduction for visualizing spatially resolved profiling data using SpaSNE.
    GigaScience 14 (2025) giaf002.

    Examples
    --------
    >>> import numpy as np
    >>> from spasne import SpaSNE
    >>> random = np.random.default_rng(0)
    >>> pixels = random.uniform(0, 1000, size=(200, 2))
    >>> expression = pixels @ random.normal(size=(2, 30)) + random.normal(scale=100, size=(200, 30))
    >>> model = SpaSNE(max_iter=100, random_state=1).fit(expression, pixels=pixels)
    >>> model.embedding_.shape, model.transform(expression[:3] + 1, pixels[:3]).shape
    ((200, 2), (3, 2))
    """

    # Positions are routed to transform as pixels_new: under one name those of fit would be taken for both.
    __metadata_request__transform = {"pixels": UNUSED}

    _axes: str | None = None  # of the components in `fit`, where they are known
    _of_counts = False  # whether those data looked like counts

    def __init__(
        self,
        n_components: int = 2,
        *,
        alpha: float | str = 8.0,
        beta: float | str = 2.0,
        perplexity: float = 50,
        early_exaggeration: float = 4,
        learning_rate: float | str = PUBLISHED_LEARNING_RATE,
        max_iter: int = 1000,
        theta: float = 0.5,
        init: str | MatrixLike = "random",
        random_state: int | np.random.RandomState | None = None,
        method: str = "auto",
        descent: str | None = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        use_pca: bool = True,
        initial_dims: int = 0,
        max_step: float | None = None,
        global_scale: float | str = 1.0,
        pixel_scale: float | str = "raw",
        neighbors: Any = "auto",
        accuracy: float | None = None,
        callback: Callback | None = None,
        callback_every: int = 50,
    ) -> None:
        # As scikit-learn has it: each as it comes, under its name.
        self.__dict__.update((name, value) for name, value in locals().items() if name != "self")

    def fit(
        self, X: MatrixLike, y: Any = None, *, pixels: MatrixLike | None = None, sections: Any = None
    ) -> SpaSNE:
        """Make the map of `X` and `pixels`.

        In a Pipeline pass them as ``spasne__pixels`` (the step's name), or, with scikit-learn 1.4 or later
        and metadata routing enabled, as ``pixels`` to a step ``SpaSNE().set_fit_request(pixels=True)``.

        Parameters
        ----------
        X : DataFrame, array or scipy.sparse matrix (n, genes)
        y : ignored
            With a warning where it looks like positions and `pixels` is None.
        pixels : DataFrame or array (n, any), optional
            Positions in the tissue, in the row order of X. None: no spatial term.
        sections : array-like (n,), optional
            The tissue section of each row; distances in the tissue then count within sections only. None:
            one section.

        Returns
        -------
        self

        Raises
        ------
        ValueError, MemoryError, ImportError, RuntimeError
            As `spasne.run_spasne`.

        Warns
        -----
        UserWarning
            As `spasne.run_spasne`; or y has two or more columns of numbers and `pixels` is None.
        """
        if pixels is None and _looks_like_positions(y):
            warn_user("y is ignored; positions are passed as pixels=")
        given = pixels
        if pixels is not None:
            check_rows_match(X, pixels, "pixels")  # while both have their index
            pixels = as_matrix(pixels, "pixels", allow_sparse=False)
        warn_of_columns(X, "X")  # while it has names
        sections = check_sections(sections, X)
        self._axes = axes_of(X)
        X = self._validated(X, reset=True)
        self._of_counts = looks_like_counts(X)
        parameters, verbose = replace(self._parameters(), sections=sections), bool(self.verbose)
        parameters = settled(X, given, parameters, verbose)
        self.weights_ = {name: float(getattr(parameters, name)) for name in WEIGHTS}
        problem = prepare_problem(X, given, parameters, verbose)
        # Each section has a frame of its own, so new rows have no positions.
        with at_most(parameters.threads):
            freeze_map = freeze(X, pixels if sections is None else None, problem, self.use_pca)
        with in_folder(problem) as written:
            del problem  # its memory is the executable's now
            made = written.embed(verbose, parameters)
        if verbose:
            print_kept(made.Y, X, pixels, sections)
        self._frozen_map = freeze_map(made.Y)
        self.data_sha256_ = data_checksum(X)
        self._set_results(made)
        return self

    def fit_transform(
        self, X: MatrixLike, y: Any = None, *, pixels: MatrixLike | None = None, sections: Any = None
    ) -> np.ndarray:
        """Make the map and return it, ndarray (n, n_components); as `fit`."""
        # A copy: who moves it must not move the map that new rows are placed on.
        Y = self.fit(X, y, pixels=pixels, sections=sections).embedding_.copy()
        return remember_rows(Y, pixels if index_of(X) is None else X)

    def transform(
        self, X: MatrixLike, pixels_new: MatrixLike | None = None, *, pixels: MatrixLike | None = None
    ) -> np.ndarray:
        """Place new rows on the map, which stays as it is.

        Each row is placed by itself: at the mean of its neighbours' places first, from where it descends the
        cost that the map with this one row more would have (``spasne_tools.placement_cost`` has the formula).
        A row that the map holds already gets its place there. Time grows with the new rows times the rows of
        the map.

        Parameters
        ----------
        X : DataFrame, array, scipy.sparse matrix or Dask array (m, genes)
            Columns as in `fit`, with the same normalisation.
        pixels_new : DataFrame or array (m, any), optional
            Positions in the frame of those in `fit`. None: the rows are placed by expression alone, as they
            always are on a map of several sections, of which each has a frame of its own.
        pixels : DataFrame or array (m, any), optional
            The same under the name that it has in `fit`.

        Returns
        -------
        ndarray of float64 (m, n_components)
            Of a Dask array a Dask array with the same blocks of rows, each placed when it is computed.

        Raises
        ------
        NotFittedError
            There is no map yet.
        ValueError
            Rows or columns do not match, or both pixels_new and pixels are given.

        Warns
        -----
        UserWarning
            Rows far from all data of the map had not arrived at their places when the descent ended; or X are
            components that `preprocess_counts` made of other counts than those in `fit`, or counts where the
            data in `fit` were none.
        """
        check_is_fitted(self)
        if pixels is not None:
            if pixels_new is not None:
                raise ValueError("expected positions as pixels or as pixels_new, found both")
            pixels_new = pixels
        warn_of_other_axes(X, self._axes)
        lazy = is_dask_array(X)
        if pixels_new is not None:
            check_rows_match(X, pixels_new, "pixels_new")
            if not (lazy and is_dask_array(pixels_new)):
                pixels_new = as_matrix(pixels_new, "pixels_new", allow_sparse=False)
        # Of a Dask array the columns alone are checked: no block is computed here.
        checked = self._validated(np.zeros((1, X.shape[1])) if lazy else X, reset=False)
        self._check_new_positions(pixels_new)
        if not lazy and not self._of_counts and looks_like_counts(checked):
            warn_user(
                "X holds whole numbers of 0 and more only, as counts do, and the data in fit did not: new "
                "rows need the same normalisation"
            )
        if lazy:
            return place_blocks(self, X, pixels_new, self.embedding_.shape[1])
        with at_most(self._parameters().threads):
            return self._frozen_map.place(checked, pixels_new)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the map's axes: spasne0, spasne1 ..."""
        check_is_fitted(self)
        return np.array([f"spasne{axis}" for axis in range(self.embedding_.shape[1])], dtype=object)

    def save(self, path: str | os.PathLike[str], *, labels: Any = None, index: Any = None) -> None:
        """Write the fitted estimator to one .npz file without pickle, which `load_map` reads as well.

        Parameters
        ----------
        path : path
        labels, index : array-like (n,), optional
            Classes and names of the rows.

        Raises
        ------
        NotFittedError, ValueError, OSError
            There is no map yet; something cannot be saved; the file cannot be written.

        Notes
        -----
        A callback is not saved, and a RandomState becomes the seed drawn from it.
        """
        check_is_fitted(self)
        params = self.get_params(deep=False) | {"callback": None}
        if not isinstance(self.random_state, Integral):
            params["random_state"] = None if self.random_state is None else self.seed_
        columns = getattr(self, "feature_names_in_", None)
        fitted = {
            "n_features_in": self.n_features_in_,
            "feature_names_in": None if columns is None else columns.astype(str),
            "data_sha256": self.data_sha256_,
            "report": self.report_,
            "weights": self.weights_,
            "frozen_map": self._frozen_map.state(),
            "axes": self._axes,
            "of_counts": self._of_counts,
        }
        write_saved_map(
            Path(path),
            SavedMap(
                Y=self.embedding_,
                params=params,
                provenance=self.report_ | {"data_sha256": self.data_sha256_},
                cost_per_point=self.cost_per_point_,
                labels=None if labels is None else plain_array(labels, "labels"),
                index=None if index is None else plain_array(index, "index"),
                extra={"estimator": fitted},
            ),
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SpaSNE:
        """Read an estimator that `save` wrote, ready for `transform`.

        Raises
        ------
        ValueError, OSError
            As `spasne.load_map`; or the file holds a map alone.
        """
        saved = load_map(path)
        if "estimator" not in saved.extra:
            raise ValueError(
                f"expected a file written by SpaSNE.save in {path}, found a map alone; use spasne.load_map"
            )
        fitted = saved.extra["estimator"]
        estimator = cls(**saved.params)
        estimator.n_features_in_ = fitted["n_features_in"]
        if fitted["feature_names_in"] is not None:
            estimator.feature_names_in_ = fitted["feature_names_in"].astype(object)
        estimator.data_sha256_ = fitted["data_sha256"]
        # Files of 1.0.0 lack them: their parameters are numbers.
        estimator.weights_ = fitted.get("weights") or {name: float(saved.params[name]) for name in WEIGHTS}
        estimator._frozen_map = FrozenMap.from_state(fitted["frozen_map"], saved.Y)
        # Of files before 1.1 neither is known; data are hardly counts.
        estimator._axes, estimator._of_counts = fitted.get("axes"), fitted.get("of_counts", False)
        cost_per_point = np.asarray(saved.cost_per_point)
        estimator._set_results(Embedding(saved.Y, cost_per_point, fitted["report"]))
        return estimator

    def _parameters(self) -> Parameters:
        """As run_spasne has them."""
        published = self.learning_rate == PUBLISHED_LEARNING_RATE
        given = self.get_params(deep=False) | {
            "learning_rate": None if published else self.learning_rate,
            "no_dims": self.n_components,
            "exaggeration": self.early_exaggeration,
            "randseed": _seed(self.random_state),
        }
        return Parameters.from_arguments(
            given, besides=("n_components", "early_exaggeration", "random_state", "verbose")
        )

    def _set_results(self, made: Embedding) -> None:
        report = made.report
        self.embedding_, self.cost_per_point_ = made.Y, made.cost_per_point
        self.report_ = report
        self.cost_, self.n_iter_, self.seed_ = report["cost"], report["n_iter"], report["seed"]
        self.cost_local_, self.cost_global_ = report["cost_local"], report["cost_global"]
        self.cost_space_, self.kl_divergence_ = report["cost_space"], report["cost_local"]

    def _check_new_positions(self, pixels_new: Any) -> None:
        """Whether positions of new rows (m, any) have the columns of those in `fit`; None is allowed."""
        origin = self._frozen_map.frame.origin
        n_known = 0 if origin is None else len(origin)
        if pixels_new is None or pixels_new.shape[1] == n_known:
            return
        by_section = origin is None and self._frozen_map.reference.S is not None
        where = " on a map of several sections" if by_section else ""
        wanted = f"{n_known} columns in pixels_new" if n_known else f"pixels_new to be None{where}"
        raise ValueError(f"expected {wanted}, as in fit, found {pixels_new.shape[1]} columns")

    def _validated(self, X: MatrixLike, reset: bool) -> Matrix:
        """X as float64 or float32, dense or CSR, its columns noted (reset) or checked."""
        wanted = {"accept_sparse": "csr", "dtype": [np.float64, np.float32], "reset": reset}
        if reset:
            wanted["ensure_min_samples"] = 2
        try:
            from sklearn.utils.validation import validate_data
        except ImportError:  # scikit-learn before 1.6
            return self._validate_data(X, **wanted)
        return validate_data(self, X, **wanted)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _looks_like_positions(y: Any) -> bool:
    try:
        values = np.asarray(y)
    except ValueError:  # rows of different lengths
        return False
    return values.ndim == 2 and values.shape[1] > 1 and values.dtype.kind in "iuf"


def _seed(random_state: Any) -> int:
    if isinstance(random_state, Integral) and not isinstance(random_state, bool):
        seed = int(random_state)
        if not 0 <= seed <= INT32_MAX:
            raise ValueError(
                f"expected random_state to be an integer of 0 to {INT32_MAX}, a RandomState or None, "
                f"found {seed}"
            )
        return seed
    return int(check_random_state(random_state).randint(INT32_MAX))
