"""The Kubernetes API as the suite sees it: objects, conditions and waits."""
