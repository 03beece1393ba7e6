"""The table of lockdown arguments: every flag of every shared controller, alike or not."""

from conformance import lockdown_arguments as la

SHARED = ("kustomize-controller", "helm-controller", "notification-controller")


def test_as_published_the_routes_differ_in_source_watcher_alone() -> None:
    columns = {route: la.published(route, "flux") for route in ("cli", "operator")}
    rows = la.table(columns, {name for one in columns.values() for name in one})
    assert la.different(rows) == ["source-watcher --no-cross-namespace-refs: cli absent, operator true"]
    assert {row.controller for row in rows if row.flag == "--default-service-account"} == {
        "kustomize-controller",
        "helm-controller",
    }


def test_the_account_is_the_fleets() -> None:
    assert la.published("cli", "tenant")["helm-controller"]["--default-service-account"] == "tenant"


def test_what_is_live_is_compared_with_the_other_route() -> None:
    live = {**la.published("operator", "flux"), "helm-controller": {"--default-service-account": "default"}}
    columns = {"operator": live, la.other("operator"): la.published("cli", "flux")}
    assert la.different(la.table(columns, SHARED)) == [
        "helm-controller --no-cross-namespace-refs: operator absent, cli true",
        "helm-controller --default-service-account: operator default, cli flux",
    ]


def test_a_flag_that_no_route_sets_has_no_row() -> None:
    rows = la.table({"cli": la.published("cli", "flux"), "operator": {}}, ["notification-controller", "other"])
    assert [(row.controller, row.flag) for row in rows] == [("notification-controller", "--no-cross-namespace-refs")]
    assert not rows[0].alike
