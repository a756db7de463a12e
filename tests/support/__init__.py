"""What several test folders share. Imported as `support`, since `tests` is on the path (pyproject.toml)."""
