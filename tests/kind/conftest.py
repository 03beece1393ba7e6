from support.binaries import binary, run_folder
from support.started import started

__all__ = ["binary", "run_folder", "started"]
