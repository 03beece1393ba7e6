"""B19: nobody can bring an artifact into a tenant's namespace that no source fetched.

An ExternalArtifact holds the address of an archive that other controllers then build from, and the allowlist never
sees it.
"""

from conformance.api import Control, Level, Scenario, check, expect, given


@check(
    "B19",
    level=Level.HARDENED,
    control=Control.SOURCE_GUARD,
    kills=["M15-sources"],
    source="catalogue B19; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='403 "ExternalArtifact and ArtifactGenerator are not allowed"; the ExternalArtifact is absent',
)
def test_b19_external_artifact(scenario: Scenario) -> None:
    """Submit an ExternalArtifact as somebody who may edit the namespace."""
    client, who = scenario.account("shared-a", "b19-editor")
    own, evil = (scenario[ns, "ExternalArtifact/b19-artifact"] for ns in ("default", "shared-a"))
    # Allowed path first: the object is fine where no tenant lives, and this person may make Flux objects.
    given(own.submit()).is_admitted()
    source = scenario["GitRepository/b19-own"]
    scenario.until_enforced(
        lambda: scenario.ask(who, f"create {source.ref}", lambda: client.create(source.manifest, dry_run=True)),
        lambda answer: answer.admitted,
        what="the role of the person is in force",
    )

    answer = scenario.ask(who, f"create {evil.ref}", lambda: client.create(evil.manifest))
    expect(answer).is_refused(message=(scenario.denial("guard_sources"), "are not allowed in tenant namespaces"))
    expect(answer).leaves_no_trace("ExternalArtifact/b19-artifact", namespace="shared-a")
