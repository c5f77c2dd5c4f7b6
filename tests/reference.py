"""The SpaSNE method written down as plainly as possible, to check the fast program against.

Everything is dense NumPy in the order of the papers: nothing is merged, cached or approximated except where
the published program itself approximates (the space-partitioning tree used when theta > 0).

Sources: Zhou et al., GigaScience 14 (2025) giaf002 (objective); van der Maaten, JMLR 15 (2014) 3221-3245
(tree); the GNU C library's random_r.c (random stream).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

RAND_MAX = 2**31 - 1
INIT_SCALE = 1e-4
LEARNING_RATE = 500.0
LAST_EARLY_ITERATION = 250  # the last iteration that is exaggerated and has the low momentum
EARLY_MOMENTUM, LATE_MOMENTUM = 0.5, 0.8
GAIN_STEP, GAIN_DECAY, GAIN_FLOOR = 0.15, 0.85, 0.01
ENTROPY_TOLERANCE, MAX_BISECTIONS = 1e-5, 200
ROOT_MARGIN = 1e-5


@dataclass
class Case:
    """One run: the fields of data.dat; those after `exaggeration` are its extension, None meaning absent."""

    X: np.ndarray
    pixels: np.ndarray
    theta: float = 0.5
    perplexity: float = 10.0
    no_dims: int = 2
    max_iter: int = 10
    seed: int = 1
    alpha: float = 8.0
    beta: float = 2.0
    exaggeration: float = 4.0
    method: str | None = None
    learning_rate: float | None = None
    max_step: float | None = None
    descent: str | None = None
    start: str | None = None
    init: np.ndarray | None = None
    global_scale: float | None = None
    pixel_offset: float | None = None
    accuracy: float | None = None
    stop_tolerance: float | None = None
    graph: tuple[np.ndarray, np.ndarray] | None = None  # neighbours of each point, (N, k), and distances
    runs: np.ndarray | None = None  # rows of alpha, beta, seed: a batch
    scales: np.ndarray | None = None  # global scale of each run
    sections: np.ndarray | None = None  # code of each point's section

    @property
    def sigma(self):
        return 1.0 if self.global_scale is None else self.global_scale

    @property
    def offset(self):
        return 1.0 if self.pixel_offset is None else self.pixel_offset

    @property
    def pairs(self):
        """Pairs of the spatial term, (N, N): those of two points of the same section; 1.0 where all are."""
        if self.sections is None or len(set(self.sections)) == 1:
            return 1.0
        return np.equal.outer(self.sections, self.sections).astype(float)


# --- random start ---


def glibc_rand(seed):
    """Yield the stream of the GNU C library's rand() after srand(seed >= 0): TYPE_3 additive feedback."""
    state = [seed or 1]
    for _ in range(30):
        state.append(16807 * state[-1] % RAND_MAX)  # Park-Miller; state[0] may be RAND_MAX, then all is 0
    for _ in range(3):
        state.append(state[-31])
    for _ in range(310):  # warm-up: these are computed but not given out
        state.append((state[-3] + state[-31]) % 2**32)
    while True:
        state = state[-31:] + [(state[-3] + state[-31]) % 2**32]
        yield state[-1] >> 1


def random_start(seed, n_points, no_dims):
    """Y ~ N(0, 1e-4^2), row by row, by Marsaglia's polar method; the second of each pair is not used."""
    uniform = (2 * r / (RAND_MAX + 1) - 1 for r in glibc_rand(seed))
    normals = []
    while len(normals) < n_points * no_dims:
        x, y = next(uniform), next(uniform)
        radius = x * x + y * y
        if 0 < radius < 1:
            normals.append(x * np.sqrt(-2 * np.log(radius) / radius))
    return np.array(normals).reshape(n_points, no_dims) * INIT_SCALE


# --- affinities ---


def squared_distances(A):
    """|a_i - a_j|^2, shape (N, N), from the differences themselves."""
    D = np.zeros((len(A), len(A)))
    for column in A.T:
        D += np.subtract.outer(column, column) ** 2
    return D


def scaled(X):
    """X centred per column and divided by the largest |entry|."""
    X = X - X.mean(axis=0)
    return X / np.abs(X).max()


@np.errstate(over="ignore", invalid="ignore")
def row_affinities(d2, i, perplexity):
    """Row i of the conditional affinities: exp(-precision d^2) / sum at the precision found by bisection.

    Where precision -0.5 gives too few neighbours as well as 1, the published search runs away towards minus
    infinity and ends in NaN; so does this one.
    """
    precision, low, high = 1.0, None, None
    for _ in range(MAX_BISECTIONS):
        p = np.exp(-precision * d2)
        p[i] = np.finfo(float).tiny
        entropy = np.sum(precision * d2 * p) / np.sum(p) + np.log(np.sum(p))
        excess = entropy - np.log(perplexity)
        if abs(excess) < ENTROPY_TOLERANCE:
            break
        if excess > 0:
            low = precision
            precision = precision * 2 if high is None else (precision + high) / 2
            continue
        high = precision
        if low is not None:
            precision = (precision + low) / 2
        elif precision < 0:
            precision *= 2
        else:
            precision = -0.5 if precision <= 1 else precision / 2
    return p / np.sum(p)


def normalised(A):
    """A without its diagonal, divided by its sum."""
    A = A.copy()
    np.fill_diagonal(A, 0)
    return A / A.sum()


def local_affinities(X, perplexity):
    """P: symmetrised Gaussian affinities of the scaled X over all pairs."""
    d2 = squared_distances(scaled(X))
    P = np.array([row_affinities(row, i, perplexity) for i, row in enumerate(d2)])
    P = (P + P.T) / (2 * P.sum())  # with the diagonal, which counts where all of a row is as small
    np.fill_diagonal(P, 0)
    return P


def nearest_neighbours(A, n_neighbours):
    """Indices and squared distances of the other rows nearest to each row of A, (N, n_neighbours) each."""
    d2 = squared_distances(A)
    np.fill_diagonal(d2, np.inf)
    index = np.argsort(d2, axis=1, kind="stable")[:, :n_neighbours]
    return index, np.take_along_axis(d2, index, axis=1)


def neighbour_affinities(X, perplexity, graph=None):
    """P over the neighbours only: as `local_affinities`, 0 for all other pairs.

    They are those of the graph, whose distances are in the units of X, or the 3 * perplexity nearest.
    """
    if graph is None:
        index, d2 = nearest_neighbours(scaled(X), min(len(X) - 1, int(3 * perplexity)))
    else:
        index, d2 = graph[0], (graph[1] / np.abs(X - X.mean(axis=0)).max()) ** 2
    itself = np.zeros((len(X), 1))
    P = np.zeros((len(X), len(X)))
    for i, row in enumerate(np.hstack([d2, itself])):
        P[i, index[i]] = row_affinities(row, len(row) - 1, perplexity)[:-1]
    return (P + P.T) / (2 * len(X))


def global_affinities(A, offset=1.0, pairs=1.0):
    """(offset + |a_i - a_j|^2) / sum: Pg of the scaled X, Ps of the positions as they are given."""
    return normalised(pairs * (offset + squared_distances(A)))


def affinities(case):
    """(P, Pg, Ps) of a case; P over neighbours for method `interpolation`, else over all pairs."""
    if case.method == "interpolation":
        P = neighbour_affinities(case.X, case.perplexity, case.graph)
    else:
        P = local_affinities(case.X, case.perplexity)
    return P, global_affinities(scaled(case.X)), global_affinities(case.pixels, case.offset, case.pairs)


# --- objective ---


def map_affinities(Y, sigma=1.0, pairs=1.0):
    """(Q, Qg, Qs) of the map; Qs is Qg over the pairs of the spatial term."""
    d2 = squared_distances(Y)
    far = 1 + sigma**2 * d2
    return normalised(1 / (1 + d2)), normalised(far), normalised(pairs * far)


def divergence_shares(P, Q):
    """sum_j P_ij log(P_ij / Q_ij) per row; 0 log 0 = 0."""
    positive = P > 0
    ratio = np.divide(P, Q, out=np.ones_like(P), where=positive)
    return np.sum(P * np.log(ratio), axis=1)


def cost_terms(Y, P_all, alpha, beta, sigma=1.0, pairs=1.0):
    """Shares of each point in KL(P||Q), alpha KL(Pg||Qg) and beta KL(Ps||Qs), shape (3, N)."""
    P, P_global, P_space = P_all
    Q, Q_global, Q_space = map_affinities(Y, sigma, pairs)
    return np.array(
        [
            divergence_shares(P, Q),
            alpha * divergence_shares(P_global, Q_global),
            beta * divergence_shares(P_space, Q_space),
        ]
    )


def cost_shares(Y, P_all, alpha, beta, sigma=1.0, pairs=1.0):
    """Each point's share of C(Y); their sum is C."""
    return cost_terms(Y, P_all, alpha, beta, sigma, pairs).sum(axis=0)


def weighted_differences(M, Y):
    """sum_j M_ij (y_i - y_j)."""
    return np.stack([np.sum(M * np.subtract.outer(y, y), axis=1) for y in Y.T], axis=1)


def gradient(Y, P_all, alpha, beta, sigma=1.0, pairs=1.0):
    """dC/dY by definition, without the constant factor 4.

    sum_j (p - q) (y_i - y_j) / (1 + d^2)
    - sigma^2 sum_j [alpha (pg - qg) + beta (ps - qs)] (y_i - y_j) / (1 + sigma^2 d^2)
    """
    P, P_global, P_space = P_all
    Q, Q_global, Q_space = map_affinities(Y, sigma, pairs)
    d2 = squared_distances(Y)
    local = (P - Q) / (1 + d2)
    far = alpha * (P_global - Q_global) + beta * (P_space - Q_space)
    return weighted_differences(local - sigma**2 * far / (1 + sigma**2 * d2), Y)


# --- space-partitioning tree ---


@dataclass
class Node:
    """A cell: its members, their mean, its largest half-width, and its non-empty children (none: a leaf)."""

    members: np.ndarray
    mean: np.ndarray
    half_width: float
    children: list


def build_tree(Y):
    """The tree over Y: the root is centred at mean(Y) and reaches just beyond the farthest point."""
    centre = Y.mean(axis=0)
    half = np.maximum(Y.max(axis=0) - centre, centre - Y.min(axis=0)) + ROOT_MARGIN
    return build_cell(Y, np.arange(len(Y)), centre, half)


def build_cell(Y, members, centre, half):
    """Split into 2^d cells until each leaf holds one point, or points identical to each other."""
    points = Y[members]
    node = Node(members, points.mean(axis=0), half.max(), [])
    if np.all(points == points[0]):
        return node
    upper = points >= centre  # a point on the border belongs to the upper cell
    for side in itertools.product([True, False], repeat=Y.shape[1]):
        inside = members[np.all(upper == side, axis=1)]
        if len(inside):
            child_centre = np.where(side, centre + half / 2, centre - half / 2)
            node.children.append(build_cell(Y, inside, child_centre, half / 2))
    return node


def tree_sums(Y, theta, sigma=1.0):
    """Repulsion sum_j K_ij^2 (y_i - y_j), and the normalisers Z and Zg, summed over the cells of the tree."""
    repulsion, Z = np.zeros_like(Y), np.zeros((2, len(Y)))

    def visit(node, points):
        if not node.children and len(node.members) == 1:
            points = points[points != node.members[0]]
        diff = Y[points] - node.mean
        d2 = np.sum(diff**2, axis=1)
        # half_width / distance < theta; a leaf is always summarised
        taken = np.full(len(points), True) if not node.children else node.half_width < theta * np.sqrt(d2)
        n, kernel = len(node.members), 1 / (1 + d2[taken])
        repulsion[points[taken]] += n * kernel[:, None] ** 2 * diff[taken]
        Z[0, points[taken]] += n * kernel
        Z[1, points[taken]] += n * (1 + sigma**2 * d2[taken])
        for child in node.children if not np.all(taken) else []:
            visit(child, points[~taken])

    visit(build_tree(Y), np.arange(len(Y)))
    return repulsion, Z[0].sum(), Z[1].sum()


def tree_gradient(Y, P_all, alpha, beta, theta, sigma=1.0, pairs=1.0):
    """The published gradient for theta > 0: exact attraction, repulsion and both normalisers from the tree.

    The force of Qg is linear in the map: sum_j (y_i - y_j) / Zg = (N y_i - sum_j y_j) / Zg. With several
    sections (`pairs` an array) that of Qs, over pairs within them, has an exact normaliser of its own.
    """
    P, P_global, P_space = P_all
    d2 = squared_distances(Y)
    pull = P / (1 + d2) - sigma**2 * (alpha * P_global + beta * P_space) / (1 + sigma**2 * d2)
    repulsion, Z_local, Z_global = tree_sums(Y, theta, sigma)
    linear = len(Y) * Y - Y.sum(axis=0)
    push = repulsion / Z_local
    if np.ndim(pairs) == 0:
        spread = (alpha + beta) * linear / Z_global
    else:
        far = normalised(pairs * (1 + sigma**2 * d2)) / (1 + sigma**2 * d2)
        spread = alpha * linear / Z_global + beta * weighted_differences(far, Y)
    return weighted_differences(pull, Y) - push + sigma**2 * spread


# --- optimiser ---


def initial_map(case):
    """The start given with the case, otherwise the random one."""
    if case.init is not None:
        return np.array(case.init, dtype=float)
    return random_start(case.seed, len(case.X), case.no_dims)


def run(case, last_early=LAST_EARLY_ITERATION, limit=np.inf):
    """The map after case.max_iter iterations of gradient descent with gains and momentum.

    No step is longer than `limit`, times the map's root-mean-square radius where that is above 1.
    """
    P, P_global, P_space = affinities(case)
    learning_rate = LEARNING_RATE if case.learning_rate is None else case.learning_rate
    if learning_rate == 0:
        learning_rate = max(LEARNING_RATE, len(case.X) / case.exaggeration)
    of_tree = case.theta > 0 and case.method in (None, "barnes_hut")
    Y = initial_map(case)
    velocity, gains = np.zeros_like(Y), np.ones_like(Y)
    for iteration in range(case.max_iter):
        early = iteration <= last_early
        P_all = (P * case.exaggeration if early else P), P_global, P_space
        if of_tree:
            slope = tree_gradient(Y, P_all, case.alpha, case.beta, case.theta, case.sigma, case.pairs)
        else:
            slope = gradient(Y, P_all, case.alpha, case.beta, case.sigma, case.pairs)
        downhill = np.sign(slope) != np.sign(velocity)
        gains = np.maximum(np.where(downhill, gains + GAIN_STEP, gains * GAIN_DECAY), GAIN_FLOOR)
        momentum = EARLY_MOMENTUM if early else LATE_MOMENTUM
        velocity = momentum * velocity - learning_rate * gains * slope
        longest = limit * max(1, np.sqrt(np.mean(np.sum(Y**2, axis=1))))
        velocity = velocity / np.maximum(1, np.linalg.norm(velocity, axis=1, keepdims=True) / longest)
        Y = Y + velocity
        Y = Y - Y.mean(axis=0)
    return Y
