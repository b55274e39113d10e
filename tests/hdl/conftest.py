"""One folder of builds for all hardware tests, and a summary of what ran."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hdl.tools import ran, spent


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Builds are shared: a test that asks for the same one again finds it made."""
    return tmp_path_factory.mktemp("hdl")


@pytest.fixture(scope="session", autouse=True)
def summary(request: pytest.FixtureRequest) -> Iterator[None]:
    """Print names, counts and seconds at the end, whatever pytest captures."""
    yield
    manager = request.config.pluginmanager.getplugin("capturemanager")
    with manager.global_and_fixture_disabled():
        print("\nhardware tests:")
        for name, number in sorted(ran.items()):
            print(f"  {number:6}  {name}")
        for simulator, milliseconds in sorted(spent.items()):
            print(f"  {milliseconds // 1000:6} s in {simulator}")
