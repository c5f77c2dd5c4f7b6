"""What observations are coloured by: columns, genes, and the colours that scanpy keeps in uns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import is_color_like, to_hex, to_rgba_array

from spasne_tools.plotting.class_colours import PALETTE, Looks, Palette, looks_of
from spasne_tools.plotting.nearest import nearest_to

# White or black, and its share, in further rounds of the palette.
SHADES = ((1.0, 0.4), (0.0, 0.35), (1.0, 0.65))
MOST_NAMED = 10  # columns that an error lists


@dataclass(frozen=True)
class Column:
    """Values (n,) of one thing to colour by: numbers as floats, classes as they are."""

    name: str
    values: pd.Series
    gene: bool

    @property
    def is_continuous(self) -> bool:
        """Numbers, not classes."""
        return pd.api.types.is_float_dtype(self.values.dtype)


def read_column(adata: Any, name: str, layer: str | None, gene_symbols: str | None) -> Column:
    """A column of obs, else a gene, from `layer`, from raw or from X; ValueError where there is none."""
    if name in adata.obs:
        column = adata.obs[name].reset_index(drop=True)
        numbers = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        return Column(name, column.astype(float) if numbers else column, gene=False)
    source = adata.raw if layer is None and adata.raw is not None else adata
    gene = name if gene_symbols is None else _gene_of_symbol(source.var, name, gene_symbols)
    if gene not in source.var_names:
        known = nearest_to(str(name), map(str, [*adata.obs, *source.var_names]))
        known = known or f"; columns of obs: {', '.join(map(str, adata.obs.columns[:MOST_NAMED])) or 'none'}"
        raise ValueError(f"expected color to be a column of obs or a gene, found {name!r}{known}")
    if (n_genes := int((source.var_names == gene).sum())) > 1:
        raise ValueError(
            f"expected one gene {gene!r}, found {n_genes} of that name; adata.var_names_make_unique() tells "
            "them apart"
        )
    values = source.obs_vector(gene) if source is adata.raw else adata.obs_vector(gene, layer=layer)
    return Column(name, pd.Series(np.asarray(values, dtype=float)), gene=True)


def _gene_of_symbol(var: pd.DataFrame, name: str, gene_symbols: str) -> str:
    """The name of the only gene of that symbol."""
    if gene_symbols not in var:
        raise ValueError(f"expected gene_symbols to be a column of var, found {gene_symbols!r}")
    found = var.index[(var[gene_symbols] == name).to_numpy()]
    if len(found) != 1:
        raise ValueError(
            f"expected color to be a column of obs or the symbol of one gene, found {name!r}, of {len(found)}"
        )
    return str(found[0])


def class_looks(adata: Any, name: str, palette: Palette | None) -> Looks:
    """Colour and marker of each class of obs[name], as scanpy's figures of the same AnnData show it.

    Colours come from uns["<name>_colors"]; where those are missing, too few or no colours, or `palette` asks
    for others, they are written there. Texts become a category first, as in scanpy's figures.
    """
    if not adata.isbacked:
        adata.strings_to_categoricals()
    column = pd.Categorical(adata.obs[name])
    classes, key = list(column.categories), f"{name}_colors"
    kept = adata.uns.get(key)
    if palette is None and kept is not None and len(kept) >= len(classes) and all(map(is_color_like, kept)):
        return looks_of(classes, list(kept))
    looks = looks_of(classes, shaded_palette() if palette is None else palette)
    adata.uns[key] = [colour for colour, _ in looks.values()]
    return looks


def shaded_palette() -> Sequence[str]:
    """80 colours: the palette, then lighter and darker ones of it.

    Scanpy's figures have one marker for all classes, so that colours alone must tell them apart.
    """
    colours = list(PALETTE)
    for ground, share in SHADES:
        mixed = (1 - share) * to_rgba_array(PALETTE) + share * ground
        colours += [to_hex(tuple(colour[:3])) for colour in mixed]
    return colours
