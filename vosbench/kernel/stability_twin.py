"""Shape contexts and their matching in plain NumPy and Python. Tests compare the compiled kernel with them.

Everything is float64, and sums run in the order written, so that results agree to the last bit with the compiled
kernel and with the values published for the DAVIS toolkit. The last bit matters: points sampled along straight edges
lie on the sectors' edges but for rounding noise, and exactly equal costs occur.
"""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vosbench.kernel.polygon_twin import longest_polygon

__all__ = ["chi_square", "longest_polygon", "matching_cost", "resample", "shape_contexts"]

Floats: TypeAlias = NDArray[np.float64]
Cell: TypeAlias = tuple[int, int]

PI_LOW = 1.2246467991473532e-16  # what float64 pi lacks
EPSILON = 2.0**-52
RING_EDGES = (0.125, 0.25000000000000006, 0.5000000000000001, 1.0, 2.0)
SECTORS = 12
LONGEST_STEP = 3.0


def resample(vertices: NDArray[np.int32]) -> Floats:
    """Sample a closed polygon so that neighbours are at most 3 pixels apart.

    Args:
        vertices: int32 (m, 2), C-contiguous, the first repeated as the last.

    Returns:
        float64 (n, 2): rows and columns. The closing point is kept, so the first and last sample are equal.
    """
    samples: list[Floats] = []
    for here, there in zip(vertices[:-1].astype(float), vertices[1:].astype(float), strict=True):
        length = math.sqrt(float(((there - here) ** 2).sum()))
        steps = math.ceil(length / LONGEST_STEP) if length > LONGEST_STEP else 1
        step = (there - here) / steps
        for _ in range(steps):  # by repeated addition: its rounding noise is part of the result
            samples.append(here)
            here = here + step
    return np.array([*samples, vertices[-1].astype(float)])


def shape_contexts(samples: Floats) -> Floats:
    """Describe each sample by where all samples lie around it: five rings by twelve sectors of 30 degrees.

    Ring radii are 1/8, 1/4, 1/2, 1 and 2 mean distances, the innermost ring last; sector 0 starts straight down and
    sectors follow towards the right. A sample sees itself and its duplicates in the innermost ring, sector 0.

    Args:
        samples: float64 (n, 2), C-contiguous, rows and columns.

    Returns:
        float64 (n, 60): one histogram a row, bins ``sector + 12 * ring``; sums to 1.
    """
    n = len(samples)
    offsets = [samples - sample for sample in samples]
    distances = [np.sqrt(o[:, 0] * o[:, 0] + o[:, 1] * o[:, 1]) for o in offsets]
    column_sums = np.zeros(n)
    for distance in distances:
        column_sums += distance
    mean = np.cumsum(column_sums)[-1] / (n * n)  # cumsum adds in order, sum does not
    histograms = np.zeros((n, len(RING_EDGES) * SECTORS))
    for histogram, offset, distance in zip(histograms, offsets, distances, strict=True):
        rings = sum((distance / mean < edge).astype(int) for edge in RING_EDGES)
        bins = _sectors(offset[:, 0], offset[:, 1]) + SECTORS * (rings - 1)
        counts = np.bincount(bins[rings > 0], minlength=len(histogram))
        histogram[:] = counts / (counts.sum() + EPSILON)
    return histograms


def _sectors(x: Floats, y: Floats) -> NDArray[np.int64]:
    """Sector of each direction (x down, y right): the published binaries' atan2, and their remainder by a full turn."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.array([math.atan(q) for q in np.abs(y / x).tolist()])  # the C library's; NumPy's differs by machine
    theta = np.select(
        [y == 0, x == 0, (x > 0) & (y > 0), x > 0, y > 0],
        [np.where(x >= 0, 0.0, math.pi), np.copysign(math.pi / 2, y), z, -z, math.pi - (z - PI_LOW)],
        (z - PI_LOW) - math.pi,
    )
    turn = theta + 2 * math.pi
    turns = turn / (2 * math.pi)
    whole = np.floor(turns + 0.5)
    snaps = (whole != 0) & (np.abs(turns - whole) / np.maximum(whole, 1) < EPSILON)
    turn = np.where(snaps, 0.0, np.where(turns >= 1, turn - 2 * math.pi, turn))
    return np.floor(turn / (2 * math.pi / SECTORS)).astype(np.int64)


def chi_square(a: Floats, b: Floats) -> Floats:
    """Cost of matching each histogram of ``a`` with each of ``b``: half their chi-square distance, in [0, 1].

    Args:
        a, b: float64 (n, 60) and (m, 60), C-contiguous.

    Returns:
        float64 (n, m).
    """
    costs = np.zeros((len(a), len(b)))
    for of_a, of_b in zip(a.T, b.T, strict=True):
        difference = of_a[:, None] - of_b
        costs += difference * difference / ((of_a[:, None] + of_b) + EPSILON)
    return 0.5 * costs


def matching_cost(costs: Floats) -> float:
    """Mean cost of the best one-to-one monotone matching of two cyclic sequences.

    A cheapest path through the matrix finds the cheapest match on it; a second path, cyclically shifted to end in that
    match, is thinned to one cell a row and a column.

    Args:
        costs: float64 (n, m), C-contiguous, at least one cell, no negative entries.
    """
    n, m = costs.shape
    row, column = min(_cheapest_path(costs)[:-1] or [(0, 0)], key=lambda cell: costs[cell])
    shift = (row + 1) % n, (column + 1) % m
    rolled = np.roll(costs, (-shift[0], -shift[1]), axis=(0, 1))
    path = [((i + shift[0]) % n, (j + shift[1]) % m) for i, j in _cheapest_path(rolled)]
    of_row: dict[int, int] = {}
    for i, j in path:
        if i not in of_row or costs[i, j] < costs[i, of_row[i]]:
            of_row[i] = j
    of_column: dict[int, int] = {}
    for i, j in sorted(of_row.items()):
        if j not in of_column or costs[i, j] < costs[of_column[j], j]:
            of_column[j] = i
    kept = [costs[i, j] for j, i in sorted(of_column.items())]
    return float(np.cumsum(kept)[-1] / len(kept))


def _cheapest_path(costs: Floats) -> list[Cell]:
    """Cells of the cheapest path, from the last to the first; a step right, down or both costs the cell it enters.

    Dijkstra's search on a 4-ary heap. Of equally good ways into a cell it keeps the one whose cell left the heap first,
    so the heap is spelled out as the DAVIS toolkit has it (Boost's).
    """
    rows, columns = costs.shape
    cost = costs.tolist()
    last = (rows - 1, columns - 1)
    distance, parent = {(0, 0): 0.0}, {}
    heap, place = [(0, 0)], {(0, 0): 0}
    settled = set()
    while (cell := _pop(heap, place, distance)) != last:
        settled.add(cell)
        i, j = cell
        for neighbour in ((i, j + 1), (i + 1, j), (i + 1, j + 1)):
            if neighbour in settled or neighbour[0] == rows or neighbour[1] == columns:
                continue
            reached = distance[cell] + cost[neighbour[0]][neighbour[1]]
            if reached < distance.get(neighbour, math.inf):
                distance[neighbour], parent[neighbour] = reached, cell
                if neighbour not in place:
                    heap.append(neighbour)
                    place[neighbour] = len(heap) - 1
                _sift_up(heap, place, distance, place[neighbour])
    path = [last]
    while path[-1] in parent:
        path.append(parent[path[-1]])
    return path


def _swap(heap: list[Cell], place: dict[Cell, int], a: int, b: int) -> None:
    heap[a], heap[b] = heap[b], heap[a]
    place[heap[a]], place[heap[b]] = a, b


def _sift_up(heap: list[Cell], place: dict[Cell, int], distance: dict[Cell, float], at: int) -> None:
    while at and distance[heap[at]] < distance[heap[(at - 1) // 4]]:
        _swap(heap, place, at, (at - 1) // 4)
        at = (at - 1) // 4


def _pop(heap: list[Cell], place: dict[Cell, int], distance: dict[Cell, float]) -> Cell:
    """Take the root, put the last cell there and let it sink below smaller children, the first of equals."""
    _swap(heap, place, 0, len(heap) - 1)
    root = heap.pop()
    at = 0
    while children := range(4 * at + 1, min(4 * at + 5, len(heap))):
        child = min(children, key=lambda k: distance[heap[k]])
        if not distance[heap[child]] < distance[heap[at]]:
            break
        _swap(heap, place, at, child)
        at = child
    return root
