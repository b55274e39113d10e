"""The documentation site: how its pages come from the repository, and a check of what is built."""
