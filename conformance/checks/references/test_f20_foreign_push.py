"""F20: a tenant's image automation cannot push to another tenant's repository.

The controller reads the victim's write credential itself. One field in the attacker's object would make it commit, in
the victim's name, what the victim's cluster then applies.
"""

import secrets

from conformance.api import Control, Environment, Scenario, check, eventually, expect, expect_none, given, pick

DENIED = "can't access 'GitRepository/shared-b/f20-repository', cross-namespace references have been blocked"


# In production a policy refuses image automation altogether.
@check(
    "F20",
    control=Control.NO_CROSS_NAMESPACE_REFS,
    kills=["M01-image-automation"],
    source="catalogue F20; image-automation-controller@v1.2.3 internal/source/source.go:170",
    signal='Ready=False/AccessDenied "cross-namespace references have been blocked"; the victim\'s repository has no '
    "new branch",
    environments=[Environment.STAGING],
)
def test_foreign_push(scenario: Scenario) -> None:
    image = f"{scenario.platform.oci_url.removeprefix('oci://')}/manifests/harmless"
    images = scenario["ImageRepository/f20-images"].with_fields({"spec.image": image})
    given(images.submit()).is_admitted()
    for tenant in ("shared-a", "shared-b"):
        source = scenario.existing(f"GitRepository/{tenant}", tenant).live()
        secret = {"spec.secretRef.name": pick(source, "spec", "secretRef", "name")}
        repository = scenario[tenant, "GitRepository/f20-repository"].with_fields(secret)
        given(repository.submit()).is_admitted()
        given(repository).becomes_ready()
    given(images).becomes_ready()
    given(scenario["ImagePolicy/f20-images"].submit()).is_admitted()
    given(scenario["ImagePolicy/f20-images"]).becomes_ready()

    # A branch of this run only: what an earlier one pushed would leave nothing to do.
    branch = f"f20-{secrets.token_hex(4)}"
    own = scenario["ImageUpdateAutomation/f20-own"].with_fields({"spec.git.push.branch": branch})
    foreign = scenario["ImageUpdateAutomation/f20-foreign"].with_fields({"spec.git.push.branch": branch})
    for subject in (own, foreign):
        given(subject.submit()).is_admitted()
    given(own).becomes_ready()
    eventually(
        lambda: scenario.repository("shared-a").has_branch(branch),
        bool,
        timeout_s=scenario.platform.timeouts.reconciled,
        what="the automation pushes to the tenant's own repository",
        interval_s=0.5,
    )

    expect(foreign).is_denied(reason="AccessDenied", message=DENIED)
    pushes = scenario.requests(
        "/shared-b", lambda entry: entry.service == "receive-pack" and entry.user_agent.startswith("go-git")
    )
    asked = [f"{entry.method} {entry.path}" for entry in pushes]
    expect_none(scenario, asked, "Flux asked to push to shared-b", wanted="no request")
    pushed = ["a branch"] if scenario.repository("shared-b").has_branch(branch) else []
    expect_none(scenario, pushed, "shared-b's repository was pushed to", wanted="no branch of this run")
