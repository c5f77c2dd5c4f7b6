"""Scores of a map: how well it keeps expression, space and known labels."""

from spasne_tools.lazy import lazy_names

_MODULES = {
    "chaos": "spasne_tools.metrics.tissue",
    "continuity": "spasne_tools.metrics.neighbours",
    "Estimate": "spasne_tools.metrics.sampling",
    "knn_preservation": "spasne_tools.metrics.neighbours",
    "morans_i": "spasne_tools.metrics.tissue",
    "pairwise_correlation": "spasne_tools.metrics.correlation",
    "pas": "spasne_tools.metrics.tissue",
    "Sampling": "spasne_tools.metrics.sampling",
    "score_embedding": "spasne_tools.metrics.scores",
    "silhouette": "spasne_tools.metrics.silhouettes",
    "trustworthiness": "spasne_tools.metrics.neighbours",
}
__getattr__, __dir__ = lazy_names(__name__, _MODULES)
