"""Bytes on disk: strict mapped safetensors files, canonical JSON, digests, all-or-nothing writing.

canonical          canonical JSON, strict JSON parsing, SHA-256 digests
json_fields        typed access to the members of a foreign JSON object
dtypes             the element types of safetensors files; exact widening to float32
safetensors_header the strict parser of one file's header
safetensors_file   one mapped file
sharded            a folder of one or many files with an index
atomic             folders and files that appear whole or not at all
ledger             what interrupted work had finished
"""
