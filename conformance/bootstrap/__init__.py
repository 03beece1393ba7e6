"""How Flux gets onto the cluster, the controls it brings, and the mutants that lack one."""
