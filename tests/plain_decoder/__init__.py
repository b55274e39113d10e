"""Helpers of the tests that run the plain device over whole model folders."""
