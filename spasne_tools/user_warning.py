"""Warnings that point at the line which called this package."""

from __future__ import annotations

import sys
import warnings

# Packages whose frames are between a user's line and what it leads to; scikit-learn and joblib call back.
PASSED_OVER = {"spasne", "spasne_tools", "sklearn", "joblib"}


def warn_user(message: str) -> None:
    """Give a UserWarning at the innermost line outside this package and what calls it."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in PASSED_OVER:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)
