"""A compiled model of either system."""

from typing import TypeAlias

from spikeref.model.config import ModelConfig
from spikeref.model.las_config import LasConfig
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import LasProfile
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import Profile

AnyModel: TypeAlias = IntegerModel | LasModel
AnyConfig: TypeAlias = ModelConfig | LasConfig
AnyProfile: TypeAlias = Profile | LasProfile
