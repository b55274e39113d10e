"""A compiled model as a hardware project takes it: package, header, memory images."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import assert_never

from spikeref.cosim.constants import Package, model_package
from spikeref.cosim.images import Image, mem_text, model_images
from spikeref.cosim.las_constants import las_package
from spikeref.cosim.las_images import function_images, las_images
from spikeref.cosim.package import C_NAME, SYSTEMVERILOG_NAME, c_header, systemverilog_package
from spikeref.errors import UsageError
from spikeref.model.any_model import AnyModel
from spikeref.model.config import SPEC_VERSION
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.model.tensors import DECODER_FUNCTIONS
from spikeref.storage.atomic import atomic_folder
from spikeref.storage.canonical import sha256_hex
from spikeref.vectors.case import type_of
from spikeref.vectors.tensors import tensor_bytes

MANIFEST_NAME = "manifest.json"
FORMAT = "spikeref-export"


def export_package(
    model: AnyModel,
    target: str | Path,
    layers: Sequence[int] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[str]:
    """Write package, header, images and a manifest to the new folder `target`; return the files.

    layers: whose operators get images, None for all. progress: told of layers done and all. The
    folder appears whole or not at all. UsageError: no such layer, or a target that cannot be
    written.
    """
    chosen = range(len(model.layers)) if layers is None else layers
    for layer in chosen:
        if not 0 <= layer < len(model.layers):
            raise UsageError(
                f"layer {layer}: the model has none; it has 0 to {len(model.layers) - 1}"
            )
    with atomic_folder(target) as folder:
        files = _write_sources(_package(model), folder)
        for image in _images(model, _reported(chosen, progress)):
            files |= _write_image(image, folder)
        _write_manifest(model, files, folder)
    return [MANIFEST_NAME, *files]


def _reported(layers: Sequence[int], progress: Callable[[int, int], None]) -> Iterator[int]:
    """Yield layers; tell of each when the next is asked for, its images written by then."""
    for done, layer in enumerate(layers, 1):
        yield layer
        progress(done, len(layers))


def _package(model: AnyModel) -> Package:
    match model:
        case IntegerModel():
            return model_package(model)
        case LasModel():
            return las_package(model)
        case _:
            assert_never(model)


def _images(model: AnyModel, layers: Iterable[int]) -> Iterator[Image]:
    match model:
        case IntegerModel(functions=functions):
            yield from model_images(model, layers)
            if functions is not None:
                yield from function_images(functions, DECODER_FUNCTIONS)
        case LasModel():
            yield from las_images(model, layers)
        case _:
            assert_never(model)


def _write_sources(package: Package, folder: Path) -> dict[str, str]:
    texts = {
        SYSTEMVERILOG_NAME: systemverilog_package(package),
        C_NAME: c_header(package),
    }
    return {name: _write(folder / name, text.encode()) for name, text in texts.items()}


def _write_image(image: Image, folder: Path) -> dict[str, str]:
    kind = type_of(image.values)
    binary, text = f"{image.path}.bin", f"{image.path}.mem"
    (folder / binary).parent.mkdir(parents=True, exist_ok=True)
    written = {text: _write(folder / text, mem_text(image))}
    if image.line_elements == 1:
        written[binary] = _write(folder / binary, tensor_bytes(image.values, kind, "bin"))
    return written


def _write(path: Path, content: bytes) -> str:
    """Write a file; return its SHA-256."""
    path.write_bytes(content)
    return sha256_hex(content)


def _write_manifest(model: AnyModel, files: dict[str, str], folder: Path) -> None:
    # An image can hold no version (PACK-6), so the manifest holds that of them all.
    manifest = {
        "format": FORMAT,
        "format_version": 1,
        "spec_version": SPEC_VERSION,
        "model_digest": model.digest,
        "profile": model.config.profile.name,
        "files": files,
    }
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest, indent=1) + "\n")
