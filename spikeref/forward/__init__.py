"""The whole spike-driven forward pass, its cache, and generation (OP-11, OP-13)."""
