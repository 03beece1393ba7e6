import json
from dataclasses import replace

import jsonschema
import pytest
import yaml

from conformance.errors import InputError
from conformance.model import Level, Outcome
from conformance.report import wording
from conformance.report.build import build_report
from conformance.report.document import from_yaml, to_yaml
from conformance.report.schema import SCHEMA_FILE, ConformanceReport


def test_the_shipped_schema_is_fresh():
    assert SCHEMA_FILE.read_text(encoding="utf-8") == ConformanceReport.schema_text(), (
        "run: python -m conformance.report.schema"
    )


def test_a_report_follows_the_shipped_schema(full_run):
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(to_yaml(build_report(full_run))), schema)


def test_the_schema_refuses_an_unknown_verdict(full_run):
    data = yaml.safe_load(to_yaml(build_report(full_run)))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, "verdict": "fine"}, ConformanceReport.json_schema())


def test_yaml_is_lossless(full_run):
    report = build_report(full_run)
    assert from_yaml(to_yaml(report)) == report


def test_the_documented_blocks_are_there(full_run):
    data = yaml.safe_load(to_yaml(build_report(full_run)))
    assert data["apiVersion"] == "conformance.fluxtenancy.dev/v1alpha1"
    assert data["verdict"] == "non-conformant"
    assert data["judgement"]["provisional"] is True
    assert data["subject"]["controllers"][0]["name"] == "kustomize-controller"
    assert data["environment"]["provider"] == "embedded"
    first = next(row for row in data["results"] if row["id"] == "F01")
    assert (first["level"], first["environment"], first["result"]) == ("core", "staging", "failed")
    assert first["evidence"][0]["sha256"] == "ab" * 32
    assert data["mutants"][0]["kills"]
    assert data["lockdown"]["staging"] == [{"control": "prune", "wanted": "set spec.prune: true", "live": "true"}]
    assert data["summary"]["missing"] == ["staging/H01"]
    assert data["suite"]["notSelected"] == ["staging/D02"]


def test_of_a_module_whose_manifests_were_taken_the_image_ran(full_run):
    module = replace(full_run.binaries[0], tool="flux-operator")
    image = replace(module, source="image", binary_sha256="03" * 32)
    report = build_report(replace(full_run, binaries=(module, image)))
    assert [(one.name, one.binary_sha256) for one in report.subject.controllers] == [("flux-operator", "03" * 32)]


def test_documented_limits_are_read_both_ways(full_run):
    report = build_report(full_run)
    readings = {row.key: row.reading for row in report.results if row.level is Level.PROVISIONAL}
    assert readings == {"G02": "documented limit still open", "J11": "documented limit closed: review the row"}
    assert report.summary.limits_open == ("staging/G02",)
    assert report.summary.limits_closed == ("production/J11",)
    assert report.summary.judged.failed == 1


@pytest.mark.parametrize("check", ["J13", "A16"])
def test_what_is_known_to_hold_or_may_be_chosen_is_no_limit_that_closed(make_result, make_run, check):
    held = make_result(check, level=Level.PROVISIONAL)
    (row,) = build_report(make_run([held])).results
    assert (row.reading, wording.state(row)) == ("the property holds; reported, never judged", "passed")


def test_order_of_results_does_not_show(full_run):
    turned = replace(full_run, results=tuple(reversed(full_run.results)), mutants=tuple(reversed(full_run.mutants)))
    assert to_yaml(build_report(turned)) == to_yaml(build_report(full_run))


def test_no_text_of_the_report_carries_a_secret(full_run, make_result):
    secret = "s3cr3t-of-team-a"
    leaking = make_result("I07", Outcome.ERROR, message=f"got {secret}", observed="Bearer abcDEF123456", layer=secret)
    run = replace(
        full_run,
        results=(*full_run.results, leaking),
        breakdowns=(f"clone failed: {secret}",),
        address_map={f"https://u:{secret}@git.example.com": f"http://{secret}@127.0.0.1"},
        notes=(secret,),
    )
    text = to_yaml(build_report(run, [secret]))
    assert secret not in text
    assert "abcDEF123456" not in text


def test_characters_that_move_a_cursor_do_not_pass(make_run, make_result):
    report = build_report(make_run([make_result("F01", Outcome.FAILED, message="a\x1b[2Jb\ud800\x00\tc\nd")]))
    assert report.results[0].message == "a�[2Jb��\tc\nd"
    to_yaml(report).encode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "is not YAML: line 1"),
        ("- a", "is not a ConformanceReport: found list"),
        ("kind: Pod", "found kind 'Pod'"),
        ("kind: ConformanceReport\napiVersion: conformance.fluxtenancy.dev/v9", "is of version"),
        (
            "kind: ConformanceReport\napiVersion: conformance.fluxtenancy.dev/v1alpha1\nverdict: fine",
            "verdict: input should be 'conformant'",
        ),
    ],
)
def test_a_bad_report_is_a_clear_error(text, said):
    with pytest.raises(InputError) as caught:
        from_yaml(text, "some.yaml")
    assert said in caught.value.what
    assert "'some.yaml'" in caught.value.what
    assert caught.value.hint
