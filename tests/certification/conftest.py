from support.started import started

__all__ = ["started"]
