"""B12: a permitted host does not pass the allowlist as the user name of another host.

`https://good.example` permits `https://good.example@elsewhere/`: what stands before the `@` is a user name. A prefix
that contains a path and ends in `/` cannot be continued like that.
"""

from urllib.parse import urlsplit

from conformance.api import Control, Level, Scenario, check, expect, expect_none, given, given_that, ref_to


@check(
    "B12",
    level=Level.HARDENED,
    control=Control.ALLOWLIST,
    kills=["M06-slash", "M06-wide"],
    source="catalogue B12; apiserver@v0.36.3/pkg/admission/plugin/policy/validating/dispatcher.go:294",
    signal='every prefix has a host, a path and a "/" at its end; 403 for the permitted host before an "@"',
)
def test_b12_userinfo_host(scenario: Scenario) -> None:
    """Read the live allowlist, and submit a permitted host as user name."""
    platform = scenario.platform
    given(scenario["GitRepository/b12-own"]).becomes_ready()
    named = platform.fleet.profile.allowlist
    allowlist = platform.client.get(ref_to(f"ConfigMap/{named.name}", named.namespace))
    prefixes = [line.strip() for line in allowlist["data"][named.key].splitlines() if line.strip()]
    given_that(prefixes, "the allowlist is empty")
    loose = [prefix for prefix in prefixes if not _is_closed(prefix)]
    expect_none(scenario, loose, "prefixes can be continued to other hosts", wanted="host, path and /")

    host = urlsplit(platform.git_url).netloc
    url = f"http://{host}@{urlsplit(platform.evil_git_url).netloc}/evil/x"
    answer = scenario["GitRepository/b12-evil"].with_fields({"spec.url": url}).submit()
    # The allowlist and the guard both refuse it; the API server names one of them.
    expect(answer).is_refused(message=("ValidatingAdmissionPolicy", "denied request: spec.url"))
    expect(answer).leaves_no_trace("GitRepository/b12-evil", namespace="shared-a")


def _is_closed(prefix: str) -> bool:
    address = urlsplit(prefix)
    return bool(address.scheme and address.hostname and address.path.strip("/") and prefix.endswith("/"))
