"""The kinds of attack of an upgrade, filled in for no platform."""

from conformance.upgrading.kinds import read

VALUES = {
    "git_url": "http://git/example",
    "evil_git_url": "http://git/evil",
    "attacker": "system:serviceaccount:shared-a:flux",
    "sources": "ValidatingAdmissionPolicy 'sources'",
    "kubeconfig": "ValidatingAdmissionPolicy 'kubeconfig'",
}
ARSENAL = read(VALUES)
KINDS = {kind.name: kind for kind in ARSENAL.kinds}
