"""What a run cost: counters, ranges and widths, energy (spec chapter 13)."""
