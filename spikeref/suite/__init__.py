"""The catalogue of conformance cases, and what proves that it finds faults (chapter 17)."""
