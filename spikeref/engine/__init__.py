"""Three ways to the same sums: dense, step by step, event by event (spec chapters 10 and 11)."""
