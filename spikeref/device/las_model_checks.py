"""What a reader of LAS models refuses (LMOD-1, after MODEL-3 and MODEL-7)."""

from .las_model_shape import LasConfig, expected_tensors
from .las_operators import weight_bound
from .las_tables import Tensors
from .model_checks import require, within


def check_las_model(config: LasConfig, tensors: Tensors) -> None:
    """Refuse a model whose tensors are others than LMOD-3's, or out of range."""
    typed = {name: (t.type, t.shape) for name, t in tensors.items()}
    require(typed == expected_tensors(config, tensors), "tensors differ from those of LMOD-3")
    require(8 <= config.weight_bits <= 16, f"{config.weight_bits} weight bits outside 8 … 16")
    check_constants(config)
    check_numbers(tensors)
    names = list(config.output_widths)
    for i in range(config.shape.layers):
        names += [f"layers.{i}.{op}" for op in config.operator_widths]
    for name in names:
        check_operator(name, config.weight_bits, tensors)
    if config.structure.causal:
        stem = "embedding" if config.tied_head else "head"
        columns = list(zip(*tensors[f"{stem}.mantissas"].rows(), strict=True))
        stated = tensors["head.weight_bound"].scalar
        require(weight_bound(columns) == stated, "head: weight_bound")


def check_constants(config: LasConfig) -> None:
    """The ranges of the constants (LMOD-6)."""
    forms = (
        (config.norm_root, 16, -15, -8),
        (config.norm_epsilon, 31, -128, 30),
        (config.published_epsilon, 31, -128, 30),
        (config.score, 16, -128, 128),
    )
    for (mantissa, exponent), bits, lowest, highest in forms:
        require(mantissa > 0 and mantissa.bit_length() == bits, f"no mantissa: {mantissa}")
        require(lowest <= exponent <= highest, f"exponent {exponent} of a constant out of range")


def check_numbers(tensors: Tensors) -> None:
    """The ranges of rows, gains, shifts and rotations (MODEL-3, LMOD-3)."""
    for name, tensor in tensors.items():
        match name.rpartition(".")[2]:
            case "cos" | "sin":
                require(within(tensor.flat, -(1 << 14), 1 << 14), f"{name} out of range")
            case "mantissas" | "gamma":
                require(min(tensor.flat) > -(1 << 15), f"{name} out of range")
            case "exponents" | "channel_exponents" | "gamma_exponent":
                require(within(tensor.flat, -512, 512), f"{name} out of range")
            case "bias" | "beta":
                require(within(tensor.flat, -(1 << 39), (1 << 39) - 1), f"{name} out of range")
            case "channel_mantissas":
                require(min(tensor.flat) >= 1 << 15, f"{name} out of range")
            case _:
                pass


def check_operator(name: str, weight_bits: int, tensors: Tensors) -> None:
    """Prove what a model states about one operator (LMOD-3)."""
    rows = tensors[f"{name}.weights"].rows()
    limit = (1 << (weight_bits - 1)) - 1
    require(all(within(row, -limit, limit) for row in rows), f"{name}: weight out of range")
    zeros = tuple(row.count(0) for row in rows)
    require(zeros == tensors[f"{name}.zero_weights"].flat, f"{name}: zero_weights")
    require(weight_bound(rows) == tensors[f"{name}.weight_bound"].scalar, f"{name}: weight_bound")
