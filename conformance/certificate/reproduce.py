"""The command that makes a certificate again, with what only its user can give beside it."""

from collections.abc import Iterator

from conformance.report.schema import ConformanceReport

_CHOOSES_KUBERNETES = "kind"
"""The provider that can be told which Kubernetes; the embedded control plane has one."""


def command(before: ConformanceReport, after: ConformanceReport, upgrade: ConformanceReport | None) -> str:
    """Return a line for a shell: the upgrade in place where there was one, then the certificate; no machine's paths."""
    platform, source, target = after.environment, before.subject.flux_version, after.subject.flux_version
    environment = platform.environments[0] if len(platform.environments) == 1 else "all"
    words = [f"--from {source}", f"--to {target}", f"--environment {environment}", f"--bootstrap {platform.bootstrap}"]
    words += [f"--profile {after.profile.name}"]
    last = ["--", f"--flux-sync={platform.sync}", f"--flux-onboarding={platform.onboarding}"]
    chosen = [f"--flux-kubernetes-version={platform.kubernetes}"] if platform.provider == _CHOOSES_KUBERNETES else []
    own, commands = [f"--provider {platform.provider}"], list[str]()
    if upgrade is not None:
        folder = f"upgrade-{source}-{target}"
        back = ["--and-back"] if any(one.way_back for one in upgrade.upgrades) else []
        commands.append(" ".join(["flux-tenancy upgrade", *words, *back, f"--report {folder}", *last]))
        own.append(f"--upgrade {folder}")
    commands.append(" ".join(["flux-tenancy certify", *words, *own, *last, *chosen]))
    return f"{'; '.join(commands)}  # supply {'; '.join(_supplied(after, upgrade))}"


def _supplied(after: ConformanceReport, upgrade: ConformanceReport | None) -> Iterator[str]:
    """Yield what the command lacks, since it is the user's: it stands in no report, or is no word of a command."""
    for folder in ("fleet", "tenant"):
        name = f" {after.subject.fleet!r}" if folder == "fleet" else ""
        yield f"--{folder}: the {folder}{name} with SHA-256 {after.subject.folders_sha256.get(folder, 'unknown')}"
    for name, report in (("certify", after), ("upgrade", upgrade)):
        if report is not None and report.suite.not_selected:
            yield f"-k of {name}: {len(report.suite.not_selected)} of {report.suite.catalog_size} checks were left out"
