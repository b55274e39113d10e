"""cocotb benches of the RTL; `make cocotb` runs them."""
