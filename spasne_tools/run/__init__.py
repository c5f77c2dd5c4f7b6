"""From arguments to a map: checks, the data file, the executable, the result."""
