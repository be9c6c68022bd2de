"""Figures as text: numbers with their units, and tables."""


def number(value):
    """Three digits that matter, and thousands apart."""
    if value >= 1000:
        return f"{round(value, 2 - len(str(int(value))) + 1):,.0f}".replace(",", " ")
    return f"{value:.3g}"


def spaced(count):
    """A whole number, thousands apart."""
    return f"{count:,}".replace(",", " ")


def size(value):
    """Bytes for people."""
    return f"{number(value / 1e6)} MB" if value < 1e9 else f"{number(value / 1e9)} GB"


def quantity(value, unit):
    return size(value) if unit == "B" and value > 1000 else f"{number(value)} {unit}"


def scatter(figure):
    """Median and quartiles."""
    if figure["runs"] < 3:
        return number(figure["median"])
    return f"{number(figure['median'])} ({number(figure['low'])}–{number(figure['high'])})"


def table(heads, rows, left=1):
    """A table whose first `left` columns are texts."""
    rule = [":---"] * left + ["---:"] * (len(heads) - left)
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [heads, rule, *rows])


def duration(nanoseconds):
    """In the unit that leaves one to three digits before the point."""
    for factor, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if nanoseconds >= factor:
            return f"{number(nanoseconds / factor)} {unit}"
    return f"{number(nanoseconds)} ns"
