"""The operations of a conformance suite, run with the reference's own code (CONF-9)."""
