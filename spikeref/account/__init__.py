"""What a run cost: counters, ranges and widths (spec chapter 13)."""
