"""SpaSNE without its Python package: data.dat by hand, and the map from result.dat."""

import subprocess

import numpy as np

rng = np.random.default_rng(0)
pixels = rng.uniform(0, 5000, size=(300, 2))
X = pixels @ rng.normal(size=(2, 20)) + rng.normal(scale=2000, size=(300, 20))

with open("data.dat", "wb") as file:
    np.array(X.shape, "<i4").tofile(file)  # n, D
    np.array([0.5, 50], "<f8").tofile(file)  # theta, perplexity
    np.array([2, 1000], "<i4").tofile(file)  # no_dims, max_iter
    X.astype("<f8").tofile(file)
    np.array([1, *pixels.shape], "<i4").tofile(file)  # seed, n0, D0
    pixels.astype("<f8").tofile(file)
    np.array([8, 2, 4], "<f8").tofile(file)  # alpha, beta, exaggeration

subprocess.run(["spasne"], check=True)  # or type `spasne` in this folder

with open("result.dat", "rb") as file:
    n, no_dims = np.fromfile(file, "<i4", 2)
    Y = np.fromfile(file, "<f8", n * no_dims).reshape(n, no_dims)
print(Y.shape)
