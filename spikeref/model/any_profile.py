"""Profiles of both systems, by name and as JSON (MODEL-4, LMOD-2)."""

from typing import Any, assert_never

from spikeref.errors import UsageError
from spikeref.model.any_model import AnyProfile
from spikeref.model.las_profile import (
    LAS_PROFILES,
    LasProfile,
    las_profile_from_json,
    las_profile_to_json,
)
from spikeref.model.profile import PROFILES, Profile
from spikeref.model.profile_json import profile_from_json, profile_to_json
from spikeref.storage.json_fields import JsonFields

ALL_PROFILES: dict[str, AnyProfile] = {**PROFILES, **LAS_PROFILES}


def find_any_profile(name: str) -> AnyProfile:
    """Return the profile called `name`; UsageError listing the known ones if there is none."""
    if name not in ALL_PROFILES:
        raise UsageError(f"profile {name!r} is unknown; known: {', '.join(ALL_PROFILES)}")
    return ALL_PROFILES[name]


def any_profile_to_json(profile: AnyProfile) -> dict[str, Any]:
    """Return the members of a profile."""
    match profile:
        case Profile():
            return dict(profile_to_json(profile))
        case LasProfile():
            return dict(las_profile_to_json(profile))
        case _:
            assert_never(profile)


def any_profile_from_json(fields: JsonFields) -> AnyProfile:
    """Return the profile that a JSON object states; its error class for one that is none."""
    if fields.value.get("system") == "las":
        return las_profile_from_json(fields)
    return profile_from_json(fields)
