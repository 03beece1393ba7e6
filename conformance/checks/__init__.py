"""The checks: one sentence, one YAML, one function, at least one mutant each."""
