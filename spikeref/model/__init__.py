"""The compiled model: profile, configuration, layers, folder (spec chapter 6)."""
