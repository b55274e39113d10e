"""Planted faults, and those that no case can show (CONF-9's mutants), as data."""

from spikeref.suite.mutants.attention import ATTENTION_MUTANTS
from spikeref.suite.mutants.decoder import DECODER_MUTANTS
from spikeref.suite.mutants.encoding import ENCODING_MUTANTS
from spikeref.suite.mutants.equivalent import EQUIVALENT
from spikeref.suite.mutants.events import EVENTS_MUTANTS
from spikeref.suite.mutants.hadamard import HADAMARD_MUTANTS
from spikeref.suite.mutants.hg_decoder import HG_DECODER_MUTANTS
from spikeref.suite.mutants.las_attention import LAS_ATTENTION_MUTANTS
from spikeref.suite.mutants.las_decoder import LAS_DECODER_MUTANTS
from spikeref.suite.mutants.las_functions import LAS_FUNCTION_MUTANTS
from spikeref.suite.mutants.las_neurons import LAS_NEURON_MUTANTS
from spikeref.suite.mutants.las_operators import LAS_OPERATOR_MUTANTS
from spikeref.suite.mutants.las_trains import LAS_TRAIN_MUTANTS
from spikeref.suite.mutants.linear import LINEAR_MUTANTS
from spikeref.suite.mutants.mutant import Equivalent, Mutant
from spikeref.suite.mutants.neurons import NEURONS_MUTANTS
from spikeref.suite.mutants.operators import OPERATORS_MUTANTS
from spikeref.suite.mutants.powers import POWERS_MUTANTS
from spikeref.suite.mutants.rounding import ROUNDING_MUTANTS
from spikeref.suite.mutants.trains import TRAINS_MUTANTS
from spikeref.suite.mutants.visibility import VISIBILITY_MUTANTS

__all__ = ["EQUIVALENT", "MUTANTS", "Equivalent", "Mutant"]

MUTANTS: tuple[Mutant, ...] = (
    *ROUNDING_MUTANTS,
    *POWERS_MUTANTS,
    *HADAMARD_MUTANTS,
    *ENCODING_MUTANTS,
    *NEURONS_MUTANTS,
    *TRAINS_MUTANTS,
    *EVENTS_MUTANTS,
    *LINEAR_MUTANTS,
    *OPERATORS_MUTANTS,
    *ATTENTION_MUTANTS,
    *VISIBILITY_MUTANTS,
    *DECODER_MUTANTS,
    *LAS_NEURON_MUTANTS,
    *LAS_TRAIN_MUTANTS,
    *LAS_FUNCTION_MUTANTS,
    *LAS_OPERATOR_MUTANTS,
    *LAS_ATTENTION_MUTANTS,
    *LAS_DECODER_MUTANTS,
    *HG_DECODER_MUTANTS,
)
"""In causal order of their groups."""
