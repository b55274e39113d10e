"""The non-linear functions of LAS as HG neurons (spec chapter 19)."""
