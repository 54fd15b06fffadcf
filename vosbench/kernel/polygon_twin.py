"""The longest polygon of a mask in plain Python. Tests compare the compiled kernel with it.

Corners are (row, column) with ``0 <= row <= H`` and ``0 <= column <= W``; the pixel (i, j) fills the square between the
corners (i, j) and (i + 1, j + 1). Two neighbouring pixels that differ have an *active crack* between them; outside the
frame is background. A corner where four active cracks meet is a *junction*. Contours are made of *pieces*, walks along
cracks from junction to junction.

The order of everything decides which curve starts where, and with that the polygon. It follows the DAVIS toolkit, whose
published values depend on it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Corner = tuple[int, int]
Curve = list[Corner]

UP, LEFT, DOWN, RIGHT = (-1, 0), (0, -1), (1, 0), (0, 1)

# Bucket counts of the hash table that orders the start junctions in the published binaries: when as many junctions as
# buckets fill the table, the order turns round.
# fmt: off
HASH_TABLE_SIZES = frozenset({
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 103, 109, 113,
    127, 137, 139, 149, 157, 167, 179, 193, 199, 211, 227, 241, 257, 277, 293, 313, 337, 359, 383, 409, 439, 467, 503,
    541, 577, 619, 661, 709, 761, 823, 887, 953, 1031, 1109, 1193, 1289, 1381, 1493, 1613, 1741, 1879, 2029, 2179,
    2357, 2549, 2753, 2971, 3209, 3469, 3739, 4027, 4349, 4703, 5087, 5503, 5953, 6427, 6949, 7517, 8123, 8783, 9497,
    10273, 11113, 12011, 12983, 14033, 15173, 16411, 17749, 19183, 20753, 22447, 24281, 26267, 28411, 30727, 33223,
    35933, 38873, 42043, 45481, 49201, 53201, 57557, 62233, 67307, 72817, 78779, 85229, 92203, 99733,
})
# fmt: on


@dataclass(slots=True)
class Piece:
    """A walk along cracks between two junctions, which may be the same one."""

    start: int
    end: int
    corners: Curve

    def leaves_vertically(self, junction: int) -> bool:
        """Whether its crack at this junction is vertical; of a loop, the first one counts."""
        (row, _), (next_row, _) = self.corners[:2] if self.start == junction else self.corners[-2:]
        return row != next_row

    def other_end(self, junction: int) -> int:
        """The junction a walk from this one arrives at."""
        return self.end if self.start == junction else self.start


def longest_polygon(mask: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Find the contour polygon with most vertices.

    Contours run along pixel edges. They are cut into simple closed curves, which touch but never cross, and simplified
    with a tolerance of 1.5 pixels. Holes compete with outer curves; of equals the first found is chosen.

    Args:
        mask: (H, W), C-contiguous, at least one pixel; non-zero is object.

    Returns:
        int32 (n, 2): rows and columns of its corners, the first repeated as the last. Outer curves run clockwise on
        screen, holes the other way round. n is 0 where no curve keeps three corners, and at least 4 elsewhere.
    """
    curves = simple_curves(mask)
    polygons = [simplify(curve) for curve in curves]
    usable = [k for k, polygon in enumerate(polygons) if len(polygon) >= 4]
    if not usable:
        return np.empty((0, 2), np.int32)
    chosen = max(usable, key=lambda k: len(polygons[k]))
    polygon = polygons[chosen]
    clockwise = sum((r1 - r0) * (c1 + c0) for (r0, c0), (r1, c1) in pairwise(polygon)) > 0
    if clockwise == is_hole(curves[chosen], curves[:chosen] + curves[chosen + 1 :]):
        polygon = polygon[::-1]
    return np.array(polygon, np.int32)


def simple_curves(mask: NDArray[np.uint8]) -> list[Curve]:
    """Cut the contours of a mask into simple closed curves, each with its first corner repeated at the end."""
    cracks = active_cracks(mask)
    junctions = {corner: n for n, corner in enumerate(sorted(c for c, out in cracks.items() if len(out) == 4), start=1)}
    pieces = [
        walk(cracks, junctions, corner, direction)
        for corner in reversed(list(junctions))
        for direction in (UP, LEFT, DOWN, RIGHT)
        if direction in cracks[corner]  # a walk uses its cracks up
    ]
    for corner in sorted(cracks):  # what is left are loops without a junction: give them one
        if DOWN in cracks[corner]:
            junctions[corner] = len(junctions) + 1
            pieces.append(walk(cracks, junctions, corner, DOWN))
    return assemble(pieces, len(junctions))


def active_cracks(mask: NDArray[np.uint8]) -> dict[Corner, set[Corner]]:
    """For every corner on a contour, the directions in which an active crack leaves it."""
    padded = np.pad(mask != 0, 1)
    cracks: dict[Corner, set[Corner]] = {}
    for i, j in np.argwhere(padded[1:, 1:] != padded[1:, :-1]).tolist():
        cracks.setdefault((i, j), set()).add(DOWN)
        cracks.setdefault((i + 1, j), set()).add(UP)
    for i, j in np.argwhere(padded[1:, 1:] != padded[:-1, 1:]).tolist():
        cracks.setdefault((i, j), set()).add(RIGHT)
        cracks.setdefault((i, j + 1), set()).add(LEFT)
    return cracks


def walk(cracks: dict[Corner, set[Corner]], junctions: dict[Corner, int], corner: Corner, direction: Corner) -> Piece:
    """Use up cracks from a junction to the next one."""
    corners = [corner]
    while True:
        cracks[corner].remove(direction)
        corner = corner[0] + direction[0], corner[1] + direction[1]
        cracks[corner].remove((-direction[0], -direction[1]))
        corners.append(corner)
        if corner in junctions:
            return Piece(junctions[corners[0]], junctions[corner], corners)
        (direction,) = cracks[corner]


def start_order(n: int) -> Iterator[int]:
    """The order in which junctions 1 to ``n`` start curves."""
    yield n
    yield from range(1, n) if n in HASH_TABLE_SIZES else range(n - 1, 0, -1)


def assemble(pieces: list[Piece], n_junctions: int) -> list[Curve]:
    """Join pieces into closed curves, turning at every junction and closing as soon as one is met again."""
    unused: dict[int, list[int]] = {q: [] for q in range(1, n_junctions + 1)}
    for p, piece in enumerate(pieces):
        for q in {piece.start, piece.end}:
            unused[q].append(p)
    curves = []
    for first in start_order(n_junctions) if n_junctions else ():
        path: list[tuple[int, Piece]] = []
        q = first
        while unused[q]:
            p = unused[q][0]
            if path and pieces[p].leaves_vertically(q) == path[-1][1].leaves_vertically(q):
                p = unused[q][1]
            for end in {pieces[p].start, pieces[p].end}:
                unused[end].remove(p)
            path.append((q, pieces[p]))
            q = pieces[p].other_end(q)
            entries = [junction for junction, _ in path]
            if q in entries:
                closed = entries.index(q)
                curves.append(join(path[closed:]))
                del path[closed:]
    return curves


def join(path: list[tuple[int, Piece]]) -> Curve:
    """The corners along a path of pieces, each walked from the junction it was entered at."""
    curve: Curve = []
    for junction, piece in path:
        corners = piece.corners if piece.start == junction else piece.corners[::-1]
        curve += corners[1:] if curve else corners
    return curve


def is_hole(curve: Curve, others: list[Curve]) -> bool:
    """Whether the curve lies inside an odd number of others: look from the middle of one of its vertical cracks."""
    row, column = next((min(a[0], b[0]), a[1]) for a, b in pairwise(curve) if a[0] != b[0])

    def encloses(other: Curve) -> bool:
        cracks = (a[1] for a, b in pairwise(other) if a[0] != b[0] and min(a[0], b[0]) == row)
        return sum(at < column for at in cracks) % 2 == 1

    return sum(map(encloses, others)) % 2 == 1


def simplify(curve: Curve) -> Curve:
    """Simplify a closed curve at tolerances 0.1 and 3 on coordinates times two: 1.5 pixels in the end."""
    points = [(2.0 * row, 2.0 * column) for row, column in curve]
    for tolerance in (0.1, 3.0):
        if len(points) >= 3:
            points = _simplify(points, tolerance * tolerance)
    return [(int(row / 2), int(column / 2)) for row, column in points]


def _simplify(points: list[tuple[float, float]], tolerance2: float) -> list[tuple[float, float]]:
    """Drop points nearer than the tolerance to the last one kept, then Douglas and Peucker's algorithm."""
    spread = [points[0]]
    for row, column in points[1:-1]:
        if _squared(row - spread[-1][0], column - spread[-1][1]) >= tolerance2:
            spread.append((row, column))
    spread.append(points[-1])
    keep = {0, len(spread) - 1}
    ranges = [(0, len(spread) - 1)]
    while ranges:
        a, b = ranges.pop()
        if b - a < 2:
            continue
        distances = [_to_segment(point, spread[a], spread[b]) for point in spread[a + 1 : b]]
        farthest = max(distances)
        if tolerance2 < farthest:
            split = b - 1 - distances[::-1].index(farthest)  # the last of equals
            keep.add(split)
            ranges += [(a, split), (split, b)]
    return [spread[k] for k in sorted(keep)]


def _to_segment(p: tuple[float, float], a: tuple[float, float], b: tuple[float, float]) -> float:
    """Squared distance to a segment. The ratio is rounded to single precision as in the original: it breaks ties."""
    v, w = (b[0] - a[0], b[1] - a[1]), (p[0] - a[0], p[1] - a[1])
    vv, wv = _squared(*v), w[0] * v[0] + w[1] * v[1]
    if wv <= 0:
        nearest = a
    elif vv <= wv:
        nearest = b
    else:
        t = float(np.float32(wv) / np.float32(vv))
        nearest = a[0] + t * v[0], a[1] + t * v[1]
    return _squared(p[0] - nearest[0], p[1] - nearest[1])


def _squared(row: float, column: float) -> float:
    return row * row + column * column  # by multiplication: ** may round differently
