"""A conformance suite that proves or breaks tenant isolation of Flux CD."""

__version__ = "0.1.0"
