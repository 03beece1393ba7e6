"""Where evidence does not show that a check which says it passed has lost its control: each pair with the reason.

Exact in both directions: what evidence tells by now is taken out of here.
"""

from collections.abc import Mapping

REFUSED: Mapping[str, Mapping[str, str]] = {
    "a tenant's own objects are refused: what is denied for the first time is stricter": {
        "A12": "M20-binding",
        "B06": "M20-binding M27-bare-image M28-guard-sources M28-sources",
        "B22[ImagePolicy]": "M20-binding M28-guard-sources",
        "B22[ImageRepository]": "M20-binding M28-guard-sources",
        "B22[ImageUpdateAutomation]": "M20-binding M28-guard-sources",
        "B26[none]": "M11-quota-nothing M20-binding M28-pods",
        "B26[other]": "M11-quota-nothing M20-binding M28-pods",
        "B49": "M20-binding M28-guard-flux M28-guard-satoken M28-guard-sources M28-kubeconfig M28-sources",
        "C32[admin]": "M61-unaggregated",
        "C32[edit]": "M61-unaggregated",
        "C32[view]": "M61-unaggregated",
        "C35": "M20-binding",
        "D04": "M11-quota-nothing",
        "D08": "M11-limitrange",
        "F03": "M90-named-namespaces",
        "G18": "M46-narrow-root",
        "H06": "M20-binding",
        "I06": "M41-tenant-key-lost",
    },
    "what the platform makes, or may do, is refused: stricter too": {
        "A07": "M13",
        "B35": "M08",
        "B38": "M25-fixed-list",
        "H07": "M13",
        "I01": "M43-platform-key-lost",
    },
    "a connection that is promised does not stand: stricter too": {
        "E03": "M80-no-same-namespace",
        "E04": "M80-no-dns M80-no-same-namespace",
        "E07": "M80-no-ingress",
        "E09": "M81-no-allow-egress",
        "E10": "M81-no-allow-egress",
        "E11": "M81-no-scraping M81-no-webhooks",
        "E12": "M81-no-allow-egress",
    },
    "another state is Ready, or none: the check stops there, so what it saw afterwards cannot be compared": {
        "H06": "M80-other-overlay",
        "H08": "M21-suspended",
        "H13": "M21-suspended",
    },
}
"""Why -> key of a check -> mutants under which it turns red because something no longer works.

Its evidence says so, as stricter or as incomparable: never as unchanged.
"""


def untold() -> frozenset[tuple[str, str]]:
    """Return the pairs of a check's key and a mutant."""
    return frozenset(
        (key, mutant) for checks in REFUSED.values() for key, mutants in checks.items() for mutant in mutants.split()
    )
