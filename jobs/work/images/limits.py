"""How large a picture may be. Each limit stands for a file that is small and costs much."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from jobs.work.images.errors import BadImage
from jobs.work.images.sniff import Format

# A plain JPEG is decoded line by line; the others are held in memory as a whole.
_PIXELS = MappingProxyType(
    {
        Format.JPEG: 100_000_000,
        Format.PNG: 50_000_000,
        Format.WEBP: 50_000_000,
        Format.GIF: 50_000_000,
        Format.AVIF: 40_000_000,
    }
)


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is accepted. With the defaults, the worst file that is still taken peaks at
    0.7 GB for web sizes, and at 1.2 GB for a box of 10000 x 10000.

    `pixels` is width times height by format, `multiscan_pixels` the same for a JPEG in several
    scans (progressive), whose coefficients are all held in memory. `scans` counts those scans,
    `frames` the frames of an animation, and `animation_pixels` is frames times width times height.
    """

    size_bytes: int = 40_000_000
    pixels: Mapping[Format, int] = field(default_factory=lambda: _PIXELS)
    multiscan_pixels: int = 50_000_000
    scans: int = 64
    frames: int = 1_000
    animation_pixels: int = 100_000_000

    def check_bytes(self, count: int) -> None:
        """Raises BadImage("too_large")."""
        if count > self.size_bytes:
            raise BadImage(
                "too_large",
                f"The file has {count / 1e6:.1f} MB, and {self.size_bytes / 1e6:g} MB is the most. "
                "Send a smaller one.",
            )

    def check_pixels(self, form: Format, width: int, height: int, *, multiscan: bool) -> None:
        """Raises BadImage("pixels")."""
        most = self.pixels[form]
        if multiscan:
            most = min(most, self.multiscan_pixels)
        if width * height > most:
            kind = f"progressive {form.name}" if multiscan else form.name
            raise BadImage(
                "pixels",
                f"The picture has {width} x {height} pixels, and {most / 1e6:g} million is the "
                f"most for a {kind}. Make it smaller and send it again.",
            )

    def check_frames(self, frames: int, width: int, height: int) -> None:
        """Raises BadImage("frames")."""
        if frames > self.frames:
            raise BadImage(
                "frames",
                f"The animation has {frames} frames, and {self.frames} is the most. "
                "Send a shorter one.",
            )
        if frames * width * height > self.animation_pixels and frames > 1:
            raise BadImage(
                "frames",
                f"The animation has {frames} frames of {width} x {height} pixels, and "
                f"{self.animation_pixels / 1e6:g} million pixels in all is the most. "
                "Send a shorter or a smaller one.",
            )


DEFAULT_LIMITS = Limits()
