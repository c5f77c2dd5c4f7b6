"""Principal components, exact to machine precision, of dense data or of sparse data that stay sparse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.sparse

from spasne_tools.blas_threads import threads_for
from spasne_tools.forking import not_forked
from spasne_tools.validation import Matrix, MatrixLike, as_matrix

# Up to this size of the smaller side a full eigendecomposition takes seconds: cost is no matter.
LARGEST_FULL_SIDE = 3000
# Nanoseconds of one core for a multiplication, measured with OpenBLAS and AVX-512: in a product of matrices,
# in the reduction before a full eigendecomposition, in a product of a matrix and a vector.
IN_PRODUCT, IN_REDUCTION, IN_PASS = 0.02, 0.1, 0.5
PASSES, FEWEST_PASSES = 5, 100  # of Lanczos iteration: for each vector wanted, and in all
GRAM_SHARE = 4  # A sparse matrix's Gram matrix may take so many times its own numbers.
SMALLEST_COMPONENT = 1e-7  # of the largest's length
BLOCK_NUMBERS = 1 << 20  # of X that are centred at once: 8 MB
# Above this share of non-zeros a dense product of blocks is faster than a sparse one.
DENSE_SHARE = 0.1


def pca(X: MatrixLike, n_components: int) -> np.ndarray:
    """Coordinates of the rows of `X` on its leading principal components.

    The eigenvectors come from the smaller of X'X and XX' (centred), in full up to 3000 rows or columns.
    Above, the way that takes the least time is chosen: in full, by Lanczos iteration on that matrix, or on
    products with X where X is sparse enough. Each is exact to machine precision. Sparse data are centred
    implicitly and made dense in blocks at most.
    Signs are fixed: in each component the loading of largest magnitude is positive, as in scikit-learn.

    Parameters
    ----------
    X : array, DataFrame or scipy.sparse matrix, shape (n, D)
        Rows are cells or spots. Columns are centred, not scaled.
    n_components : int
        Components wanted; at most min(n, D) are returned.

    Returns
    -------
    ndarray of float64, shape (n, min(n_components, n, D))

    Raises
    ------
    ValueError
        `X` is not a finite numeric matrix, its values are too large to be squared, or `n_components` is below
        1.

    Examples
    --------
    >>> import numpy as np
    >>> from spasne_tools.preprocessing import pca
    >>> pca(np.array([[0.0, 0.0], [3.0, 4.0]]), 1)
    array([[-2.5],
           [ 2.5]])
    """
    if n_components < 1:
        raise ValueError(f"expected n_components of 1 or more, found {n_components}")
    matrix = as_matrix(X, "X", keep_single=True)
    n_components = min(n_components, *matrix.shape)
    # Sums that overflow are found in the result, and an error.
    products = matrix.shape[0] * matrix.shape[1] * min(matrix.shape)
    with threads_for(products), np.errstate(over="ignore", invalid="ignore"):
        return _scores(_Centred(matrix), n_components)


@dataclass(frozen=True)
class Projection:
    """The linear map behind the scores of a PCA: (X - ``mean``) @ ``loadings``, shapes (D,) and (D, k)."""

    mean: np.ndarray
    loadings: np.ndarray

    @classmethod
    def of(cls, X: Matrix, scores: np.ndarray) -> Projection:
        """Recover it from data `X` (n, D) and their `scores` (n, k), by V = X'T / |t|^2 for each component.

        Components too small for that to have correct digits get no loadings: they are rounding errors.
        """
        centred = _Centred(X)
        squared = np.einsum("ij,ij->j", scores, scores)
        kept = squared > SMALLEST_COMPONENT**2 * squared.max(initial=0.0)
        loadings = np.zeros((X.shape[1], scores.shape[1]))
        loadings[:, kept] = centred.transposed_times(scores[:, kept]) / squared[kept]
        return cls(centred.mean, loadings)

    @not_forked()
    def apply(self, X: Matrix) -> np.ndarray:
        """Scores (m, k) of other rows (m, D), dense or CSR."""
        if scipy.sparse.issparse(X):
            return X @ self.loadings - self.mean @ self.loadings
        return (X - self.mean) @ self.loadings


def pca_need(X: Matrix, n_components: int) -> float:
    """Bytes that `pca` takes besides its input: a matrix, its eigenvectors, the result."""
    side, solver = min(X.shape), _solver(X, n_components)
    result = 8.0 * sum(X.shape) * n_components
    vectors = 8.0 * 3 * side * n_components
    return result + {"full": 8.0 * 3 * side**2, "gram": 8.0 * side**2 + vectors, "products": vectors}[solver]


def _solver(X: Matrix, n_wanted: int) -> str:
    """The way to the eigenvectors that takes the least time and fits memory.

    "full": a decomposition of the Gram matrix; "gram": Lanczos iteration on it; "products": on X itself.
    """
    side, n_numbers = min(X.shape), X.shape[0] * X.shape[1]
    if side <= LARGEST_FULL_SIDE or n_wanted > side // 4:
        return "full"
    passes = max(FEWEST_PASSES, PASSES * n_wanted)
    stored = X.nnz if scipy.sparse.issparse(X) else n_numbers
    gram = IN_PRODUCT * n_numbers * side
    seconds = {
        "full": gram + IN_REDUCTION * 4 / 3 * side**3,
        "gram": gram + IN_PASS * passes * side * (side + 8 * n_wanted),
        "products": IN_PASS * passes * (4 * stored + 8 * side * n_wanted),
    }
    if side**2 > GRAM_SHARE * stored:
        return "products"
    return min(seconds, key=seconds.__getitem__)


def _scores(centred: _Centred, n_components: int) -> np.ndarray:
    n_rows, n_columns = centred.shape
    solver = _solver(centred.X, n_components)
    if n_columns <= n_rows:
        loadings = _leading_eigenvectors(
            centred.gram_of_columns, centred.apply_gram_of_columns, solver, n_columns, n_components
        )
        scores = centred.times(loadings)
    else:
        directions = _leading_eigenvectors(
            centred.gram_of_rows, centred.apply_gram_of_rows, solver, n_rows, n_components
        )
        loadings = centred.transposed_times(directions)
        # The length of X'u is the singular value; a square root of the eigenvalue would lose half its digits.
        scores = directions * np.linalg.norm(loadings, axis=0)
    largest = np.abs(loadings).argmax(axis=0)
    signs = np.where(loadings[largest, np.arange(n_components)] < 0, -1.0, 1.0)
    return scores * signs


class _Centred:
    """X - 1 mean', shapes (n, D) and (D,), never held: dense X is centred in blocks, in double precision.

    Sparse X is kept as it is, the mean entering each product.
    """

    def __init__(self, X: Matrix) -> None:
        self.sparse = scipy.sparse.issparse(X)
        self.X = X.astype(np.float64, copy=False) if self.sparse else X
        self.shape = X.shape
        self.mean = np.asarray(self.X.mean(axis=0, dtype=np.float64)).ravel()

    def _blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        step = max(1, BLOCK_NUMBERS // self.shape[1])
        for start in range(0, self.shape[0], step):
            rows = slice(start, start + step)
            yield rows, _dense(self.X[rows]) - self.mean

    @not_forked()
    def times(self, V: np.ndarray) -> np.ndarray:
        if self.sparse:
            return self.X @ V - self.mean @ V
        out = np.empty((self.shape[0], *V.shape[1:]))
        for rows, block in self._blocks():
            out[rows] = block @ V
        return out

    @not_forked()
    def transposed_times(self, U: np.ndarray) -> np.ndarray:
        if self.sparse:
            return self.X.T @ U - np.multiply.outer(self.mean, U.sum(axis=0))
        out = np.zeros((self.shape[1], *U.shape[1:]))
        for rows, block in self._blocks():
            out += block.T @ U[rows]
        return out

    def apply_gram_of_columns(self, v: np.ndarray) -> np.ndarray:
        return self.transposed_times(self.times(v))

    def apply_gram_of_rows(self, u: np.ndarray) -> np.ndarray:
        return self.times(self.transposed_times(u))

    def _sparse_enough(self) -> bool:
        """Whether a sparse product takes less time than a dense one of blocks."""
        return self.sparse and self.X.nnz < DENSE_SHARE * self.shape[0] * self.shape[1]

    @not_forked()
    def gram_of_columns(self) -> np.ndarray:
        """X'X - n mean mean', (D, D)."""
        if self._sparse_enough():
            product = _dense(self.X.T @ self.X).astype(np.float64, copy=False)
            return product - self.shape[0] * np.multiply.outer(self.mean, self.mean)
        gram = np.zeros((self.shape[1], self.shape[1]))
        for _, block in self._blocks():
            gram += block.T @ block
        return gram

    @not_forked()
    def gram_of_rows(self) -> np.ndarray:
        """XX' - (X mean) 1' - 1 (X mean)' + |mean|^2, (n, n)."""
        if self._sparse_enough():
            projected = self.X @ self.mean
            product = _dense(self.X @ self.X.T)
            return product - projected[:, None] - projected + self.mean @ self.mean
        gram = np.zeros((self.shape[0], self.shape[0]))
        step = max(1, BLOCK_NUMBERS // self.shape[0])
        X = self.X.tocsc() if self.sparse else self.X
        for start in range(0, self.shape[1], step):
            block = _dense(X[:, start : start + step]) - self.mean[start : start + step]
            gram += block @ block.T
        return gram


def _dense(matrix: Matrix) -> np.ndarray:
    return matrix.toarray() if scipy.sparse.issparse(matrix) else matrix


def _leading_eigenvectors(
    gram: Callable[[], np.ndarray],
    apply_gram: Callable[[np.ndarray], np.ndarray],
    solver: str,
    size: int,
    n_wanted: int,
) -> np.ndarray:
    """Orthonormal eigenvectors (size, n_wanted) of the largest eigenvalues, largest first.

    `gram` returns the matrix, `apply_gram` multiplies it to a vector; only one of the two is used.
    """
    if solver != "products":
        matrix = gram()
        if not np.isfinite(matrix).all():
            raise ValueError(
                "expected values whose squares can be summed, found sums that overflow; rescale the data"
            )
        if solver == "full":
            with not_forked():
                return scipy.linalg.eigh(matrix, subset_by_index=(size - n_wanted, size - 1))[1][:, ::-1]
        apply_gram = matrix.__matmul__
    from scipy.sparse.linalg import LinearOperator, eigsh  # which small data do without

    operator = LinearOperator((size, size), matvec=apply_gram, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(size)  # fixed, so that a run can be repeated
    with not_forked():
        values, vectors = eigsh(operator, k=n_wanted, v0=start)
    return vectors[:, np.argsort(values)[::-1]]
