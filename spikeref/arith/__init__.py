"""The one arithmetic (spec chapter 2): every shift, rounding, saturation and product lives here.

Integers in, integers out. Floats occur only inside functions that prove them exact.
"""
