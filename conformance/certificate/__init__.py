"""The certificate of a change of Flux release: two reports compared, one answer, digests and a signature."""
