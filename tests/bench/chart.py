"""Draws results.json as an SVG: the same results give the same bytes.

All rates share one linear scale, so that bars can be compared across panels; a bar is a median,
its whisker the lowest and highest round.  Memory has a scale for each panel.  Colours follow the
reader's light or dark mode.
"""
import math
from xml.sax.saxutils import escape

import figures
import tools

WIDTH, MARGIN, GAP = 880, 24, 32
COLUMN = (WIDTH - 2 * MARGIN - GAP) / 2
NAMES_WIDTH = 92
PLOT = COLUMN - NAMES_WIDTH
TITLE_HEIGHT, LINE, BAR, PANEL_GAP, AXIS_HEIGHT = 22, 18, 12, 14, 42
CHARACTER = 6.6  # about as wide as one of the text behind a bar
MEMORY_KEYS = ("endless", "held")
STYLE = """
svg { font: 12px -apple-system, "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif }
.card { fill: #ffffff; stroke: #d0d7de }
text { fill: #1f2328 }
.head { font-size: 18px; font-weight: 600 }
.panel { font-size: 13px; font-weight: 600 }
.soft { fill: #59636e }
.ours { font-weight: 600 }
.section { font-size: 15px; font-weight: 600 }
.value { font-size: 11px; paint-order: stroke; stroke: #ffffff; stroke-width: 3px }
.bar { fill: #a3afbb }
.bar.us { fill: #0b7a75 }
.whisker { stroke: #1f2328; stroke-width: 1.2; fill: none }
.grid { stroke: #e4e8ec }
.one { stroke: #59636e; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
.card { fill: #0d1117; stroke: #30363d }
text { fill: #e6edf3 }
.soft { fill: #9da7b3 }
.value { stroke: #0d1117 }
.bar { fill: #57616d }
.bar.us { fill: #2ec4b6 }
.whisker { stroke: #e6edf3 }
.grid { stroke: #21262d }
.one { stroke: #9da7b3 }
}
"""


def number(value):
    """A coordinate: no more digits than can be seen."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def text(x, y, content, classes="", anchor="start"):
    kind = f' class="{classes}"' if classes else ""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{number(x)}" y="{number(y)}"{kind}{where}>{escape(content)}</text>'


def line(x1, y1, x2, y2, classes):
    return (f'<path class="{classes}" d="M{number(x1)} {number(y1)}'
            f'L{number(x2)} {number(y2)}"/>')


class Bar:
    """A line of a panel: a tool, its value, what is written behind it, and its spread."""

    def __init__(self, tool, value, label, low=None, high=None):
        self.tool, self.value, self.label = tool, value, label
        self.low = value if low is None else low
        self.high = value if high is None else high

    def draw(self, x, y, scale):
        ours = self.tool == tools.OURS
        middle = y + LINE / 2
        zero = x + NAMES_WIDTH
        kind = "ours" if ours else "soft"
        drawn = [text(zero - 8, middle + 4, tools.NAMES[self.tool], kind, "end"),
                 f'<rect class="bar{" us" if ours else ""}" x="{number(zero)}" '
                 f'y="{number(middle - BAR / 2)}" width="{number(max(1, self.value * scale))}" '
                 f'height="{BAR}" rx="1.5"/>']
        low, high = zero + self.low * scale, zero + self.high * scale
        if high - low >= 1:
            drawn.append(f'<path class="whisker" d="M{number(low)} {number(middle)}H{number(high)}'
                         f'M{number(low)} {number(middle - 3)}v6M{number(high)} '
                         f'{number(middle - 3)}v6"/>')
        end = zero + max(self.high, self.value) * scale + 6
        drawn.append(text(end, middle + 4, self.label, "value ours" if ours else "value"))
        return drawn


class Panel:
    """A row of the results: a heading and bars."""

    def __init__(self, title, bars):
        self.title, self.bars = title, bars

    def height(self):
        return TITLE_HEIGHT + LINE * len(self.bars)

    def draw(self, x, y, scale, ticks=(), reference=False):
        zero, top, bottom = x + NAMES_WIDTH, y + TITLE_HEIGHT, y + self.height()
        drawn = [text(x, y + 14, self.title, "panel")]
        drawn += [line(zero + tick * scale, top, zero + tick * scale, bottom, "grid")
                  for tick in ticks]
        if reference:
            drawn.append(line(zero + scale, top, zero + scale, bottom, "one"))
        for index, bar in enumerate(self.bars):
            drawn += bar.draw(x, top + LINE * index, scale)
        return drawn


def speed_bar(entry, note_of_all):
    """`note_of_all` stands in the heading already."""
    rate = entry["to_xargs"]
    label = "1" if entry["tool"] == tools.REFERENCE else figures.times(rate["median"])
    if entry.get("note") not in (None, note_of_all):
        label += f" ({entry['note']})"
    return Bar(entry["tool"], rate["median"], label, rate["low"], rate["high"])


def speed_panels(results):
    for row in figures.shown(results, "speed", figures.WORDS):
        note = figures.entry_of(row, tools.REFERENCE).get("note")
        bars = [speed_bar(entry, note) for entry in row["tools"]]
        title = figures.plain(figures.WORDS[row["row"]])
        yield Panel(title + (f" (xargs: {note})" if note else ""), bars)


def memory_panels(results):
    words = {key: figures.MEMORY_WORDS[key] for key in MEMORY_KEYS}
    for row in figures.shown(results, "memory", words):
        bars = []
        for entry in row["tools"]:
            more = figures.besides(entry)
            label = f"{figures.resident(entry)} MB" + (f", {more}" if more else "")
            bars.append(Bar(entry["tool"], entry["rss_kib"] * 1024 / 1e6, label))
        yield Panel(figures.MEMORY_WORDS[row["row"]], bars)


def fitting(bars):
    """The scale at which every bar leaves room for what is written behind it."""
    return min((PLOT - 6 - CHARACTER * len(bar.label)) / max(bar.high, bar.value) for bar in bars)


def in_columns(panels):
    """Two columns that keep the order, the higher one as low as can be."""
    def height(part):
        return sum(panel.height() + PANEL_GAP for panel in part)
    cuts = range(1, len(panels) + 1)
    cut = min(cuts, key=lambda at: max(height(panels[:at]), height(panels[at:])))
    return [panels[:cut], panels[cut:]], max(height(panels[:cut]), height(panels[cut:]))


def draw_axis(x, y, scale, ticks):
    zero = x + NAMES_WIDTH
    drawn = [text(zero + tick * scale, y + 12, str(tick), "value soft", "middle") for tick in ticks]
    drawn.append(text(zero, y + 28, "times xargs' rate (more is better)", "value soft"))
    return drawn


def draw_speed(results, y):
    """Panels of rates on one scale; gives what is drawn and where it ends."""
    panels = list(speed_panels(results))
    bars = [bar for panel in panels for bar in panel.bars]
    scale = fitting(bars)
    highest = max(bar.high for bar in bars)
    ticks = range(0, math.floor(highest) + 1, max(1, math.ceil(highest / 8)))
    columns, height = in_columns(panels)
    drawn = []
    for index, column in enumerate(columns):
        x, at = MARGIN + index * (COLUMN + GAP), y
        for panel in column:
            drawn += panel.draw(x, at, scale, ticks, reference=True)
            at += panel.height() + PANEL_GAP
        if column:
            drawn += draw_axis(x, at - PANEL_GAP, scale, ticks)
    return drawn, y + height - PANEL_GAP + AXIS_HEIGHT


def draw_memory(results, y):
    panels = list(memory_panels(results))
    if not panels:
        return [], y
    drawn = [text(MARGIN, y + 16, "Highest memory (less is better; each panel has its own scale)",
                  "section")]
    y += 28
    for index, panel in enumerate(panels):
        drawn += panel.draw(MARGIN + index * (COLUMN + GAP), y, fitting(panel.bars))
    return drawn, y + max(panel.height() for panel in panels)


def description(results):
    """The chart in words, for those who do not see it."""
    said = []
    for part in (speed_panels, memory_panels):
        for panel in part(results):
            bars = ", ".join(f"{tools.NAMES[bar.tool]} {bar.label}" for bar in panel.bars)
            said.append(f"{panel.title}: {bars}.")
    return " ".join(said)


def draw(results):
    machine = results["machine"]
    title = "Rate of distaff and its peers, xargs = 1"
    lines = [f"Same work for all, two jobs at once; medians of {results['runs']} rounds, whiskers: "
             "lowest and highest. One linear scale.",
             f"{machine['cpu']}, {figures.cpus(results)}, {machine['kernel'].split('-')[0]}, "
             f"{results['date']}. {figures.draft_mark(results)}".strip()]
    y = MARGIN + 16
    drawn = [text(MARGIN, y, title, "head")]
    for words in lines:
        y += 18
        drawn.append(text(MARGIN, y, words, "soft"))
    rates, y = draw_speed(results, y + 16)
    memory, y = draw_memory(results, y + 10)
    height = number(y + MARGIN - 4)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="title desc">',
        f'<title id="title">{title}</title>',
        f'<desc id="desc">{escape(description(results))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{number(y + MARGIN - 5)}" '
        'rx="8"/>',
        *drawn, *rates, *memory, "</svg>", ""])
