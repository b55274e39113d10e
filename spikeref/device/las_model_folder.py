"""Chapter 21: read a LAS model's folder, refusing one that its own clauses do not describe."""

from pathlib import Path

from .las_model import LasModel, build_las_model
from .las_model_shape import config_of
from .model_folder import read_checked


def read_las_model(folder: Path) -> LasModel:
    """Read and check a model folder (LMOD-1 to LMOD-4)."""
    config, tensors, digest = read_checked(folder)
    return build_las_model(config_of(config, digest), tensors)
