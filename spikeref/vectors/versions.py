"""Versions that every manifest carries, and which of them this program reads (CONF-11)."""

from typing import Any

from spikeref.errors import VectorError
from spikeref.model.config import SPEC_VERSION

__all__ = ["FORMAT_VERSION", "SPEC_VERSION", "SUITE_VERSION", "check_versions"]

FORMAT_VERSION = 1
"""Of case.json and suite.json."""

SUITE_VERSION = "1.2.0"
"""The first number grows when a format or an expected value changes, the second with new cases."""


def check_versions(stated: dict[str, Any], where: str) -> None:
    """Refuse a manifest of another format, or of another major version of the specification."""
    if type(stated.get("format_version")) is not int or stated["format_version"] != FORMAT_VERSION:
        raise VectorError(
            f"{where}: format_version {stated.get('format_version')!r}; this program reads"
            f" {FORMAT_VERSION}"
        )
    spec = stated.get("spec_version")
    if not isinstance(spec, str) or spec.split(".")[0] != SPEC_VERSION.split(".")[0]:
        raise VectorError(
            f"{where}: specification {spec!r}; this program follows {SPEC_VERSION}: take a suite"
            " of that major version"
        )
