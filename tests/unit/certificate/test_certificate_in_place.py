"""An upgrade in place as a part of a certificate: it decides too, and has to be of the same platform."""

from pathlib import Path
from typing import Any

import pytest
from support.certificates import call, certified, nothing, release, upgraded

from conformance.certificate import running
from conformance.errors import InputError
from conformance.model import Profile
from conformance.timeline import Attack, Fate, Twin, UpgradeRecord

pytestmark = pytest.mark.usefixtures("surfaces")


def attack(fate: Fate) -> Attack:
    return Attack(kind="foreign-source", target="a/Kustomization/u", at=1.0, judged_at=2.0, fate=fate, said="seen")


@pytest.mark.parametrize(
    ("fate", "code", "said"),
    [
        (Fate.DENIED, 0, "conformant: 9.0 s, 1 attacks"),
        (Fate.PASSED, 1, "1 of 1 attacks 'foreign-source' passed"),
        (Fate.PENDING, 10, "1 of 1 attacks 'foreign-source' were not judged"),
    ],
)
def test_an_upgrade_in_place_decides_too(tmp_path: Path, fate: Fate, code: int, said: str) -> None:
    twins = [Twin(kind="foreign-source", when="before", works=True, said="")]
    record = UpgradeRecord(
        environment="staging", route="operator", source="2.9.2", target="2.9.5", began=0.0, ended=9.0,
        attacks=[attack(fate)], marks=[], twins=twins, controllers=[], tenant_objects=1,
    )  # fmt: skip
    folder = release(tmp_path / "u", "2.9.2", 3, {"F01": nothing}, upgrades=(record,))
    result = certified(tmp_path, nothing, "--upgrade", folder)
    assert (result.exit_code, said in result.output) == (code, True), result.output
    assert call("verify", tmp_path / "c", "--unsigned").exit_code == 0


@pytest.mark.parametrize(
    ("fate", "code", "said"),
    [
        (Fate.DENIED, 0, "conformant: 9.0 s, and back in 7.0 s, 2 attacks"),
        (Fate.PASSED, 1, "the way back to 2.9.2 in staging: 1 of 1 attacks 'foreign-source' passed"),
    ],
)
def test_a_way_back_belongs_to_the_upgrade_in_place(tmp_path: Path, fate: Fate, code: int, said: str) -> None:
    twins = [Twin(kind="foreign-source", when="before", works=True, said="")]
    known = {"environment": "staging", "route": "cli", "marks": [], "twins": twins, "controllers": [], "began": 0.0}
    known["tenant_objects"] = 1
    there = UpgradeRecord(source="2.9.2", target="2.9.5", ended=9.0, attacks=[attack(Fate.DENIED)], **known)
    back = UpgradeRecord(source="2.9.5", target="2.9.2", ended=7.0, attacks=[attack(fate)], way_back=True, **known)
    folder = release(tmp_path / "u", "2.9.2", 3, {"F01": nothing}, upgrades=(there, back))
    result = certified(tmp_path, nothing, "--upgrade", folder)
    assert (result.exit_code, said in result.output) == (code, True), result.output
    assert call("verify", tmp_path / "c", "--unsigned").exit_code == 0


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (("1 generation 1", "absent"), 1, "1 of 9 objects of the fleet's tenants were touched, the first a/Pod/b"),
        (("absent", "1 generation 1"), 0, "in place         conformant"),
    ],
)
def test_an_upgrade_that_touches_tenants_is_none_to_make(
    tmp_path: Path, change: tuple[str, str], code: int, said: str
) -> None:
    twins = [Twin(kind="foreign-source", when="before", works=True, said="")]
    record = UpgradeRecord(
        environment="staging", route="operator", source="2.9.2", target="2.9.5", began=0.0, ended=9.0,
        attacks=[attack(Fate.DENIED)], marks=[], twins=twins, controllers=[],
        tenants={"a/Pod/b": change}, tenant_objects=9,
    )  # fmt: skip
    folder = release(tmp_path / "u", "2.9.2", 3, {"F01": nothing}, upgrades=(record,))
    result = certified(tmp_path, nothing, "--upgrade", folder)
    assert (result.exit_code, said in result.output) == (code, True), result.output
    assert call("verify", tmp_path / "c", "--unsigned").exit_code == 0


def test_an_upgrade_of_another_fleet_is_refused(tmp_path: Path) -> None:
    record = UpgradeRecord(
        environment="staging", route="operator", source="2.9.2", target="2.9.5", began=0.0, ended=9.0,
        attacks=[], marks=[], twins=[], controllers=[],
    )  # fmt: skip
    other = {"fleet": "00" * 32, "tenant": "7e" * 32}
    folder = release(tmp_path / "u", "2.9.2", 3, {"F01": nothing}, upgrades=(record,), folders_sha256=other)
    said = str(certified(tmp_path, nothing, "--upgrade", folder).exception)
    assert "the report of the upgrade differs in more than the Flux release: the fleet's files" in said
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"provider": "kind"}, "provider embedded and kind"),
        ({"bootstrap": "operator"}, "bootstrap cli and operator"),
        ({"kubernetes_version": "v1.35.1"}, "Kubernetes v1.36.3 and v1.35.1"),
        ({"profile": Profile.CORE}, "profile hardened and core"),
    ],
)
def test_an_upgrade_of_another_platform_is_refused(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    folder = upgraded(tmp_path, **fields)
    assert said in str(certified(tmp_path, nothing, "--upgrade", folder).exception)


def test_without_an_upgrade_in_place_the_answer_is_provisional(tmp_path: Path) -> None:
    said = "no running platform was upgraded for this certificate (--upgrade)"
    assert f"reservation      {said}" in certified(tmp_path).output
    (tmp_path / "c").rename(tmp_path / "before")
    assert said not in certified(tmp_path, nothing, "--upgrade", upgraded(tmp_path)).output


def test_an_upgrade_of_other_releases_is_refused(tmp_path: Path) -> None:
    folder = release(tmp_path / "u", "2.9.5", 3, {"F01": nothing})
    result = certified(tmp_path, nothing, "--upgrade", folder)
    assert "the report of the upgrade is of no upgrade; 2.9.2 to 2.9.5 is wanted" in str(result.exception)


def test_a_report_of_another_upgrade_is_refused_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "run_in_foreground", lambda *_: pytest.fail("it was started"))
    none = release(tmp_path / "none", "2.9.2", 1, {"F01": nothing})
    words = ("certify", "--from", "2.9.2", "--to", "2.9.5", "--upgrade")
    assert "is of no upgrade; 2.9.2 to 2.9.5 is wanted" in str(call(*words, none).exception)
    assert isinstance(call(*words, tmp_path / "nowhere").exception, InputError)
