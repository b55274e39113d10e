"""The operations of CONF-9: parameters and tensors in, tensors or a refusal out."""
