"""What a forward pass did, as canonical records, digests and folders (spec chapter 12)."""
