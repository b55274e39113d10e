"""What is known of a tensor before its values: type and shape (MODEL-2, LMOD-3)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TensorForm:
    """A tensor's safetensors type and its shape."""

    dtype: str
    shape: tuple[int, ...]
    """−1 where any size will do."""

    def admits(self, dtype: str, shape: tuple[int, ...]) -> bool:
        """Whether a tensor of that type and shape has this form."""
        if dtype != self.dtype or len(shape) != len(self.shape):
            return False
        return all(size in (-1, found) for size, found in zip(self.shape, shape, strict=True))
