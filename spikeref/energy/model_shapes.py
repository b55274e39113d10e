"""Where the shape and the counting rule of a named model come from: a preset or a config.json."""

from pathlib import Path

from spikeref.checkpoint.classic_config import ClassicConfig
from spikeref.checkpoint.config import DecoderConfig, SourceConfig, read_config
from spikeref.energy.presets import PRESETS, Preset
from spikeref.energy.shapes import RULES, MatrixShape
from spikeref.errors import UsageError


def find_model(name: str) -> Preset:
    """Return a preset, or for a checkpoint folder what its config.json says.

    UsageError: neither; CheckpointError: a config.json that cannot be read.
    """
    if name in PRESETS:
        return PRESETS[name]
    folder = Path(name)
    if not folder.is_dir():
        raise UsageError(
            f"--model {name}: no such model or checkpoint folder; known: {', '.join(PRESETS)}"
        )
    return Preset(
        name=name,
        shape=matrix_shape(read_config(folder / "config.json")),
        rule=RULES["attention-grouped"],
        reason="no paper prints it; everything that is computed counts",
    )


def matrix_shape(config: SourceConfig) -> MatrixShape:
    """Return the sizes that a configuration states."""
    match config:
        case DecoderConfig():
            return MatrixShape(
                layers=config.layers,
                hidden=config.hidden,
                intermediate=config.intermediate,
                query_width=config.query_width,
                key_width=config.kv_width,
            )
        case ClassicConfig():
            return MatrixShape(
                layers=config.layers,
                hidden=config.hidden,
                intermediate=config.intermediate,
                query_width=config.hidden,
                key_width=config.hidden,
                gated=False,
            )
