from support.binaries import binary

__all__ = ["binary"]
