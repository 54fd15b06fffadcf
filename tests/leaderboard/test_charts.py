from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from vosbench.leaderboard.charts import BOX, pareto, runtime_chart, time_chart, year_chart
from vosbench.views.charts import Point


def point(x: float, y: float, label: str = "m") -> Point:
    return Point(x=x, y=y, label=label, title=label, href="#m")


points = st.lists(
    st.builds(point, st.floats(0.001, 1000), st.floats(0, 100), st.text("abcdefgh", min_size=1, max_size=40)),
    min_size=1,
    max_size=30,
)


@settings(deadline=None)
@given(points)
def test_no_result_beats_one_of_the_front_and_every_other_is_beaten(given: list[Point]) -> None:
    front = pareto(given)
    assert front
    for p in given:
        beaten = any((q.x <= p.x and q.y >= p.y) and (q.x, q.y) != (p.x, p.y) for q in given)
        twin = any((q.x, q.y) == (p.x, p.y) for q in front)
        assert beaten != twin


@settings(deadline=None)
@given(points)
def test_marks_lie_on_the_page_and_labels_do_not_overlap(given: list[Point]) -> None:
    for chart in (runtime_chart(given, "J"), year_chart([point(int(p.x) + 1990, p.y, p.label) for p in given], "J")):
        assert all(0 <= m.x <= BOX.width and 0 <= m.y <= BOX.height for m in chart.marks)
        boxes = []
        for m in chart.marks:
            if m.label_at is None:
                continue
            width = 6.1 * min(len(m.point.label), 30)
            left = m.label_at[0] - {"start": 0, "middle": width / 2, "end": width}[m.anchor]
            boxes.append((left, m.label_at[1] - 10, left + width, m.label_at[1] + 3))
        for i, a in enumerate(boxes):
            for b in boxes[:i]:
                overlap = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
                assert min(overlap) <= 0.3  # coordinates are rounded to a tenth


@settings(deadline=None)
@given(st.lists(st.lists(st.floats(0, 100), min_size=21, max_size=21), min_size=1, max_size=12))
def test_labels_of_curves_keep_their_distance(values: list[list[float]]) -> None:
    chart = time_chart([(f"m{i}", "#", v) for i, v in enumerate(values)])
    heights = sorted(line.end[1] for line in chart.lines if line.end)
    assert len(heights) == min(6, len(values))
    assert all(b - a >= 12.9 for a, b in pairwise(heights))


def test_runtimes_are_on_a_logarithmic_axis_with_round_ticks() -> None:
    chart = runtime_chart([point(0.1, 50), point(1, 60), point(10, 70)], "J")
    assert [tick.text for tick in chart.x_ticks] == ["0.1", "0.2", "0.5", "1", "2", "5", "10", "20"]
    xs = [m.x for m in chart.marks]
    assert abs((xs[1] - xs[0]) - (xs[2] - xs[1])) < 0.2
