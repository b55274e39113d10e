"""Spiking neurons on integers: counts, trains, clipping, LIF (spec chapter 4)."""
