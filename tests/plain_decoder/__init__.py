"""A second implementation of the specification: plain Python integers, one token at a time."""
