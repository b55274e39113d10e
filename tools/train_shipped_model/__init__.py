"""Trains the small LLaMA-architecture model that ships inside the package, and two test models."""
