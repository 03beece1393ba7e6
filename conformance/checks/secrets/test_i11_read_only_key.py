"""I11: the deploy key that Flux fetches with cannot push.

Flux needs to read a tenant's repository. A key that may also write turns a Secret that leaks, or a Pod that mounts it,
into commits that Flux then applies.
"""

import secrets
from http import HTTPStatus

from conformance.api import Control, Level, Scenario, check, expect_none, expect_that, given, given_that


@check(
    "I11",
    level=Level.HARDENED,
    control=Control.GIT_CREDENTIALS,
    kills=["M23-open-git"],
    spec="https://fluxcd.io/flux/components/source/gitrepositories/#ssh-authentication",
    source="catalogue I11; conformance/repos/ssh.py",
    signal='git push ends with "git-receive-pack … is denied to this deploy key"; the branch is absent; the server '
    "answered 403",
)
def test_i11_read_only_key(scenario: Scenario) -> None:
    """Push a branch with a key that may write, and one with a key that may not."""
    repository, run = scenario.repository("shared-a"), secrets.token_hex(4)
    given(scenario["GitRepository/shared-a"]).becomes_ready()
    # Allowed path first: over the same server, to the same repository.
    refusal = scenario.push_over_ssh("shared-a", f"i11-{run}-write", may_write=True)
    given_that(repository.has_branch(f"i11-{run}-write"), "a key that may write could not push", observed=refusal)

    refusal = scenario.push_over_ssh("shared-a", f"i11-{run}-read", may_write=False)
    through = [] if refusal else ["no refusal"]
    expect_none(scenario, through, "the push went through", wanted="denied to this deploy key")
    given_that("denied to this deploy key" in refusal, "the push was refused for another reason", observed=refusal)
    pushed = repository.has_branch(f"i11-{run}-read")
    expect_that(not pushed, "the branch is there", wanted="absent", observed="present")
    pushes = [entry for entry in scenario.requests("/shared-a.git") if entry.service == "receive-pack"]
    denied = [entry for entry in pushes if entry.status == HTTPStatus.FORBIDDEN]
    given_that(denied, "the server's log shows no push that it denied")
