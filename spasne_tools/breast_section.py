"""The breast cancer section before preprocessing: 2,518 spots, of which 1,272 are annotated.

Its published files are two tables, of counts and of labels, in an archive; the same section is public as the
folder that Space Ranger wrote. Where neither is at hand a simulated section of that size stands in.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from spasne_tools.annotations import load_annotation
from spasne_tools.output_file import output_file
from spasne_tools.published_files import cache_folder, check_published, find_published, named_folder
from spasne_tools.readers.expression_file import read_expression
from spasne_tools.simulation import simulate_tissue

COUNTS, LABELS = "human_BreastCancer2518_raw.csv", "human_BreastCancer2518_labels.csv"
ARCHIVE, INSIDE = "data.tar.gz", "data"  # the folder in the archive
COMPONENTS = "human_BreastCancer1272_data_pc200.csv"
N_SPOTS, N_ANNOTATED = 2518, 1272


@dataclass(frozen=True)
class BreastSection:
    """Counts of all spots, and what is known of them.

    Attributes
    ----------
    counts : scipy.sparse.csr_matrix (n, genes)
    annotation : DataFrame (n, 3)
        Columns type ("" where a spot is not annotated), x and y, indexed by the names of the spots.
    genes : Index
    source : str
        Where it comes from.
    simulated : bool
    """

    counts: csr_matrix
    annotation: pd.DataFrame
    genes: pd.Index
    source: str
    simulated: bool = False

    @property
    def annotated(self) -> np.ndarray:
        """Mask (n,) of the spots that have a type."""
        return (self.annotation["type"] != "").to_numpy()


def load_breast_section(
    folder: str | Path = "data", outs: str | Path | None = None, fetch: bool = False
) -> BreastSection:
    """Load the section from where it is, and print which place that was.

    Parameters
    ----------
    folder : path
        Looked into first for the two published tables or their archive, data.tar.gz; then the folder above,
        the folder that SPASNE_DATA names, and the cache.
    outs : path, optional
        What Space Ranger wrote for this section, to be read in their place: a folder with
        filtered_feature_bc_matrix and spatial. Spots are told by the positions in the published annotation.
    fetch : bool
        Download the archive where it is nowhere; it is kept in the cache. False: simulate.

    Returns
    -------
    BreastSection

    Raises
    ------
    ValueError
        A table is not what is described here, the archive is not the published one, or `outs` is another
        section.
    FileNotFoundError
        With `fetch`, the archive cannot be downloaded.

    Examples
    --------
    >>> section = load_breast_section("no such folder")  # doctest: +SKIP
    a simulated section of 2518 spots, 1272 of them annotated, because the published files are not at hand
    """
    section = _read_outs(Path(outs)) if outs is not None else _find_tables(Path(folder))
    if section is None and fetch:
        section = _read_archive(find_published(ARCHIVE))
    if section is None:
        section = _simulated()
    print(f"{section.source}: {len(section.annotation)} spots, {section.annotated.sum()} of them annotated")
    return section


def _find_tables(folder: Path) -> BreastSection | None:
    places = [place for place in (folder, folder.parent, named_folder(), cache_folder()) if place is not None]
    for place in places:
        if (place / COUNTS).is_file() and (place / LABELS).is_file():
            with (place / COUNTS).open("rb") as counts, (place / LABELS).open("rb") as labels:
                return _read_tables(counts, labels, f"{COUNTS} and {LABELS}")
        if (place / ARCHIVE).is_file():
            return _read_archive(place / ARCHIVE)
    return None


def _read_archive(path: Path) -> BreastSection:
    """The two tables read out of the archive, of which nothing is written to disk."""
    check_published(path)
    with tarfile.open(path) as archive:
        tables = []
        for name in (COUNTS, LABELS):
            member = next((m for m in archive.getmembers() if m.isfile() and Path(m.name).name == name), None)
            file = None if member is None else archive.extractfile(member)
            if file is None:
                raise ValueError(f"expected {INSIDE}/{name} in {path}, found no such file")
            tables.append(file)
        return _read_tables(tables[0], tables[1], f"{COUNTS} and {LABELS} of the published {ARCHIVE}")


def _read_tables(counts: IO[bytes], labels: IO[bytes], source: str) -> BreastSection:
    values = pd.read_csv(counts, index_col=0)
    annotation = pd.read_csv(labels, index_col=0, dtype={"type": str}, keep_default_na=False)
    if missing := {"type", "x", "y"} - set(annotation):
        raise ValueError(f"expected columns type, x and y in {LABELS}, found no {', '.join(sorted(missing))}")
    if not values.index.equals(annotation.index):
        raise ValueError(
            f"expected the spots of {COUNTS} in {LABELS}, in the same order, found {len(values)} and "
            f"{len(annotation)} spots or other names"
        )
    annotation = annotation[["type", "x", "y"]].astype({"x": float, "y": float})
    return BreastSection(csr_matrix(values.to_numpy()), _named(annotation), values.columns, source)


def _named(annotation: pd.DataFrame) -> pd.DataFrame:
    """Spots as the published components name them: C_0, C_1 and so on, in the order of the table."""
    return annotation.set_axis([f"C_{number}" for number in range(len(annotation))], axis=0)


def _read_outs(outs: Path) -> BreastSection:
    """Spots of a Space Ranger folder, those annotated first, in the order of the published annotation."""
    expression = read_expression(str(outs))
    if expression.positions is None:
        raise ValueError(expression.no_positions or f"expected positions of the spots in {outs}, found none")
    assert expression.rows is not None and expression.genes is not None
    annotation = load_annotation("breast_cancer")
    rows, places = _spots_at(annotation[["x_pixel", "y_pixel"]], expression.positions.to_numpy(float))
    if n_lost := int((rows < 0).sum()):
        raise ValueError(
            f"expected the published section in {outs}, found no spot at {n_lost} of the {len(annotation)} "
            "annotated positions"
        )
    others = np.setdiff1d(np.arange(len(places)), rows)
    order = np.concatenate([rows, others])
    of_spots = pd.DataFrame(places[order], columns=["x", "y"])
    of_spots.insert(0, "type", [*annotation["cell_type"], *[""] * len(others)])
    of_spots.index = pd.Index([*annotation.index, *expression.rows[others]])
    counts = csr_matrix(expression.values)[order]
    return BreastSection(counts, of_spots, expression.genes, f"the Space Ranger folder {outs.name}")


def _spots_at(wanted: pd.DataFrame, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The row of `places` at each position (-1: none), and `places` with its axes as those of `wanted`."""
    at = pd.MultiIndex.from_frame(wanted.astype(float))
    both = [
        (pd.MultiIndex.from_arrays(turned.T).get_indexer(at), turned) for turned in (places, places[:, ::-1])
    ]
    return max(both, key=lambda found: int((found[0] >= 0).sum()))


def _simulated() -> BreastSection:
    tissue = simulate_tissue(N_SPOTS)
    annotated = np.arange(N_SPOTS) < N_ANNOTATED  # spots come in random order
    annotation = tissue.pixels.assign(type=np.where(annotated, tissue.labels.astype(str), ""))
    source = "a simulated section, because the published files are not at hand"
    return BreastSection(
        tissue.counts, _named(annotation[["type", "x", "y"]]), tissue.genes.index, source, True
    )


def write_published_layout(
    section: BreastSection, components: np.ndarray, folder: str | Path = "."
) -> list[Path]:
    """Write components (annotated spots, k), labels and positions as the published notebook does.

    Returns
    -------
    list of Path
        human_BreastCancer<n>_data_pc<k>.csv, _labels.csv and _pixels.csv, n being the annotated spots.
    """
    of_spots = section.annotation[section.annotated]
    tables = {
        f"data_pc{components.shape[1]}": pd.DataFrame(components, index=of_spots.index),
        "labels": of_spots[["type"]].set_axis(["gt"], axis=1),
        "pixels": of_spots[["x", "y"]].set_axis(["x_pixel", "y_pixel"], axis=1),
    }
    paths = []
    for name, table in tables.items():
        paths.append(Path(folder, f"human_BreastCancer{len(of_spots)}_{name}.csv"))
        with output_file(paths[-1]) as unfinished:
            table.to_csv(unfinished)
    return paths


def published_agreement(section: BreastSection, components: np.ndarray) -> pd.Series | None:
    """Correlation (absolute: signs are free) of each component with the published one; None without them.

    Only where SPASNE_DATA or the cache holds them and `section` is the published one.
    """
    place = next((p for p in (named_folder(), cache_folder()) if p and (p / COMPONENTS).is_file()), None)
    if section.simulated or place is None:
        return None
    published = pd.read_csv(place / COMPONENTS, index_col=0)
    ours = pd.DataFrame(components, index=section.annotation.index[section.annotated])
    if not ours.index.equals(published.index):
        return None
    n_both = min(ours.shape[1], published.shape[1])
    values = [abs(np.corrcoef(ours.iloc[:, k], published.iloc[:, k])[0, 1]) for k in range(n_both)]
    return pd.Series(values, name="correlation with the published component")
