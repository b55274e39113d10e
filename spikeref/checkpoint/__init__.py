"""Hugging Face checkpoints as a checked configuration and plain float32 arrays.

fields            typed look-ups in a foreign JSON object
rope              rotary embeddings: the closed union of kinds, and their parser
rope_frequencies  inverse frequencies to 50 decimal digits
config            config.json -> DecoderConfig
classic_config    config.json of BERT, GPT-2 and OPT -> ClassicConfig
towers            where vision-language models hold their language tower
config_record     DecoderConfig -> a value for canonical JSON, part of the source digest
families          names and shapes of every tensor that a configuration calls for
parts             where a model's operators, norms and rows are in its tensors
layout            the parts of any checkpoint, whatever its family
classic_parts     the parts of BERT, GPT-2 and OPT
hub               a hub name -> a folder
reader            Checkpoint: rows of weights, widened exactly, and the source digest
"""
