"""A conforming device in plain Python integers, derived from `spec/` alone (CONF-9).

It shares no code with the rest of spikeref and imports the standard library only, so that it is a
second derivation of every expected value, and what the planted faults are applied to. As a device
in the sense of CONF-7: `python -m spikeref.device SUITE OUT LIST`.
"""

from .las_decoder import las_decode
from .las_model_folder import read_las_model
from .operations.table import run
from .tensor import Refusal, Tensor

__all__ = ["Refusal", "Tensor", "las_decode", "read_las_model", "run"]
