"""The measure of rest, as compiled: how far points have moved but for a turn of the whole map."""

import numpy as np
import pytest
from compiled import feed, output_of
from scipy.spatial.transform import Rotation

N = 203  # not a multiple of the lanes


def rms_change(program, before, after):
    n, dims = before.shape
    return float(output_of(feed(program, [dims, n], [before, after])))


def least_rms(before, after):
    """After the best of all turns: Kabsch, Acta Crystallographica A32 (1976) 922."""
    before, after = before - before.mean(axis=0), after - after.mean(axis=0)
    left, _, right = np.linalg.svd(before.T @ after)
    turn = left @ np.diag([*np.ones(before.shape[1] - 1), np.linalg.det(left @ right)]) @ right
    return np.sqrt(((before @ turn - after) ** 2).sum(axis=1).mean())


@pytest.fixture
def before():
    random = np.random.default_rng(0)
    return {dims: random.normal(size=(N, dims)) * [3, 1, 2][:dims] for dims in (1, 2, 3)}


@pytest.mark.parametrize("degrees", [1, 40])
def test_a_turned_plane_is_at_rest(program, before, degrees):
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    # Half-way along the moves: their length is 2 tan(angle / 2), for which no turn leaves more than 0.
    assert rms_change(program, before[2], before[2] @ turn) < 1e-12


def test_a_space_turned_a_little_is_at_rest(program, before):
    turn = Rotation.from_rotvec([0.003, -0.002, 0.001]).as_matrix()
    moved = np.sqrt(((before[3] @ turn - before[3]) ** 2).sum(axis=1).mean())
    assert rms_change(program, before[3], before[3] @ turn) < 0.05 * moved


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_what_is_left_of_other_moves(program, before, dims):
    noise = np.random.default_rng(1).normal(scale=0.01, size=(N, dims))
    after = before[dims] + noise
    if dims > 1:
        turn = np.eye(dims)
        turn[:2, :2] = [[np.cos(0.01), np.sin(0.01)], [-np.sin(0.01), np.cos(0.01)]]
        after = after @ turn
    assert rms_change(program, before[dims], after) == pytest.approx(least_rms(before[dims], after), rel=1e-2)


def test_a_shift_is_at_rest(program, before):
    assert rms_change(program, before[2], before[2] + [5, -7]) < 1e-12


def test_points_in_one_place(program):
    nowhere = np.zeros((N, 3))
    assert rms_change(program, nowhere, nowhere) == 0
