"""The small checkpoint that ships inside the package."""
