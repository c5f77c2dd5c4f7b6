"""Which names belong to identifiers of rows or to control features, and so to no gene.

Control features are what a platform counts to measure its own background: negative probes, blank and
unassigned codewords, spike-ins. Their names are those of the vendors' documents (10x Xenium, Vizgen MERSCOPE,
NanoString CosMx and GeoMx) and survive what R makes of them (``Blank.1``, ``NegPrb-1``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

# Names of columns that identify a row, as `plain_name` has them.
IDENTIFIERS = frozenset(
    """
    barcode barcodes bead beadbarcode beadid beads bin binid cell cellbarcode cellbarcodes cellid cellids
    cellidentifier cellindex cellkey celllabel cellname cellnames cells celluid dnbid entityid instanceid
    nucleusid objectid obsname obsnames roiid rownames segmentid spot spotbarcode spotid spotids spotname
    spotnames spots uid uniqueid
    """.split()
)
# Names that say so of the first column only: elsewhere they may well be something else.
FIRST_IDENTIFIERS = IDENTIFIERS | frozenset(
    "id ids index key label name names object rowname rownumber sample v1".split() + [""]
)
IN_TISSUE = "in_tissue"  # the column of Space Ranger's positions that `on_tissue` reads
FIELD_NAMES = frozenset(["fov", "fovid", "fieldofview"])  # a cell's number may count anew in each
# Names that pandas, readr and data.table give to a column without one.
_UNNAMED = re.compile(r"unnamed:? ?\d+|\.\.\.\d+", re.IGNORECASE)

_SEPARATOR = r"[-_. ]?"
_CONTROL = re.compile(
    rf"""
    blank(?![a-z])                                                  # Blank-12, BLANK_0006
    | blank{_SEPARATOR}(codeword|probe)
    | neg(ative)?{_SEPARATOR}(control|ctrl|ctl|prb|probe|add\d)     # NegControlProbe_00042, NegPrb3
    | (negative|neg){_SEPARATOR}\d*$                                # Negative4; NEGR1 is a gene
    | (unassigned|deprecated)(?![a-z])                              # DEPRECATED_ENSG00000123456
    | (unassigned|deprecated){_SEPARATOR}(codeword|probe|gene)
    | (system|genomic){_SEPARATOR}control
    | control{_SEPARATOR}(probe|codeword)
    | false{_SEPARATOR}code                                         # FalseCode7
    | intergenic{_SEPARATOR}region
    | antisense_                                                    # antisense_PROKR2; PROKR2-AS1 is a gene
    | ercc-\d\d\d\d\d$                                              # spike-ins; ERCC2 is a gene
    | __(no_feature|ambiguous|too_low_aqual|not_aligned|alignment_not_unique)$  # of HTSeq
    | n_(unmapped|multimapping|nofeature|ambiguous)$                # of STAR
    """,
    re.IGNORECASE | re.VERBOSE,
)
_CONTROL_KIND = re.compile("control|blank|negative|codeword|unassigned|deprecated", re.IGNORECASE)


def plain_name(name: Any) -> str:
    """`name` in lower case without the characters ``_ - .`` and spaces: ``Cell_ID`` is ``cellid``."""
    return re.sub(r"[-_.\s]", "", str(name)).lower()


def is_unnamed(name: Any) -> bool:
    """Whether a column has no name, or one that a program made up: "", ``Unnamed: 0``, ``...1``.

    Examples
    --------
    >>> [is_unnamed(name) for name in ("", "Unnamed: 0", "...1", "Gad1")]
    [True, True, True, False]
    """
    text = str(name).strip()
    return not text or _UNNAMED.fullmatch(text) is not None


def is_identifier(name: Any, first: bool = False) -> bool:
    """Whether a column of this name identifies rows; `first`: it is the first column.

    Examples
    --------
    >>> [is_identifier(name) for name in ("barcode", "EntityID", "cell_ID", "Gad1", "x", "name")]
    [True, True, True, False, False, False]
    >>> is_identifier("name", first=True)
    True
    """
    known = FIRST_IDENTIFIERS if first else IDENTIFIERS
    return plain_name(name) in known or is_unnamed(name)


def is_field_of_view(name: Any) -> bool:
    """Whether a column of this name holds fields of view, which with a cell's number identify it."""
    return plain_name(name) in FIELD_NAMES


def identifier_columns(columns: Iterable[Any]) -> list[Any]:
    """Those of the names of a table's columns that are identifiers or fields of view, hence no genes.

    Examples
    --------
    >>> identifier_columns(["fov", "cell_ID", "Gad1", "Mbp"])
    ['fov', 'cell_ID']
    """
    return [
        name
        for place, name in enumerate(columns)
        if is_field_of_view(name) or is_identifier(name) or place == 0 and is_identifier(name, first=True)
    ]


def on_tissue(flags: Iterable[Any]) -> np.ndarray:
    """Which rows a column IN_TISSUE says are on the tissue, be it of numbers, truth values or texts.

    Examples
    --------
    >>> on_tissue([1, 0, "True", "0", True]).tolist()
    [True, False, True, False, True]
    """
    return np.array([str(flag).strip().lower() in ("1", "1.0", "true") for flag in flags], dtype=bool)


def control_features(names: Iterable[Any], kinds: Iterable[Any] | None = None) -> np.ndarray:
    """Which features are controls, by their names and, where given, their kinds (``feature_types``).

    Parameters
    ----------
    names : iterable of str
        Names of features.
    kinds : iterable of str, optional
        Of each, as in the third column of features.tsv: "Gene Expression", "Negative Control Probe" ...

    Returns
    -------
    ndarray of bool

    Examples
    --------
    >>> control_features(["NegPrb1", "Blank-3", "NEGR1", "ERCC2", "ERCC-00002"]).tolist()
    [True, True, False, False, True]
    >>> control_features(["A1", "A2"], ["Gene Expression", "Unassigned Codeword"]).tolist()
    [False, True]
    """
    found = np.array([_CONTROL.match(str(name)) is not None for name in names], dtype=bool)
    if kinds is not None:
        found |= np.array([_CONTROL_KIND.search(str(kind)) is not None for kind in kinds], dtype=bool)
    return found
