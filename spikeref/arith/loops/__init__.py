"""Loops over single integers, which Numba turns into machine code where it is installed.

A loop fills arrays in one pass over memory, in registers, where NumPy takes many passes and as many
intermediate arrays. The NumPy function that calls a loop is the definition: it does the work where
there is no compiler or too little to do, and tests prove every loop equal to it, compiled and run
as the plain Python that it is. A loop takes the rows `first` … `last` − 1 of its arrays, all in C
order, and checks nothing: its caller has proven the widths. It repeats a rounding rather than call
one, because only the loop itself is compiled.
"""
