"""What there is to check in a Flux release, counted from the release's own data: no cluster is needed."""

from conformance.surface.comparing import compare
from conformance.surface.live import live_surface
from conformance.surface.model import Changed, Class, Entry, Kind, Surface, SurfaceDiff, Waiver
from conformance.surface.reading import surface_of

__all__ = [
    "Changed",
    "Class",
    "Entry",
    "Kind",
    "Surface",
    "SurfaceDiff",
    "Waiver",
    "compare",
    "live_surface",
    "surface_of",
]
