"""The cases of the core suite, one module for each part of the specification."""
