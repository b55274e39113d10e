"""Trains the small LLaMA-architecture model that ships inside the package."""
