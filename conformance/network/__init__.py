"""Connections between Pods: opened by Pods where there are nodes, and computed from the live NetworkPolicies anyway."""

from conformance.network.enforcement import Enforcement, NotEnforced
from conformance.network.flows import Flow
from conformance.network.matrix import Network, Question, as_text
from conformance.network.policies import other_groups, selects

__all__ = ["Enforcement", "Flow", "Network", "NotEnforced", "Question", "as_text", "other_groups", "selects"]
