"""A container engine and a Kind node image, made on a Debian host that has neither engine nor registry."""
