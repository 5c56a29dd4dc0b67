"""Counting the scans of a JPEG, without decoding it.

A progressive JPEG repeats its picture in scans, each a pass over all pixels. A file of 150 KB can
hold thousands of them and keep a decoder busy for minutes.
"""

import re

_END = 0xD9
_START_OF_SCAN = 0xDA
# Segments with a length, which a decoder skips or reads as one: frame headers, tables, APPn, COM.
_WITH_LENGTH = frozenset(range(0xC0, 0xD0)) | frozenset(range(0xDA, 0xF0)) | {0xFE}
# In the coded data 0xFF is followed by zero or a restart mark (0xD0-0xD7); anything else is ours.
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
_MAX_SEGMENTS = 10_000


def exceeds_scans(data: bytes, most: int) -> bool:
    """Say whether a JPEG has more than this many scans (ITU-T T.81, annex B).

    The bytes of a start-of-scan marker also turn up by chance, in a film that a phone appends
    after the picture, so only a file with many of them is walked segment by segment.
    """
    if data.count(b"\xff\xda") <= most:
        return False
    return _walk(data, most)


def _walk(data: bytes, most: int) -> bool:
    position, scans = 2, 0
    for _ in range(_MAX_SEGMENTS):
        found = _MARKER.search(data, position)
        if found is None or found[1][0] == _END:
            return False
        position = found.end()
        if found[1][0] in _WITH_LENGTH:
            position += max(2, int.from_bytes(data[position : position + 2], "big"))
        scans += found[1][0] == _START_OF_SCAN
        if scans > most:
            return True
    return True  # No camera writes so many segments.
