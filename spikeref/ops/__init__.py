"""The operators of a decoder, each a pure function of integers (spec chapters 8 and 9)."""
