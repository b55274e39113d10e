"""Hugging Face checkpoints as a checked configuration and plain float32 arrays.

fields            typed look-ups in a foreign JSON object
rope              rotary embeddings: the closed union of kinds, and their parser
rope_frequencies  inverse frequencies to 50 decimal digits
config            config.json -> DecoderConfig
config_record     DecoderConfig -> a value for canonical JSON, part of the source digest
families          names and shapes of every tensor that a configuration calls for
hub               a hub name -> a folder
reader            Checkpoint: rows of weights, widened exactly, and the source digest
"""
