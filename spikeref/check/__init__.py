"""Judging a device against golden vectors (spec chapter 17).

device_output   what a device wrote for one case: tensors, a refusal, or something malformed
divergence      where a tensor first differs, in coordinates, virtual or time steps, records
operands        the input values behind an element
judge           a verdict over many cases, in causal order
kill_matrix     planted faults and what each makes of every case it fails
consistent      the planted faults that fail as a device fails
selection       the cases of a class, narrowed by parameters
view            a suite without its outputs, for a device to read
device_process  running a device, and ending it
conform         all of it in one call
report          a verdict as JSON and as lines
statement       what may be claimed after a run
junit           a run for continuous integration
"""
