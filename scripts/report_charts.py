# SPDX-License-Identifier: GPL-2.0-only
"""The charts of the report as SVG, coloured by the style of the page (report_html.py).

Who a curve belongs to shows in its dashes, its marks and a label at its end, too.
"""

import math

from report_html import Html, esc

DASHES = ("none", "7 3", "2 3", "9 3 2 3", "4 2")
MARKS = ("M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "M-4-4h8v8h-8z", "M0-5l5 9h-10z", "M0-5l5 5-5 5-5-5z",
         "M-4-4l8 8M-4 4l8-8")


def decades(low, high):
    return range(math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9) + 1)


def plain(value):
    return f"{value:g}" if value < 10000 else f"{value:,.0f}"


class Scale:
    """A logarithmic axis from `low` to `high` on the pixels from..to."""
    def __init__(self, low, high, start, end):
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, value):
        value = min(max(value, self.low), self.high)
        return self.start + (self.end - self.start) * math.log(value / self.low) / math.log(
            self.high / self.low)


def spread(places, gap, top, bottom):
    """The places (label: y), moved apart so that the labels do not overlap."""
    order = sorted(places, key=lambda key: places[key])
    result, y = {}, top
    for key in order:
        y = result[key] = max(places[key], y)
        y += gap
    y = bottom
    for key in reversed(order):
        y = result[key] = min(result[key], y)
        y -= gap
    return result


def steps(scale, height, curve, which):
    """A step function as a path: it holds its value up to the next time."""
    parts, last = [], None
    for point in curve:
        x, y = scale(point[0]), height(point[which])
        if last is None:
            parts.append(f"M{x:.1f} {y:.1f}")
        elif f"{y:.1f}" != last:
            parts.append(f"H{x:.1f}V{y:.1f}")
        last = f"{y:.1f}"
    return "".join(parts) + f"H{scale.end:.1f}"


def band(scale, height, curve):
    """Between the two confidence limits."""
    upper = [(scale(t), height(high)) for t, _, _, high in curve]
    lower = [(scale(t), height(low)) for t, _, low, _ in curve]
    path = f"M{upper[0][0]:.1f} {upper[0][1]:.1f}"
    for x, y in upper[1:]:
        path += f"H{x:.1f}V{y:.1f}"
    path += f"H{scale.end:.1f}V{lower[-1][1]:.1f}"
    for (x, _), (_, y) in zip(reversed(lower), list(reversed(lower))[1:] + [lower[0]]):
        path += f"H{x:.1f}V{y:.1f}"
    return path + "Z"


def value_at(curve, time):
    value = 1.0
    for point in curve:
        if point[0] > time:
            break
        value = point[1]
    return value


def survival(title, curves, budget):
    """`curves`: (label, [[t, survival, low, high], ..]) each: the part of the runs without a bug yet."""
    width, bottom, top, left, right = 640, 300, 14, 44, 500
    first = [point[0] for _, curve in curves for point in curve if point[0] > 0]
    low = max(1e-3, 10 ** math.floor(math.log10(min(first + [budget / 100]))))
    scale = Scale(low, budget, left, right)

    def height(part):
        return bottom - (bottom - top) * part
    out = []
    for percent in (0, 25, 50, 75, 100):
        y = height(percent / 100)
        out.append(f'<path class="grid" d="M{left} {y:.1f}H{right}"/>'
                   f'<text class="end soft" x="{left - 6}" y="{y + 4:.1f}">{percent} %</text>')
    for exponent in decades(low, budget):
        if low <= 10 ** exponent <= budget:
            x = scale(10 ** exponent)
            out.append(f'<path class="grid" d="M{x:.1f} {top}V{bottom}"/><text class="mid soft" '
                       f'x="{x:.1f}" y="{bottom + 17}">{plain(10 ** exponent)} s</text>')
    out.append(f'<path class="axis" d="M{left} {top}V{bottom}H{right}"/>')
    labels = spread({i: height(curve[-1][1]) for i, (_, curve) in enumerate(curves)}, 16, top + 4, bottom)
    for i, (label, curve) in enumerate(curves):
        c = i % len(MARKS)
        out.append(f'<path class="band c{c}" d="{band(scale, height, curve)}"/>')
        out.append(f'<path class="line c{c}" stroke-dasharray="{DASHES[c]}" '
                   f'd="{steps(scale, height, curve, 1)}"/>')
        for k in range(4):  # marks, not on top of each other's
            x = left + (right - left) * (k + .2 + .14 * i) / 4
            time = scale.low * (scale.high / scale.low) ** ((x - left) / (right - left))
            out.append(f'<path class="mark c{c}" style="fill:var(--paper)" transform="translate('
                       f'{x:.1f} {height(value_at(curve, time)):.1f})" d="{MARKS[c]}"/>')
        end = height(curve[-1][1])
        out.append(f'<path class="axis" stroke-dasharray="1 2" d="M{right} {end:.1f}L{right + 8} '
                   f'{labels[i]:.1f}"/><path class="mark c{c}" style="fill:var(--paper)" '
                   f'transform="translate({right + 15} {labels[i]:.1f})" d="{MARKS[c]}"/>'
                   f'<text class="c{c}" x="{right + 24}" y="{labels[i] + 4:.1f}">{esc(label)}</text>')
    out.append(f'<text class="mid soft" x="{(left + right) / 2:.0f}" y="{bottom + 36}">'
               "seconds of the run (logarithmic)</text>")
    return Html(f'<svg class="chart" role="img" viewBox="0 0 {width} {bottom + 44}"><title>{esc(title)}'
                "</title>" + "\n".join(out) + "</svg>")


def ratios(title, rows):
    """A row of dots each: `rows`: (label, [how many times as long], median)."""
    width, left, right, step = 640, 190, 560, 42
    everything = [value for _, values, _ in rows for value in values] or [1]
    scale = Scale(min(0.1, min(everything)), max(10, max(everything)), left, right)
    bottom = 10 + step * len(rows)
    out = []
    for exponent in decades(scale.low, scale.high):
        if scale.low <= 10 ** exponent <= scale.high:
            x = scale(10 ** exponent)
            out.append(f'<path class="{"axis" if exponent == 0 else "grid"}" d="M{x:.1f} 6V{bottom}"/>'
                       f'<text class="mid soft" x="{x:.1f}" y="{bottom + 16}">{plain(10 ** exponent)}</text>')
    for i, (label, values, median) in enumerate(rows):
        y = 10 + step * i + step / 2
        out.append(f'<text class="end" x="{left - 12}" y="{y + 4:.1f}">{esc(label)}</text>')
        for k, value in enumerate(sorted(values)):
            out.append(f'<circle class="dot c0" cx="{scale(value):.1f}" cy="{y + (k * 7 % 5 - 2) * 3:.1f}" r="3"/>')
        out.append(f'<path class="axis" stroke-width="3" d="M{scale(median):.1f} {y - 14:.1f}v28"/>'
                   f'<text x="{right + 10}" y="{y + 4:.1f}">{median:.3g} times</text>')
    out.append(f'<text class="mid soft" x="{(left + right) / 2:.0f}" y="{bottom + 34}">'
               "seconds without, divided by seconds with everything (logarithmic)</text>")
    return Html(f'<svg class="chart" role="img" viewBox="0 0 {width} {bottom + 42}"><title>{esc(title)}'
                "</title>" + "\n".join(out) + "</svg>")


def matrix(title, cells, calls, befores, outcomes):
    """Each cell of state coverage: met, never met, or impossible. `cells`: {(call, before, place, outcome): }."""
    side, left, top, places = 12, 152, 46, 7
    group = side * places + 8
    out, shapes = [], {"met": [], "never": [], "cannot": []}
    for b, before in enumerate(befores):
        out.append(f'<text x="{left + b * group}" y="14">{esc(before)}</text>')
        for place in range(places):
            out.append(f'<text class="mid soft" x="{left + b * group + place * side + 6}" y="{top - 8}">'
                       f"{place + 1}</text>")
    for c, call in enumerate(calls):
        y = top + c * (side * 3 + 6)
        out.append(f'<text class="end" x="{left - 34}" y="{y + 22}">{esc(call)}</text>')
        for o in range(len(outcomes)):
            out.append(f'<text class="end soft" x="{left - 8}" y="{y + o * side + 10}">{"dfr"[o]}</text>')
    for (c, b, place, o), state in cells.items():
        x, y = left + b * group + place * side, top + c * (side * 3 + 6) + o * side
        shapes[state].append({"met": f"M{x} {y}h10v10h-10z", "cannot": f"M{x + 4} {y + 4}h2v2h-2z",
                              "never": f"M{x + 1} {y + 1}l8 8m0-8l-8 8"}[state])
    out += [f'<path class="{name}" d="{"".join(paths)}"/>' for name, paths in shapes.items() if paths]
    width, height = left + len(befores) * group, top + len(calls) * (side * 3 + 6)
    return Html(f'<svg class="matrix" role="img" viewBox="0 0 {width} {height}"><title>{esc(title)}</title>' +
                "\n".join(out) + "</svg>")
