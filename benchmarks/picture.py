"""The gap between answer and proved bound over time, as one SVG that reads well on light and on dark pages."""

import math
from collections.abc import Sequence

from benchmarks.many_courses import FLOOR, GOAL, Run, gap

WIDTH, HEIGHT, LEFT, TOP, ACROSS = 300, 220, 64, 48, 40
LEAST, MOST = 0.5, 100.0
TICKS = (0.5, 1, 2, 5, 10, 20, 50, 100)
STYLE = """
text { font: 13px sans-serif; fill: #24292f } .title { font-weight: 600 }
.frame, .grid { fill: none; stroke: #8c959f; stroke-width: 1 } .grid { stroke-opacity: 0.35 }
.way { fill: none; stroke: #0969da; stroke-width: 1.4; stroke-opacity: 0.75 }
.floor { stroke: #bc4c00; stroke-dasharray: 6 4 } .goal { stroke: #1a7f37; stroke-dasharray: 2 4 }
.floor, .goal { stroke-width: 1.6 } .floor-name { fill: #bc4c00 } .goal-name { fill: #1a7f37 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .way { stroke: #58a6ff } .floor { stroke: #ffa657 } .goal { stroke: #56d364 }
.floor-name { fill: #ffa657 } .goal-name { fill: #56d364 } }
"""


def picture(runs: Sequence[Run]) -> str:
    """Return one panel for each size, with a line for each instance and the floor and the goal of the mean."""
    sizes = list(dict.fromkeys(run.size for run in runs))
    width = LEFT + len(sizes) * (WIDTH + ACROSS)
    panels = [_panel(number, size, [run for run in runs if run.size == size]) for number, size in enumerate(sizes)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {TOP + HEIGHT + 56}" role="img"'
            ' aria-labelledby="name">',
            '<title id="name">Gap between points and proved bound over time</title>',
            f"<style>{STYLE}</style>",
            f'<text transform="translate(16 {TOP + HEIGHT / 2}) rotate(-90)" text-anchor="middle">gap, per cent</text>',
            *panels,
            "</svg>",
            "",
        ]
    )


def _panel(number: int, size: str, runs: Sequence[Run]) -> str:
    left, seconds = LEFT + number * (WIDTH + ACROSS), max(run.seconds for run in runs)

    def across(second: float) -> float:
        return left + WIDTH * min(1.0, second / seconds)

    middle = left + WIDTH / 2
    courses, practitioners = size.split("/")
    lines = [
        f'<text class="title" x="{middle}" y="{TOP - 28}" text-anchor="middle">{courses} courses,'
        f" {practitioners} practitioners</text>",
        f'<text x="{middle}" y="{TOP - 10}" text-anchor="middle"><tspan class="floor-name">- - floor'
        f' {FLOOR[size]:g} %</tspan>  <tspan class="goal-name">··· goal {GOAL[size]:g} %</tspan></text>',
    ]
    for tick in TICKS:
        lines.append(f'<path class="grid" d="M{left} {_down(tick):.1f}h{WIDTH}"/>')
        if number == 0:
            lines.append(f'<text x="{left - 8}" y="{_down(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for name, each in (("floor", FLOOR[size]), ("goal", GOAL[size])):
        lines.append(f'<path class="{name}" d="M{left} {_down(each):.1f}h{WIDTH}"/>')
    for quarter in range(5):
        at = seconds * quarter / 4
        lines.append(f'<text x="{across(at):.1f}" y="{TOP + HEIGHT + 20}" text-anchor="middle">{at:.3g}</text>')
    lines.append(f'<text x="{middle}" y="{TOP + HEIGHT + 42}" text-anchor="middle">seconds</text>')
    for run in runs:
        path = ""
        for points, bound, second, _ in run.told:
            if bound:
                height = _down(gap(points, bound))
                path += f"H{across(second):.1f}V{height:.1f}" if path else f"M{across(second):.1f} {height:.1f}"
        lines.append(
            f'<path class="way" d="{path}H{left + WIDTH}"><title>seed {run.seed}</title></path>' if path else ""
        )
    lines.append(f'<rect class="frame" x="{left}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}"/>')
    return "\n".join(filter(None, lines))


def _down(per_cent: float) -> float:
    """Return the height of a gap, on a scale of logarithms."""
    share = math.log(max(LEAST, min(MOST, per_cent)) / LEAST) / math.log(MOST / LEAST)
    return TOP + HEIGHT * (1 - share)
