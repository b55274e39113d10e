"""conformance/core is what the catalogue gives, byte for byte, and small (CONF-2 to CONF-6)."""

from pathlib import Path

import pytest

from spikeref.suite.generate import generate_suite
from spikeref.vectors.reader import Suite
from spikeref.vectors.verify import verify_suite

FROZEN = Path(__file__).parents[2] / "conformance" / "core"
LARGEST_SUITE = 6_000_000
LARGEST_FILE = 256 * 1024


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suite") / "core"
    generate_suite(folder, "core", model=None, layers=None, tokens=None, npy=False)
    return folder


def files(folder: Path) -> dict[str, Path]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path for path in found}


def test_the_frozen_suite_comes_out_again_byte_for_byte(generated: Path) -> None:
    expected, got = files(FROZEN), files(generated)
    assert sorted(expected) == sorted(got)
    different = [name for name in expected if expected[name].read_bytes() != got[name].read_bytes()]
    assert different == []


def test_the_frozen_suite_is_sound() -> None:
    manifest = verify_suite(FROZEN)
    assert manifest.suite == "core"
    assert manifest.model_digest is None
    assert 300 <= len(manifest.cases) <= 1000


def test_the_frozen_suite_keeps_its_budget() -> None:
    sizes = {name: path.stat().st_size for name, path in files(FROZEN).items()}
    assert sum(sizes.values()) <= LARGEST_SUITE
    assert max(sizes.values()) <= LARGEST_FILE


def test_npy_files_beside_the_others_change_no_digest(tmp_path: Path) -> None:
    manifest = generate_suite(
        tmp_path / "core", "core", model=None, layers=None, tokens=None, npy=True
    )
    assert manifest.root_digest == Suite.open(FROZEN).manifest.root_digest
    assert any(tmp_path.rglob("*.npy"))
