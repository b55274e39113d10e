"""Makes all one-token faults of the plain device and lists those that the core suite misses."""
