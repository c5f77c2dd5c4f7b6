"""The version of the package, equal to the one compiled into the executable (src/version.h)."""

__version__ = "1.1.0"
