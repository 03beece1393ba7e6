"""The lines that a fleet needs for each control, as the reference fleet has them; see remedies.yaml."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from conformance.model import Control

FILE = Path(__file__).with_name("remedies.yaml")


def lines_of(control: Control) -> str:
    """Return the YAML that sets a control; empty for one that is no fleet's to set."""
    return _known().get(control, "").rstrip()


@cache
def _known() -> Mapping[str, str]:
    return dict(yaml.safe_load(FILE.read_text(encoding="utf-8")))
