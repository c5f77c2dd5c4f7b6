"""What users have on disk and in memory, read into counts or expression, positions and names."""
