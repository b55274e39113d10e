"""The suite of somebody's own model: whole passes, and single operators with its weights."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import assert_never

from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.compile import compile_checkpoint
from spikeref.errors import UsageError
from spikeref.model.any_model import AnyModel
from spikeref.model.folder import load_model
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import DEFAULT_PROFILE, find_profile
from spikeref.suite.las_model_cases import las_model_cases
from spikeref.suite.model_cases import model_cases
from spikeref.vectors.writer import MODEL, write_suite

SHIPPED_TOKENS = (79, 110, 99, 101)


def write_model_suite(
    folder: Path,
    model: Path | None,
    *,
    layers: Sequence[int] | None,
    tokens: Sequence[int] | None,
    npy: bool,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write the suite of a model into an existing folder, with a copy of the model in it.

    By default: the shipped model, the first and the last layer, four tokens. UsageError: a layer
    that the model does not have; TokenError: tokens that it does not take.
    """
    with _compiled(model) as source:
        # Reading it first refuses a damaged or foreign folder before anything is copied.
        load_model(source)
        shutil.copytree(source, folder / MODEL)
    loaded = load_model(folder / MODEL)
    chosen, prompt = _layers(loaded, layers), tuple(tokens or SHIPPED_TOKENS)
    match loaded:
        case IntegerModel():
            cases = model_cases(loaded, folder, chosen, prompt, progress)
        case LasModel():
            cases = las_model_cases(loaded, folder, chosen, prompt, progress)
        case _:
            assert_never(loaded)
    write_suite(folder, "model", cases, model_digest=loaded.digest, npy=npy)


@contextmanager
def _compiled(model: Path | None) -> Iterator[Path]:
    """Yield the folder of a compiled model: the given one, or the shipped one compiled anew."""
    if model is not None:
        yield model
        return
    with tempfile.TemporaryDirectory() as place, as_file(files("spikeref.shipped") / "model") as of:
        target = Path(place) / MODEL
        with Checkpoint.open(of) as checkpoint:
            compile_checkpoint(checkpoint, target, find_profile(DEFAULT_PROFILE))
        yield target


def _layers(model: AnyModel, layers: Sequence[int] | None) -> tuple[int, ...]:
    count = model.config.shape.layers
    chosen = (0, count - 1) if layers is None else layers
    for layer in chosen:
        if not 0 <= layer < count:
            raise UsageError(f"layer {layer}: the model has layers 0 to {count - 1}")
    return tuple(sorted(set(chosen)))
