"""Regenerates the tables of docs/ from what the program measures."""
