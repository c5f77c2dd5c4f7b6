"""Small samples of one tissue, written in the layouts of vendors and labs."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
import scipy.io
import scipy.sparse

N, N_GENES = 40, 12


@dataclass
class Truth:
    """What a reader has to find: counts (n, genes) of genes, and of controls, positions (n, 2) by name."""

    names: list[str]
    genes: list[str]
    counts: np.ndarray
    xy: np.ndarray
    controls: list[str] = field(default_factory=list)
    control_counts: np.ndarray = field(default_factory=lambda: np.empty((N, 0), dtype=int))

    @property
    def features(self):
        return [*self.genes, *self.controls]

    @property
    def all_counts(self):
        return np.hstack([self.counts, self.control_counts])

    @property
    def table(self):
        """x and y by name."""
        return pd.DataFrame(self.xy, index=self.names, columns=["x", "y"])


def make_truth(names, controls=(), decimals=2, seed=0):
    """A tissue whose expression follows its positions, which no two rows share."""
    rng = np.random.default_rng(seed)
    xy = rng.permutation(10_000)[: 2 * N].reshape(N, 2) / 10 + 500
    rates = 1 + 3 * np.abs(np.sin(xy[:, :1] / 200 + np.arange(N_GENES)))
    return Truth(
        list(names),
        [f"Gene{i}" for i in range(N_GENES)],
        rng.poisson(rates),
        xy.round(decimals),
        list(controls),
        rng.integers(0, 3, size=(N, len(controls))),
    )


def shuffled(table, seed=1):
    """Another order of rows, as no reader may rely on one."""
    return table.sample(frac=1, random_state=seed)


def write_text(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)


def write_table(path, table, **options):
    write_text(path, table.to_csv(**{"index": False, "lineterminator": "\n"} | options))


def write_png(path, shape=(6, 8)):
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    Image.fromarray(np.arange(np.prod(shape) * 3, dtype=np.uint8).reshape(*shape, 3)).save(content, "png")
    path.write_bytes(gzip.compress(content.getvalue()) if path.suffix == ".gz" else content.getvalue())


# ---- 10x Genomics ----------------------------------------------------------------------------------------


def kinds_of(truth, kinds):
    """The feature type of each feature: genes, then controls of `kinds`."""
    return ["Gene Expression"] * len(truth.genes) + list(kinds)


def write_triplet(folder, truth, kinds=(), prefix="", version=3, zipped=True):
    folder.mkdir(parents=True, exist_ok=True)
    end = ".gz" if zipped else ""
    content = io.BytesIO()
    scipy.io.mmwrite(content, scipy.sparse.coo_matrix(truth.all_counts.T), field="integer")
    matrix = folder / f"{prefix}matrix.mtx{end}"
    matrix.write_bytes(gzip.compress(content.getvalue()) if zipped else content.getvalue())
    ids = [f"ENSG{i:011d}" for i in range(len(truth.features))]
    columns = [ids, truth.features, kinds_of(truth, kinds)][: version if version == 3 else 2]
    lines = ["\t".join(fields) for fields in zip(*columns, strict=True)]
    features = "features.tsv" if version == 3 else "genes.tsv"
    write_text(folder / f"{prefix}{features}{end}", "\n".join(lines) + "\n")
    write_text(folder / f"{prefix}barcodes.tsv{end}", "\n".join(truth.names) + "\n")


def write_h5(path, truth, kinds=(), version=3, library="V1_Test"):
    h5py = pytest.importorskip("h5py", reason="the extra spatial is not installed")
    path.parent.mkdir(parents=True, exist_ok=True)
    counts = scipy.sparse.csr_matrix(truth.all_counts)
    ids = np.array([f"ENSG{i:011d}" for i in range(len(truth.features))], dtype="S")
    with h5py.File(path, "w") as file:
        file.attrs["filetype"] = "matrix"
        file.attrs["chemistry_description"] = "Spatial 3' v1"
        file.attrs["library_ids"] = np.array([library], dtype="S")
        file.attrs["software_version"] = np.bytes_("spaceranger-2.1.0")
        group = file.create_group("matrix" if version == 3 else "GRCh38")
        group["barcodes"] = np.array(truth.names, dtype="S")
        group["data"], group["indices"] = counts.data.astype(np.int32), counts.indices.astype(np.int64)
        group["indptr"], group["shape"] = (
            counts.indptr.astype(np.int64),
            np.array(counts.shape[::-1], np.int32),
        )
        if version == 3:
            features = group.create_group("features")
            features["id"], features["name"] = ids, np.array(truth.features, dtype="S")
            features["feature_type"] = np.array(kinds_of(truth, kinds), dtype="S")
            features["genome"] = np.array(["GRCh38"] * len(ids), dtype="S")
            features["_all_tag_keys"] = np.array(["genome"], dtype="S")
        else:
            group["genes"], group["gene_names"] = ids, np.array(truth.features, dtype="S")


POSITION_COLUMNS = (
    "barcode",
    "in_tissue",
    "array_row",
    "array_col",
    "pxl_row_in_fullres",
    "pxl_col_in_fullres",
)


def tissue_positions(truth, off_tissue=10):
    """As Space Ranger lists spots: all of the slide, in an order of its own."""
    rows = [
        (name, 1, i // 8, i % 8, y, x)
        for i, (name, (x, y)) in enumerate(zip(truth.names, truth.xy, strict=True))
    ]
    rows += [(f"GGGG{i}-1", 0, 90 + i, 90, 1.0, 2.0) for i in range(off_tissue)]
    return shuffled(pd.DataFrame(rows, columns=POSITION_COLUMNS))


def write_spatial(folder, truth, header=True, images=True, prefix=""):
    name = "tissue_positions.csv" if header else "tissue_positions_list.csv"
    write_table(folder / f"{prefix}{name}", tissue_positions(truth), header=header)
    factors = {"tissue_hires_scalef": 0.17, "tissue_lowres_scalef": 0.05, "spot_diameter_fullres": 89.4}
    write_text(folder / f"{prefix}scalefactors_json.json", json.dumps(factors))
    if images:
        write_png(folder / f"{prefix}tissue_hires_image.png")
        write_png(folder / f"{prefix}tissue_lowres_image.png", (3, 4))


def barcodes(n=N):
    letters = np.array(list("ACGT"))
    return ["".join(letters[[i // 64 % 4, i // 16 % 4, i // 4 % 4, i % 4]]) + "AAAC-1" for i in range(n)]


def visium(folder, truth, form="h5", header=True, kinds=(), **options):
    """``outs`` of Space Ranger; returns the folder."""
    outs = folder / "sample1" / "outs"
    if form == "h5":
        write_h5(outs / "filtered_feature_bc_matrix.h5", truth, kinds, **options)
    else:
        write_triplet(outs / "filtered_feature_bc_matrix", truth, kinds, **options)
    write_spatial(outs / "spatial", truth, header)
    return outs


def visium_website(folder, truth):
    """Files as one downloads them: counts with a prefix, spatial/ unpacked beside them."""
    for kind in ("filtered", "raw"):
        write_h5(folder / f"V1_Adult_Mouse_Brain_{kind}_feature_bc_matrix.h5", truth)
    write_spatial(folder / "spatial", truth, header=False)
    return folder


def visium_aggregated(folder, truth):
    """What `spaceranger aggr` leaves of two sections."""
    write_h5(folder / "outs" / "filtered_feature_bc_matrix.h5", truth)
    write_table(folder / "outs" / "aggr_tissue_positions.csv", tissue_positions(truth))
    (folder / "outs" / "spatial" / "A1").mkdir(parents=True)
    return folder / "outs"


def visium_hd(folder, truth, form="h5"):
    """Bins of 2, 8 and 16 micrometres, of which those of 8 are `truth`."""
    pytest.importorskip("pyarrow", reason="the extra spatial is not installed")
    outs = folder / "outs"
    for size in (2, 8, 16):
        square = outs / "binned_outputs" / f"square_{size:03d}um"
        own = (
            truth
            if size == 8
            else make_truth([f"s_{size:03d}um_00000_{i:05d}-1" for i in range(N)], seed=size)
        )
        if form == "h5":
            write_h5(square / "filtered_feature_bc_matrix.h5", own)
        else:
            write_triplet(square / "filtered_feature_bc_matrix", own)
        (square / "spatial").mkdir(parents=True)
        tissue_positions(own).to_parquet(square / "spatial" / "tissue_positions.parquet", index=False)
        write_spatial(square / "spatial", own)
        (square / "spatial" / "tissue_positions.csv").unlink()
    (outs / "spatial").mkdir()
    write_png(outs / "spatial" / "aligned_fiducials.png")
    return outs


def visium_hd_cells(folder, truth, form="h5", bins=False):
    """Cells of Space Ranger 4: counts, and outlines in an order of their own; returns the folder ``outs``."""
    pytest.importorskip("shapely", reason="the extra spatial is not installed")
    outs = folder / "outs"
    cells = outs / "segmented_outputs"
    if form == "h5":
        write_h5(cells / "filtered_feature_cell_matrix.h5", truth)
    else:
        write_triplet(cells / "filtered_feature_cell_matrix", truth)
    square = np.array([[-3, -3], [3, -3], [3, 3], [-3, 3], [-3, -3]])
    outlines = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [(square + xy).tolist()]},
            "properties": {"cell_id": int(name[len("cellid_") : -len("-1")])},
        }
        for name, xy in zip(truth.names, truth.xy, strict=True)
    ]
    content = {"type": "FeatureCollection", "features": outlines[::-1]}
    write_text(cells / "cell_segmentations.geojson", json.dumps(content))
    factors = {"tissue_hires_scalef": 0.17, "microns_per_pixel": 0.26}  # and no diameter of spots
    write_text(cells / "spatial" / "scalefactors_json.json", json.dumps(factors))
    write_png(cells / "spatial" / "tissue_hires_image.png")
    if bins:
        (outs / "binned_outputs").mkdir()
    return outs


def xenium(folder, truth, kinds, form="h5", cells="csv"):
    """The output folder of Xenium; ids of cells are bytes in the Parquet file of version 1."""
    outs = folder / "output-XETG00000__0000000__Region_1"
    outs.mkdir(parents=True)
    write_text(outs / "experiment.xenium", json.dumps({"major_version": 4}))
    if form == "h5":
        write_h5(outs / "cell_feature_matrix.h5", truth, kinds)
    else:
        write_triplet(outs / "cell_feature_matrix", truth, kinds)
    table = pd.DataFrame(
        {
            "cell_id": truth.names,
            "x_centroid": truth.xy[:, 0],
            "y_centroid": truth.xy[:, 1],
            "transcript_counts": truth.counts.sum(axis=1),
            "control_probe_counts": 0,
            "cell_area": 50.25,
            "nucleus_area": 20.5,
        }
    )
    table = shuffled(table)
    if cells == "csv":
        write_table(outs / "cells.csv.gz", table, quoting=2)
    else:
        pytest.importorskip("pyarrow", reason="the extra spatial is not installed")
        table["cell_id"] = table["cell_id"].str.encode("utf-8")
        table.to_parquet(outs / "cells.parquet", index=False)
    return outs


# ---- MERSCOPE, CosMx, Slide-seq, Stereo-seq ----------------------------------------------------------------


def merscope(folder, truth, identifier="EntityID", region="region_0", suffix=""):
    """A region; the table of counts calls its cells `cell`, the metadata `identifier`."""
    region = folder / region
    counts = pd.DataFrame(truth.all_counts, truth.names, truth.features)
    write_table(region / f"cell_by_gene{suffix}.csv", counts, index=True, index_label="cell")
    half = 4.5
    cells = pd.DataFrame(
        {
            identifier: truth.names,
            "fov": np.arange(len(truth.names)) % 3,
            "volume": 500.5,
            "center_x": truth.xy[:, 0],
            "center_y": truth.xy[:, 1],
            "min_x": truth.xy[:, 0] - half,
            "max_x": truth.xy[:, 0] + half,
            "min_y": truth.xy[:, 1] - half,
            "max_y": truth.xy[:, 1] + half,
        }
    )
    write_table(region / f"cell_metadata{suffix}.csv", shuffled(cells))
    return region


def cosmx(folder, truth, slide="Lung5_Rep1", zipped=True, extended=False):
    """Flat files; counts also of number 0 in each field of view, which is no cell."""
    end = ".csv.gz" if zipped else ".csv"
    keys = pd.DataFrame([name.split("_") for name in truth.names], columns=["fov", "cell_ID"]).astype(int)
    counts = pd.concat([keys, pd.DataFrame(truth.all_counts, columns=truth.features)], axis=1)
    outside = pd.DataFrame(7, index=range(keys["fov"].nunique()), columns=counts.columns)
    outside["fov"], outside["cell_ID"] = keys["fov"].unique(), 0
    counts = pd.concat([counts, outside]).sort_values(["fov", "cell_ID"], kind="stable")
    metadata = keys.assign(
        Area=100,
        CenterX_local_px=np.arange(len(keys)),
        CenterY_local_px=5,
        CenterX_global_px=truth.xy[:, 0],
        CenterY_global_px=truth.xy[:, 1],
    )
    if extended:  # as later versions add
        named = "c_1_" + counts["fov"].astype(str) + "_" + counts["cell_ID"].astype(str)
        counts.insert(2, "cell", named)
        metadata.insert(0, "cell_id", "c_1_" + keys["fov"].astype(str) + "_" + keys["cell_ID"].astype(str))
    write_table(folder / f"{slide}_exprMat_file{end}", counts, quoting=2)
    write_table(folder / f"{slide}_metadata_file{end}", shuffled(metadata), quoting=2)
    write_text(folder / f"{slide}_fov_positions_file{end}", "fov,x_global_px,y_global_px\n1,0,0\n")
    return folder


def slide_seq(folder, truth, beads="BeadLocationsForR.csv", counts="MappedDGEForR.csv", form="header"):
    """Genes in rows; the table of beads with a header, without, or with a column of row numbers."""
    separator = "\t" if ".txt" in counts else ","
    table = pd.DataFrame(truth.all_counts.T, truth.features, truth.names)
    comment = "#DGE\tVERSION:1.1\n" if separator == "\t" else ""
    write_text(
        folder / counts, comment + table.to_csv(sep=separator, index_label="GENE", lineterminator="\n")
    )
    places = shuffled(
        pd.DataFrame({"barcodes": truth.names, "xcoord": truth.xy[:, 0], "ycoord": truth.xy[:, 1]})
    ).reset_index(drop=True)
    write_table(folder / beads, places, header=form != "bare", index=form == "numbered")
    return folder


def curio(folder, truth, sample="Mouse_liver"):
    """What Curio Seeker's pipeline leaves of a tile."""
    write_triplet(folder, truth, version=2, prefix=f"{sample}_", zipped=False)
    (folder / f"{sample}_matrix.mtx").rename(folder / f"{sample}_MoleculesPerMatchedBead.mtx")
    (folder / f"{sample}_genes.tsv").write_text("".join(f"{gene}\n" for gene in truth.features))
    places = truth.table.set_axis(["xcoord", "ycoord"], axis=1)
    write_table(folder / f"{sample}_MatchedBeadLocation.csv", shuffled(places), index=True)
    write_text(folder / f"{sample}_Metrics.csv", "Metric,Value,Category\nx,1,y\n")
    write_text(folder / f"{sample}_cluster_assignment.txt", "".join(f"{name}\t1\n" for name in truth.names))
    return folder


GEM_COLUMNS = {"old": ("geneID", "MIDCounts"), "new": ("geneID", "MIDCount")}


def stereo_seq(folder, truth, size=50, columns="new", zipped=True, cells=False):
    """A .gem of which the bins are the rows of `truth`, each count spread over spots of its bin."""
    rng = np.random.default_rng(3)
    gene, count = GEM_COLUMNS[columns]
    rows, features = np.nonzero(truth.all_counts)
    values = truth.all_counts[rows, features]
    corners = (truth.xy[rows] // size * size).astype(int)
    lines = []
    for share in (values // 2, values - values // 2):
        xy = corners + rng.integers(0, size, size=corners.shape)
        table = {gene: np.array(truth.features)[features], "x": xy[:, 0], "y": xy[:, 1], count: share}
        if columns == "new":
            table["ExonCount"] = share
        if cells:
            table["CellID"] = np.array(truth.names, dtype=int)[rows]
        lines.append(pd.DataFrame(table))
    table = shuffled(pd.concat(lines)).query(f"{count} > 0")
    if cells:  # what lies in no cell
        table = pd.concat([table, table.iloc[:30].assign(CellID=0)])
    head = "#FileFormat=GEMv0.1\n#SortedBy=None\n#BinSize=1\n#OffsetX=0\n#OffsetY=0\n"
    path = folder / ("chip.gem.gz" if zipped else "chip.gem")
    write_text(path, head * (columns == "new") + table.to_csv(sep="\t", index=False, lineterminator="\n"))
    return path


# ---- files of any lab --------------------------------------------------------------------------------------


def loom(path, truth, positions="XY"):
    h5py = pytest.importorskip("h5py", reason="the extra spatial is not installed")
    with h5py.File(path, "w") as file:
        file["matrix"] = truth.all_counts.T.astype(np.float32)
        file.create_group("layers")
        rows, columns = file.create_group("row_attrs"), file.create_group("col_attrs")
        rows["Gene"] = np.array(truth.features, dtype="S")
        columns["CellID"] = np.array(truth.names, dtype="S")
        columns["_X"], columns["_Y"] = np.zeros(len(truth.names)), np.ones(len(truth.names))
        if positions == "XY":
            columns["X"], columns["Y"] = truth.xy.T
        elif positions == "spatial":
            columns["spatial"] = truth.xy
    return path


def geo(folder, truth, prefix="GSM4565823_A1_", kinds=(), positions="csv"):
    """A sample as GEO keeps it: all in one folder, under one prefix, zipped."""
    write_triplet(folder, truth, kinds, prefix)
    if positions:
        write_table(folder / f"{prefix}tissue_positions_list.csv.gz", tissue_positions(truth), header=False)
        write_png(folder / f"{prefix}tissue_hires_image.png.gz")
        write_text(folder / f"{prefix}scalefactors_json.json.gz", json.dumps({"tissue_hires_scalef": 0.2}))
    return folder


def seurat(folder, truth, form="mtx", coordinates=("imagerow", "imagecol")):
    """What Matrix::writeMM and write.csv(GetTissueCoordinates(object)) leave."""
    if form == "mtx":
        write_triplet(folder, truth, version=2, zipped=False)
    else:
        table = pd.DataFrame(truth.all_counts.T, truth.features, truth.names)
        write_table(folder / "counts.csv", table, index=True, quoting=2)
    places = truth.table[["y", "x"]].set_axis(list(coordinates), axis=1)
    if coordinates == ("x", "y"):  # of version 5, with the names in a column besides
        places = truth.table.assign(cell=truth.names)
    write_table(folder / "coordinates.csv", shuffled(places), index=True, quoting=2)
    metadata = pd.DataFrame({"orig.ident": "s1", "nCount_Spatial": truth.counts.sum(axis=1)}, truth.names)
    write_table(folder / "metadata.csv", shuffled(metadata, 2), index=True, quoting=2)
    return folder


def with_names_of_write_csv(folder, truth):
    """The names of an export written by write.csv, which numbers rows and has a header x."""
    for name, texts in (("barcodes", truth.names), ("genes", truth.genes)):
        (folder / f"{name}.tsv").unlink()
        frame = pd.DataFrame({"x": texts}, index=range(1, len(texts) + 1))
        write_table(folder / f"{name}.csv", frame, index=True, quoting=2)
    return folder


def spatial_experiment(folder, truth, sections=1):
    """Counts, spatialCoords(spe) and colData(spe), whose sample_id tells sections apart."""
    write_triplet(folder, truth, version=2, zipped=False)
    places = truth.table.set_axis(["pxl_col_in_fullres", "pxl_row_in_fullres"], axis=1)
    write_table(folder / "spatialCoords.csv", shuffled(places), index=True)
    samples = [f"s{i % sections}" for i in range(len(truth.names))]
    columns = pd.DataFrame({"sample_id": samples, "in_tissue": True}, truth.names)
    write_table(folder / "colData.csv", shuffled(columns, 2), index=True)
    return folder
