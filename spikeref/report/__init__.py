"""What a trace made visible: one self-contained HTML page."""
