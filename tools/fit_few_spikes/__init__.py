"""A deterministic fit of the FS neurons of HG-8."""
