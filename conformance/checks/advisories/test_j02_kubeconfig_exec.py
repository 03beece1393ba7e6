"""J02: CVE-2022-24817 stays fixed: kustomize-controller does not run the command of a kubeconfig.

user.exec names a program that a Kubernetes client starts for its credential. From a tenant's Secret it would run in the
controller, with the controller's rights. Where the policy against spec.kubeConfig does not reach, only this holds.
"""

import base64
import json
from typing import Any

from conformance.api import Control, Level, Scenario, check, expect, expect_none, given


@check(
    "J02",
    level=Level.CORE,
    control=Control.KUBECONFIG_EXEC_OFF,
    kills=["M16"],
    spec="https://github.com/advisories/GHSA-vvmq-fwmg-2gjc",
    source="catalogue J02; pkg/runtime@v0.110.1 client/kubeconfig.go:112",
    signal='Ready=False/ReconciliationFailed "failed to get server groups"; no request by the command',
)
def test_kubeconfig_exec(scenario: Scenario) -> None:
    attack = scenario["Kustomization/j02-exec"]
    given(scenario["GitRepository/j02-source"]).becomes_ready()

    submit(scenario, "j02-inline", {"token": scenario.platform.client.token("j02-plain", "j02-remote")})
    given(scenario["Kustomization/j02-inline"]).becomes_ready()

    # The command calls the git server, so that its log tells whether it ran.
    command = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "interactiveMode": "Never",
        "command": "git",
        "args": ["ls-remote", f"{scenario.platform.git_url}/j02-canary"],
    }
    submit(scenario, "j02-exec", {"exec": command})
    given(attack).is_judged(reason="ReconciliationFailed")
    calls = scenario.requests("/j02-canary")
    ran = [f"{entry.method} {entry.path}" for entry in calls]
    expect_none(scenario, ran, "the kubeconfig's command ran", wanted="no request")

    # The command was dropped: without a credential the API server does not even tell its groups.
    expect(attack).is_denied(reason="ReconciliationFailed", message="failed to get server groups")


def submit(scenario: Scenario, name: str, user: dict[str, Any]) -> None:
    """Submit a Kustomization and its kubeconfig, which differs from the other one's in the user only."""
    platform = scenario.platform
    authority = base64.b64encode(platform.client.ca_file.read_bytes()).decode()
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "c", "cluster": {"server": platform.cluster.server, "certificate-authority-data": authority}}
        ],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }
    secret = scenario[f"Secret/{name}"].with_fields({"stringData.value": json.dumps(kubeconfig)})
    given(secret.submit()).is_admitted()
    given(scenario[f"Kustomization/{name}"].submit()).is_admitted()
