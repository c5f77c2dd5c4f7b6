"""No parameter is lost on its way from a call to the data file, whichever are added."""

import inspect
from dataclasses import fields

import numpy as np
import pytest

import spasne
from spasne_tools.run.data_file import write_data_file
from spasne_tools.run.parameters import Parameters, Settings
from spasne_tools.run.prepare import prepare_problem

DATA, PIXELS = np.random.default_rng(0).normal(size=(2, 30, 4)) * 100


def another_value(parameter):
    """One that is allowed and not the default."""
    flag = parameter.metadata["flag"]
    if flag is not None and flag.choices:
        return flag.choices[-1]
    return parameter.default + 1 if parameter.type == "int" else 0.37


def data_file(folder, **parameters):
    problem = prepare_problem(DATA, PIXELS, Parameters(**{"perplexity": 5, **parameters}))
    write_data_file(folder / "data.dat", problem)
    return (folder / "data.dat").read_bytes()


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_every_setting_is_in_the_data_file(tmp_path, setting):
    assert data_file(tmp_path, **{setting.name: another_value(setting)}) != data_file(tmp_path)


def test_run_spasne_takes_every_parameter():
    names = inspect.signature(spasne.run_spasne).parameters.keys() - {"data", "pixels", "verbose"}
    assert names == {parameter.name for parameter in fields(Parameters)}


def test_an_argument_that_is_no_parameter_is_refused():
    arguments = {"data": DATA, "alpha": 3.0, "sigma": 0.1}
    with pytest.raises(TypeError, match="sigma"):
        Parameters.from_arguments(arguments, besides=("data",))
    del arguments["sigma"]
    assert Parameters.from_arguments(arguments, besides=("data",)) == Parameters(alpha=3.0)
