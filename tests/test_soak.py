"""Random small problems of every kind: a part of those that `make soak` takes."""

import pytest
from soak import compared

N_PROBLEMS, AT_ONCE = 300, 25


@pytest.mark.parametrize("first", range(0, N_PROBLEMS, AT_ONCE))
def test_the_executable_agrees_with_its_slow_twin(spasne_binary, first):
    compared_ones = {number: compared(number, spasne_binary)[1] for number in range(first, first + AT_ONCE)}
    assert {number: lines for number, lines in compared_ones.items() if lines} == {}
