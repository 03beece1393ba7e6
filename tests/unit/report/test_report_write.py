import stat
from xml.etree import ElementTree as ET

import pytest

from conformance.errors import InputError
from conformance.report import write
from conformance.report.write import load_report, write_report, write_run


def test_a_run_is_written_and_read_again(tmp_path, full_run):
    folder = tmp_path / "deep" / "report"
    report = write_run(folder, full_run)
    assert sorted(p.name for p in folder.iterdir()) == ["junit.xml", "report.html", "report.yaml"]
    assert load_report(folder) == load_report(folder / "report.yaml") == report
    assert stat.S_IMODE((folder / "report.yaml").stat().st_mode) == 0o644


def test_writing_again_replaces_all(tmp_path, full_run, make_run, make_result):
    write_run(tmp_path, full_run)
    report = write_run(tmp_path, make_run([make_result()]))
    assert load_report(tmp_path) == report
    assert "non-conformant" not in (tmp_path / "report.html").read_text().partition("<main>")[0].partition("<body>")[2]
    assert len(list(tmp_path.iterdir())) == 3


def test_secrets_reach_no_file(tmp_path, make_run, make_result):
    secret = "s3cr3t-of-team-a"
    write_run(tmp_path, make_run([make_result(message=secret)], breakdowns=[secret]), [secret])
    assert not [p.name for p in tmp_path.iterdir() if secret in p.read_text()]


def test_a_broken_renderer_loses_nothing(tmp_path, full_run, monkeypatch):
    def broken(_report):
        raise RuntimeError("no template")

    monkeypatch.setattr(write, "render_html", broken)
    report = write_run(tmp_path, full_run)
    assert report.notes[-1] == "report.html could not be made: RuntimeError: no template"
    assert load_report(tmp_path) == report
    assert "F01 FAILED" in (tmp_path / "report.html").read_text()
    ET.fromstring((tmp_path / "junit.xml").read_bytes())


def test_a_broken_junit_leaves_no_stale_file(tmp_path, full_run, monkeypatch):
    write_run(tmp_path, full_run)
    monkeypatch.setattr(write, "junit_xml", lambda _report: 1 / 0)
    report = write_run(tmp_path, full_run)
    assert not (tmp_path / "junit.xml").exists()
    assert "junit.xml could not be made" in report.notes[-1]


def test_an_interrupted_write_keeps_the_old_file(tmp_path, full_run, monkeypatch):
    report = write_run(tmp_path, full_run)

    def interrupted(_handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(write.os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_report(tmp_path, report)
    assert load_report(tmp_path) == report
    assert not [p for p in tmp_path.iterdir() if p.suffix == ".tmp"]


def test_a_folder_that_cannot_be_made_is_an_input_error(tmp_path, full_run):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        write_run(tmp_path / "file" / "report", full_run)


def test_a_full_disk_is_named(tmp_path, full_run, monkeypatch):
    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write.os, "fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        write_run(tmp_path, full_run)


@pytest.mark.parametrize(("content", "said"), [(None, "No such file"), (b"\xff\xfe", "not UTF-8")])
def test_what_cannot_be_read_is_an_input_error(tmp_path, content, said):
    if content is not None:
        (tmp_path / "report.yaml").write_bytes(content)
    with pytest.raises(InputError, match=said):
        load_report(tmp_path / "report.yaml")
