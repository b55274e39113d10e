"""Conformance cases and suites as files (spec chapters 16 and 17).

case            one case in memory: operation, parameters, input tensors, outputs or refusal
hexadecimal     the .mem image of a tensor (PACK-6)
npy             the .npy image of a tensor, parsed strictly
tensors         tensors from and to files of all three forms
manifest        what case.json states about a case
case_files      case.json and its plain twin, as bytes and back
suite_manifest  suite.json, its plain twin and cases.txt, as bytes and back
outcome         a short digest of what a device made of a case
writer          a whole suite folder
reader          a suite folder, read case by case
verify          a suite folder, proven file by file
"""
