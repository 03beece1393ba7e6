"""Where the cluster under test comes from."""
