"""No parameter is lost on its way from a call to the data file, whichever are added; nor is memory."""

import inspect
import weakref
from dataclasses import fields

import numpy as np
import pytest

import spasne
from spasne_tools import estimator
from spasne_tools.run import embedding
from spasne_tools.run.data_file import write_data_file
from spasne_tools.run.embedding import embed, run_in_folder
from spasne_tools.run.method import chosen_method
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


GRAPH = (np.argsort(np.linalg.norm(DATA[:, None] - DATA, axis=2), axis=1)[:, 1:16], np.ones((30, 15)))


@pytest.mark.usefixtures("real_executable")
@pytest.mark.parametrize(
    "parameters",
    [{"theta": 0}, {"theta": 0.5}, {"method": "exact"}, {"method": "barnes_hut"}, {"method": "interpolation"},
     {"theta": 0, "neighbors": GRAPH}],
    ids=["theta 0", "theta 0.5", "exact", "barnes_hut", "interpolation", "neighbors"],
)  # fmt: skip
def test_the_method_is_the_one_that_the_executable_takes(parameters):
    chosen = Parameters(**parameters, perplexity=5, max_iter=0)
    assert chosen_method(chosen, len(DATA)) == embed(DATA, PIXELS, chosen).report["method"]


@pytest.mark.usefixtures("real_executable")
@pytest.mark.parametrize("module", [embedding, estimator])
def test_the_data_are_not_held_during_the_run(monkeypatch, module):
    prepared, held = [], []

    def prepare(*arguments):
        problem = prepare_problem(*arguments)
        prepared.append(weakref.ref(problem))
        return problem

    def run(*arguments):
        held.append(prepared[0]())
        return run_in_folder(*arguments)

    monkeypatch.setattr(module, "prepare_problem", prepare)
    monkeypatch.setattr(embedding, "run_in_folder", run)
    if module is embedding:
        embed(DATA, PIXELS, Parameters(perplexity=5, max_iter=1))
    else:
        spasne.SpaSNE(perplexity=5, max_iter=1).fit(DATA, pixels=PIXELS)
    assert held == [None]
