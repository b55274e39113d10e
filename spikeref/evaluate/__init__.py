"""Figures for people: the float64 baseline, perplexity, calibration. Floats live here."""
