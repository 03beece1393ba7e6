"""What paths of requests address."""

import pytest

from conformance.kube.target import Target, target_of


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/v1/namespaces", Target("", "namespaces")),
        ("/api/v1/namespaces/a", Target("", "namespaces", "", "a")),
        ("/api/v1/namespaces/a/finalize", Target("", "namespaces", "", "a", "finalize")),
        ("/api/v1/namespaces/a/secrets", Target("", "secrets", "a")),
        ("/api/v1/namespaces/a/serviceaccounts/b/token", Target("", "serviceaccounts", "a", "b", "token")),
        ("/apis/apps/v1/deployments", Target("apps", "deployments")),
        ("/apis/apps/v1/namespaces/a/deployments/b/scale", Target("apps", "deployments", "a", "b", "scale")),
        ("/apis/x.io/v1/namespaces/a", Target("x.io", "namespaces", "", "a")),
        ("/apis", Target("", "")),
        ("/version", Target("", "")),
    ],
)
def test_each_part_has_its_place(path: str, target: Target) -> None:
    assert target_of(path) == target


@pytest.mark.parametrize(
    ("path", "leads_on"),
    [
        ("/api/v1/namespaces/a/pods/b/exec", True),
        ("/api/v1/namespaces/a/pods/b/log", True),
        ("/api/v1/namespaces/a/services/b/proxy/metrics", True),
        ("/api/v1/nodes/b/proxy/logs", True),
        ("/api/v1/proxy/nodes/b", True),
        ("/api/v1/namespaces/proxy/configmaps/log", False),
    ],
)
def test_what_leads_into_a_process_is_told_from_objects(path: str, leads_on: bool) -> None:
    assert target_of(path).leads_on is leads_on
