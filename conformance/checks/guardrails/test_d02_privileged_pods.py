"""D02: a tenant cannot run Pods that reach the node.

The host's network, its files, a privileged container or root are each a way out of the namespace, past every policy
on Flux objects.
"""

import pytest

from conformance.api import Control, Level, Scenario, check, expect, given

VIOLATIONS = {
    "hostNetwork": "hostNetwork=true",
    "privileged": "securityContext.privileged=true",
    "hostPath": 'restricted volume type "hostPath"',
    "runAsRoot": "runAsUser=0",
}


@pytest.mark.parametrize("variant", VIOLATIONS)
@check(
    "D02",
    level=Level.HARDENED,
    control=Control.POD_SECURITY,
    kills=["M11-psa"],
    spec="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    source="catalogue D02; pod-security-admission@v0.36.3/admission/admission.go:481",
    signal='403, violates PodSecurity "restricted, and the violated item; the Pod is absent',
)
def test_d02_privileged_pods(scenario: Scenario, variant: str) -> None:
    """Submit a Pod that meets Pod Security `restricted`, and one that does not."""
    pod = scenario[f"Pod/d02-{variant.lower()}"]
    # Allowed path first: the tenant runs Pods, and the server takes the one that differs in a single field.
    given(scenario["Pod/d02-ok"].submit(dry_run=True)).is_admitted()
    given(scenario[pod.planned.twin].submit(dry_run=True)).is_admitted()

    answer = pod.submit()
    expect(answer).is_refused(message=('violates PodSecurity "restricted', VIOLATIONS[variant]))
    expect(answer).leaves_no_trace(pod.ref.label, namespace="shared-a")
