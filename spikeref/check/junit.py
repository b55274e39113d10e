"""A run as JUnit XML, for continuous integration."""

from xml.etree import ElementTree

from spikeref.check.conform import Conformance
from spikeref.check.judge import Failure


def junit_xml(done: Conformance) -> bytes:
    """Return a test suite with a test case for each case, each surplus one, and the process."""
    judgement, manifest = done.judgement, done.suite.manifest
    surplus = [failure for failure in judgement.failures if failure.manifest is None]
    fault = done.ended.fault
    root = ElementTree.Element(
        "testsuite",
        name=f"spikeref.{manifest.suite}.{done.claim.case_class}",
        tests=str(len(judgement.cases) + len(surplus) + 1),
        failures=str(len(judgement.failures) + (fault is not None)),
        errors="0",
        skipped="0",
    )
    _case(root, "process", "device", None if fault is None else f"{fault}\n{done.ended.tail}")
    failing = {failure.case: failure for failure in judgement.failures}
    for case in judgement.cases:
        failure = failing.get(case.id)
        text = None if failure is None else _text(failure)
        _case(root, f"{case.case_class}.{case.operation}", case.id, text)
    for failure in surplus:
        _case(root, "surplus", failure.case, failure.reason)
    ElementTree.indent(root, " ")
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(root: ElementTree.Element, group: str, name: str, failure: str | None) -> None:
    case = ElementTree.SubElement(
        root, "testcase", classname=_xml_text(f"spikeref.{group}"), name=_xml_text(name)
    )
    if failure is not None:
        message = _xml_text(failure)
        found = ElementTree.SubElement(case, "failure", message=message.partition("\n")[0])
        found.text = message


def _text(failure: Failure) -> str:
    found = failure.divergence
    if found is None:
        return failure.reason
    place = f"{found.tensor}{list(found.coordinates)}"
    return f"{place}: expected {found.expected}, got {found.got}"


def _xml_text(text: str) -> str:
    """Return text without what XML cannot hold: a device chooses file names and messages."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
