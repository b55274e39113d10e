"""The Python reference: every public name is in it, every room is listed."""

import re

import spikeref
from tests.documents.pages import ROOT, text_of
from tests.test_architecture import ROOMS

ENTRY = re.compile(r"^::: ([\w.]+)$", re.M)


def test_every_public_name_is_in_the_reference() -> None:
    shown = set(ENTRY.findall(text_of("docs/reference/python.md")))
    assert shown == {f"spikeref.{name}" for name in spikeref.__all__} | {"spikeref.errors"}


def test_every_module_of_the_reference_exists() -> None:
    names = ENTRY.findall(text_of("docs/reference/modules.md"))
    assert names
    for name in names:
        assert (ROOT / f"{name.replace('.', '/')}.py").is_file(), name


def test_the_rooms_stand_in_the_order_of_their_imports() -> None:
    listed = re.findall(
        r"^## \w+\n\n<!-- room: (\w+) -->$", text_of("docs/reference/rooms.md"), re.M
    )
    assert listed == [room for room in ROOMS if room != "errors"]
