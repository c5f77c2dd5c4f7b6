"""This project beside openTSNE and scikit-learn on the same data and machine: ``python -m benchmarks``."""
