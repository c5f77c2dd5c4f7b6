"""Packages that extras of this one bring: imported where they are needed; an error names the extra.

Each function raises ImportError where its package is missing.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def load_anndata() -> ModuleType:
    """The package anndata, for AnnData in memory and on disk."""
    return _load("anndata", "anndata")


def load_h5py() -> ModuleType:
    """The package h5py."""
    return _load("h5py", "spatial", " to read HDF5 files")


def load_parquet() -> ModuleType:
    """The module pyarrow.parquet."""
    return _load("pyarrow.parquet", "spatial", " to read Parquet files")


def load_shapely() -> ModuleType:
    """The package shapely, for the shapes of SpatialData and outlines of cells."""
    return _load("shapely", "spatial", " to read shapes")


def _load(module: str, extra: str, purpose: str = "") -> ModuleType:
    try:
        import_module(module.partition(".")[0])  # a part that is loaded already would hide that it is missing
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"expected the package {module.partition('.')[0]}{purpose}, found none ({error}); install it "
            f"with pip install 'spasne[{extra}]'"
        ) from error
