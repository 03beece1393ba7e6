"""D08: a tenant's Pod that does not say what it needs gets the namespace's defaults.

A container without limits may take all of its node, and a quota counts only what Pods say.
"""

from conformance.api import Control, Level, Scenario, check, expect, expect_none, given, pick


@check(
    "D08",
    level=Level.HARDENED,
    control=Control.LIMIT_RANGE,
    kills=["M11-limitrange"],
    spec="https://kubernetes.io/docs/concepts/policy/limit-range/",
    source="catalogue D08; kubernetes@v1.36.3/plugin/pkg/admission/limitranger/admission.go",
    signal="admitted; the container's requests and limits are those of the LimitRange",
)
def test_d08_limit_range(scenario: Scenario) -> None:
    """Submit a Pod with requests and limits, and one without."""
    # Allowed path first: a Pod that says what it needs is admitted.
    given(scenario["Pod/d08-sized"].submit(dry_run=True)).is_admitted()

    bare = expect(scenario["Pod/d08-bare"].submit(dry_run=True)).is_admitted()
    got = pick(bare, "spec", "containers", 0, "resources") or {}
    ranges = scenario.platform.client.objects("v1", "LimitRange", namespace="shared-a")
    defaults = [one for item in ranges for one in pick(item, "spec", "limits") if one["type"] == "Container"]
    wanted = {"requests": pick(defaults, 0, "defaultRequest"), "limits": pick(defaults, 0, "default")}
    complete = all(pick(got, part, unit) for part in ("requests", "limits") for unit in ("cpu", "memory"))
    other = [] if complete and got == wanted else [str(got)]
    expect_none(scenario, other, "a Pod got other resources than the defaults", wanted=str(wanted))
