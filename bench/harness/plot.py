"""Line plots as SVG, both axes logarithmic, without any library."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 380
LEFT, RIGHT, TOP, BOTTOM = 70, 170, 40, 50
#: Distinguishable without colours as well: each line also has its own dash.
STYLES = [("#1b6ca8", ""), ("#c4501b", "6 3"), ("#3d8a40", "2 3"), ("#7a4ea0", "8 3 2 3")]


def decades(values):
    """Whole powers of ten around the values, at least one decade apart."""
    low = math.floor(math.log10(min(values)))
    high = max(low + 1, math.ceil(math.log10(max(values))))
    return low, high


def label(value):
    """1000000 as 1M, 0.1 as 0.1."""
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{suffix}"
    return f"{value:g}"


class Axis:
    """Values to pixels, by decades."""

    def __init__(self, values, begin, end):
        self.low, self.high = decades(values)
        self.begin, self.end = begin, end

    def pixel(self, value):
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + part * (self.end - self.begin)

    def ticks(self):
        return [10.0 ** power for power in range(self.low, self.high + 1)]


def plot(title, x_title, y_title, xs, lines):
    """The SVG of `lines`, a list of (name, values) over the common `xs`; all numbers are above 0."""
    x_axis = Axis(xs, LEFT, WIDTH - RIGHT)
    y_axis = Axis([value for _, values in lines for value in values], HEIGHT - BOTTOM, TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
           f'font-size="12" role="img" aria-label="{escape(title)}">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
           f'<text x="{LEFT}" y="22" font-size="14" font-weight="bold">{escape(title)}</text>']
    for tick in x_axis.ticks():
        x = x_axis.pixel(tick)
        out.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>'
                   f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{label(tick)}</text>')
    for tick in y_axis.ticks():
        y = y_axis.pixel(tick)
        out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label(tick)}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x_title)}</text>')
    out.append(f'<text transform="translate(16 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">{escape(y_title)}</text>')
    for number, (name, values) in enumerate(lines):
        colour, dash = STYLES[number % len(STYLES)]
        points = " ".join(f"{x_axis.pixel(x):.1f},{y_axis.pixel(y):.1f}" for x, y in zip(xs, values))
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" '
                   f'stroke-dasharray="{dash}"/>')
        out += [f'<circle cx="{point.split(",")[0]}" cy="{point.split(",")[1]}" r="3" fill="{colour}"/>'
                for point in points.split()]
        y = TOP + 14 + 20 * number
        out.append(f'<line x1="{WIDTH - RIGHT + 10}" y1="{y - 4}" x2="{WIDTH - RIGHT + 34}" y2="{y - 4}" stroke="{colour}" '
                   f'stroke-width="2" stroke-dasharray="{dash}"/>'
                   f'<text x="{WIDTH - RIGHT + 40}" y="{y}">{escape(name)}</text>')
    return "\n".join(out + ["</svg>", ""])
