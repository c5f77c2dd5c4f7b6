"""Fourier transforms and sums over a grid, as compiled, against NumPy and direct sums."""

import numpy as np
import pytest
from compiled import INSTRUCTION_SETS, feed, output_of

LANES = 8
SIZES = sorted(2**a * 3**b for a in range(9) for b in range(6) if 2**a * 3**b <= 256)
TOLERANCE = 1e-4  # of every sum, at the default accuracy
ACCURACY = 1e-3


def numbers(done):
    return np.frombuffer(output_of(done), np.float64)


def uniform(n, dims, radius, seed=0):
    """Points spread evenly over a ball."""
    random = np.random.default_rng(seed)
    direction = random.normal(size=(n, dims))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return radius * direction * random.random((n, 1)) ** (1 / dims)


def clustered(n, dims, radius, seed=0):
    random = np.random.default_rng(seed)
    centres = 0.45 * random.normal(size=(30, dims))
    return radius * (centres[random.integers(30, size=n)] + 0.03 * random.normal(size=(n, dims)))


def charges_for(Y, n_charges, seed=1):
    """As those of global terms, in single precision: 1, half the others' squared norm, components, zeros."""
    random = np.random.default_rng(seed)
    q = np.zeros((len(Y), n_charges))
    components = random.normal(size=(len(Y), n_charges - 3)) / np.sqrt(1 + np.arange(n_charges - 3))
    components += 0.5 * Y[:, [0]] / np.abs(Y).max()
    q[:, 0] = 1
    q[:, 1] = (components**2).sum(axis=1) / 2
    q[:, 2:-1] = components
    return q.astype(np.float32).astype(float)


def grid_sums(
    program, Y, charges=None, scale2=1.0, accuracy=ACCURACY, a=0.5, threads=2, instruction_set=None
):
    n, dims = Y.shape
    n_charges = 1 if charges is None else charges.shape[1]
    arguments = ["sums", dims, n, n_charges, scale2, accuracy, a, threads]
    arrays = [Y.T] if charges is None else [Y.T, charges]
    output = numbers(feed(program, arguments, arrays, instruction_set)).reshape(-1, n)
    sums = {"repulsion": output[:dims], "Z": output[dims]}
    if charges is not None:
        sums |= {"force": output[dims + 1 : -1], "value": output[-1]}
    return sums


def direct_sums(Y, charges=None, scale2=1.0, a=0.5, points=200):
    """The same sums for every (n // points)-th point, term by term."""
    chosen = np.arange(0, len(Y), max(1, len(Y) // points))
    difference = Y[chosen, None] - Y
    d2 = (difference**2).sum(axis=2)
    kernel = 1 / (1 + d2)
    kernel[np.arange(len(chosen)), chosen] = 0
    sums = {"repulsion": np.einsum("ij,ijk->ki", kernel**2, difference), "Z": kernel.sum(axis=1)}
    if charges is not None:
        u, q = charges[:, 1], charges[:, 2:]
        weight = a + u[chosen, None] + u - q[chosen] @ q.T
        sums["force"] = np.einsum("ij,ijk->ki", weight * scale2 / (1 + scale2 * d2), difference)
        sums["value"] = (weight * np.log1p(scale2 * d2)).sum(axis=1)
    return chosen, sums


def errors(program, Y, charges=None, scale2=1.0, **options):
    """Relative error of each sum in the L2 norm."""
    found = grid_sums(program, Y, charges, scale2, **options)
    chosen, expected = direct_sums(Y, charges, scale2)
    return {
        name: np.linalg.norm(found[name][..., chosen] - value) / np.linalg.norm(value)
        for name, value in expected.items()
    }


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
@pytest.mark.parametrize("n", SIZES)
def test_transforms_agree_with_numpy(program, n, instruction_set):
    random = np.random.default_rng(n)
    x = random.normal(size=(n, LANES)) + 1j * random.normal(size=(n, LANES))
    split = np.hstack([x.real, x.imag])
    for inverse, expected in [(0, np.fft.fft(x, axis=0)), (1, n * np.fft.ifft(x, axis=0))]:
        output = numbers(feed(program, ["fft", n, inverse], [split], instruction_set)).reshape(n, 2 * LANES)
        found = output[:, :LANES] + 1j * output[:, LANES:]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14 * n)


def test_other_sizes_of_transforms_are_refused(program):
    done = feed(program, ["fft", 10, 0], [np.zeros(160)])
    assert done.returncode == 1
    assert b"expected a transform of size 2^a 3^b, found 10" in done.stderr


@pytest.mark.parametrize("radius", [1e-6, 1e-4, 0.01, 0.1, 0.3, 0.6, 1, 1.5, 3, 6])
@pytest.mark.parametrize("dims", [1, 2])
def test_sums_of_maps_of_any_size(program, dims, radius):
    Y = uniform(2000, dims, radius)
    assert max(errors(program, Y, charges_for(Y, 24)).values()) < TOLERANCE


@pytest.mark.parametrize("radius", [1e-4, 0.6, 1.5])
def test_sums_in_three_dimensions(program, radius):
    Y = uniform(2000, 3, radius)
    assert max(errors(program, Y, charges_for(Y, 8)).values()) < TOLERANCE


@pytest.mark.parametrize("n_charges", [8, 16, 208])
@pytest.mark.parametrize("radius", [1.5, 5])
def test_sums_of_clusters(program, radius, n_charges):
    Y = clustered(2000, 2, radius)
    assert max(errors(program, Y, charges_for(Y, n_charges)).values()) < TOLERANCE


@pytest.mark.parametrize("scale2", [9, 0.09, 1e-3, 1e-6])
def test_scaled_kernels(program, scale2):
    Y = clustered(2000, 2, 4 if scale2 < 1 else 1.5)
    assert max(errors(program, Y, charges_for(Y, 24), scale2=scale2).values()) < TOLERANCE


@pytest.mark.parametrize("shape", [uniform, clustered])
@pytest.mark.parametrize("dims", [1, 2])
def test_wide_maps_without_charges(program, dims, shape):
    assert max(errors(program, shape(10000, dims, 50)).values()) < TOLERANCE


def test_a_map_far_from_the_origin(program):
    Y = uniform(2000, 2, 1.5) + [1000.3, -2000.7]
    assert max(errors(program, Y, charges_for(Y, 8)).values()) < TOLERANCE


@pytest.mark.parametrize("n_far", [1, 9])
@pytest.mark.parametrize("with_charges", [False, True])
def test_few_points_far_away(program, with_charges, n_far):
    Y = uniform(2003, 2, 1.5)
    far = slice(0, 101 * n_far, 101)  # nine: in every lane of a vector
    Y[far] *= 5000 + np.arange(n_far)[:, None]
    charges = charges_for(Y, 16) if with_charges else None
    found = errors(program, Y, charges)
    assert max(found.values()) < TOLERANCE
    chosen, expected = direct_sums(Y, charges, points=2003)
    sums = grid_sums(program, Y, charges)
    for name, value in expected.items():  # those points themselves: exactly summed
        np.testing.assert_allclose(
            sums[name][..., far], value[..., far], rtol=1e-9, atol=1e-12 * np.abs(value).max()
        )


def test_maps_too_large_for_a_grid_are_summed_coarsely(program):
    """Half of the points far from the others: fewer nodes than asked for, finite sums, bounded memory."""
    Y = uniform(2000, 2, 1.0)
    Y[:1000] *= 1e6
    for values in grid_sums(program, Y, charges_for(Y, 8)).values():
        assert np.isfinite(values).all()


@pytest.mark.parametrize("n", [1, 2, 7, 9])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_very_few_points(program, dims, n):
    Y = uniform(n, dims, 1.0)
    charges = charges_for(Y, 8)
    found, (_, expected) = grid_sums(program, Y, charges), direct_sums(Y, charges, points=n)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-3, atol=1e-3)


def test_points_all_at_one_place(program):
    sums = grid_sums(program, np.zeros((100, 2)), charges_for(uniform(100, 2, 1.0), 8))
    np.testing.assert_allclose(sums["Z"], 99)
    np.testing.assert_allclose(sums["repulsion"], 0, atol=1e-12)
    np.testing.assert_allclose(sums["force"], 0, atol=1e-12)


def test_a_map_that_is_not_finite_is_refused(program):
    Y = uniform(100, 2, 1.0)
    Y[37, 1] = np.nan
    done = feed(program, ["sums", 2, 100, 1, 1, ACCURACY, 0, 1], [Y.T])
    assert done.returncode == 1
    assert b"the map is not finite" in done.stderr


def test_accuracy_is_a_parameter(program):
    Y = clustered(2000, 2, 3)
    coarse, fine = (errors(program, Y, charges_for(Y, 8), accuracy=accuracy) for accuracy in (1e-2, 1e-5))
    for name in coarse:
        assert fine[name] < 1e-2 * coarse[name]
        assert fine[name] < 1e-6


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_instruction_sets(program, dims, instruction_set):
    Y = clustered(2000, dims, 1.5)
    assert max(errors(program, Y, charges_for(Y, 8), instruction_set=instruction_set).values()) < TOLERANCE


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("far", [False, True])
def test_the_number_of_threads_changes_no_byte(program, dims, far):
    Y = uniform(3000, dims, 1.2)
    if far:
        Y[5] = 1e5
    charges = charges_for(Y, 16)
    one, *others = (grid_sums(program, Y, charges, threads=threads) for threads in (1, 2, 3, 16))
    for other in others:
        for name, values in one.items():
            assert values.tobytes() == other[name].tobytes()
