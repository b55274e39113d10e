"""spikeref: the bit-exact reference for spike-driven large language models."""
