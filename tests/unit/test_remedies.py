"""The lines that a reader is told to add: known controls, YAML, and word for word what the reference fleet has."""

import re

import pytest
import yaml

from conformance.bootstrap.controls import TEXTS
from conformance.bootstrap.remedies import FILE, lines_of
from conformance.catalog import CHECKS
from conformance.model import Control
from conformance.settings import data_dir

KNOWN = yaml.safe_load(FILE.read_text())
FLEET = data_dir("fleet-repo")
_TO_REMOVE, _OF_THE_RELEASE = "a line to take away", "gotk-components.yaml is written by flux"
NOTHING_TO_ADD = {
    Control.KUBECONFIG_EXEC_OFF: _TO_REMOVE,
    Control.NO_GLOBAL_DECRYPTION_KEY: _TO_REMOVE,
    Control.FEATURE_GATES: _TO_REMOVE,
    Control.OBJECT_IDENTITY: _TO_REMOVE,
    Control.CONTROLLER_RIGHTS: _TO_REMOVE,
    Control.API_PATTERNS: _OF_THE_RELEASE,
    Control.FIXED_VERSION: _OF_THE_RELEASE,
    Control.CHART_SCHEMA: _OF_THE_RELEASE,
    Control.FLUX_ROLES: _OF_THE_RELEASE,
}
OF_A_CHECK = {Control.DECRYPTION_KEYS: [CHECKS / "secrets" / "i01_platform_secret.yaml"]}
"""The reference fleet has no encrypted Secrets."""


def fleet_files(control: Control) -> list[str]:
    """Return the text of every file of the reference fleet that a control's `where` names."""
    patterns = [re.sub(r"<[^>]+>", "*", word) for word in re.findall(r"[\w./*<>-]+/[\w./*<>-]*", TEXTS[control].where)]
    return [path.read_text() for pattern in patterns for path in sorted(FLEET.glob(pattern)) if path.is_file()]


def test_only_controls_have_lines() -> None:
    assert sorted(set(KNOWN) - set(Control)) == []


@pytest.mark.parametrize("control", Control)
def test_a_control_that_a_fleet_sets_has_lines_or_nothing_to_add(control: Control) -> None:
    if fleet_files(control):
        assert bool(lines_of(control)) != (control in NOTHING_TO_ADD), "see remedies.yaml"
    else:
        assert control not in NOTHING_TO_ADD


@pytest.mark.parametrize("control", KNOWN)
def test_the_lines_are_those_of_the_reference_fleet(control: str) -> None:
    assert isinstance(yaml.safe_load(KNOWN[control]), dict)
    files = [*fleet_files(Control(control)), *(path.read_text() for path in OF_A_CHECK.get(Control(control), ()))]
    text = "\n".join(files or [path.read_text() for path in FLEET.rglob("*.yaml")])
    have = {line.strip().removeprefix("- ") for line in text.splitlines()}
    lines = [
        line.strip().removeprefix("- ") for line in KNOWN[control].splitlines() if not line.strip().startswith("#")
    ]
    assert [line for line in lines if line and line not in have] == []
