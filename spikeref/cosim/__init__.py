"""Hardware beside the reference: packages and images, lock-step, waves, test benches.

constants   what a package states: versions, profile, widths, sizes, as data
package     the same as SystemVerilog and as C
images      memory images of a model's tensors
export      a folder with all of them
serve       lock-step server on line-delimited JSON
vcd         spikes of a trace as waves
scoreboard  Driver, Monitor and Scoreboard for cocotb benches
results     the verdict of a cocotb run
"""
