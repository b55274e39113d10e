"""Every exception that spikeref raises on purpose, by whose fault it is.

    SpikerefError
    ├── InputError            the caller's input is wrong (exit status 2)
    │   ├── UsageError          an argument contradicts the contract
    │   ├── CheckpointError     a Hugging Face checkpoint cannot be read as asked
    │   └── TokenError          token ids, prompts or positions out of range
    ├── ModelError            a compiled model is damaged, incomplete or foreign (exit status 2)
    ├── TraceError            a trace folder is damaged, incomplete or foreign (exit status 2)
    ├── VectorError           a suite of vectors is damaged, incomplete or foreign (exit status 2)
    ├── RefusedError          an operation refuses its parameters or input, as a clause asks
    ├── RangeError            a value would leave its proven width (a bug or a foreign model)
    ├── HeadroomError         an accumulator cannot be proven to fit its width (exit status 2)
    └── DeliveryError         an event was lost, doubled or belongs to another epoch

Messages are one line: what is wrong, where, and how to mend it.
"""


class SpikerefError(Exception):
    """Root of the tree; catching it catches everything that spikeref raises on purpose."""


class InputError(SpikerefError):
    """The caller's input is wrong."""


class UsageError(InputError):
    """An argument contradicts the contract of the function or command it was given to."""


class CheckpointError(InputError):
    """A checkpoint is missing, damaged, contradictory, or of an unknown family."""


class TokenError(InputError):
    """A token id, a prompt or a position is out of the model's range."""


class ModelError(SpikerefError):
    """A compiled model folder is damaged, incomplete or foreign."""


class TraceError(SpikerefError):
    """A trace folder is damaged, incomplete or foreign."""


class VectorError(SpikerefError):
    """A suite of conformance vectors is damaged, incomplete or foreign."""


class RefusedError(SpikerefError):
    """An operation refuses its parameters or input; kind: the class of error of CONF-8."""

    def __init__(self, kind: str, reason: str) -> None:
        """State the class of error and what is wrong."""
        super().__init__(f"{kind}: {reason}")
        self.kind = kind


class RangeError(SpikerefError):
    """A value left the width that its clause states.

    value: the offending integer; bits: the two's complement width; clause: the spec's clause id.
    """

    def __init__(self, signal: str, value: int, bits: int, clause: str) -> None:
        """State what left which width."""
        super().__init__(
            f"{signal}: {value} does not fit {bits} bits in two's complement ({clause})"
        )
        self.signal = signal
        self.value = value
        self.bits = bits
        self.clause = clause


class HeadroomError(SpikerefError):
    """An accumulator cannot be proven to fit the width that it may use (COMP-12)."""


class DeliveryError(SpikerefError):
    """An address event was lost, delivered twice, or belongs to another epoch (EVENT-6)."""
