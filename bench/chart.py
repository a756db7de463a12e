"""Draws the chart of the README from the figures of one benchmark run: calls or messages a second, as a ratio to the peer.

python bench/chart.py bench/results/RUN.json docs/ratios.svg
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

# Ours, the peer that it is compared with, and the bars' colour.
PAIRS = (
    ("russet", "grpcio", "#b5482a"),
    ("russet.aio", "grpc.aio", "#e0a34c"),
)
BAR, GAP, LEFT, WIDTH, TOP = 16, 14, 180, 610, 40

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .small { font-size: 11px; fill: #57606a; }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .small { fill: #9198a1; } }
"""


def median_rate(servers: dict[str, Any], name: str) -> float:
    """Calls or messages a second of a server: the median of its runs."""
    return statistics.median(run["per_second"] for run in servers[name]["runs"])


def draw(figures: dict[str, Any]) -> str:
    """The chart as SVG."""
    rows = [
        (
            workload,
            [
                (median_rate(servers, ours) / median_rate(servers, peer), colour)
                for ours, peer, colour in PAIRS
                # Not every workload is for both.
                if ours in servers and peer in servers
            ],
        )
        for workload, servers in figures["results"].items()
    ]
    longest = max(ratio for _, ratios in rows for ratio, _ in ratios)
    scale = (WIDTH - LEFT - 60) / longest
    shapes: list[str] = []
    x = LEFT
    for ours, peer, colour in PAIRS:
        shapes.append(f'<rect x="{x}" y="10" width="12" height="12" fill="{colour}"/>')
        shapes.append(f'<text x="{x + 18}" y="21">{ours} / {peer}</text>')
        x += 190
    y = TOP
    for workload, ratios in rows:
        shapes.append(
            f'<text x="{LEFT - 10}" y="{y + len(ratios) * BAR // 2 + 4}" text-anchor="end">{workload}</text>'
        )
        for ratio, colour in ratios:
            width = max(ratio * scale, 1)
            shapes.append(
                f'<rect x="{LEFT}" y="{y}" width="{width:.0f}" height="{BAR - 2}" fill="{colour}"/>'
            )
            shapes.append(
                f'<text x="{LEFT + width + 6:.0f}" y="{y + BAR - 4}" class="small">{ratio:.1f}x</text>'
            )
            y += BAR
        y += GAP
    versions = figures["versions"]
    shapes.append(
        f'<text x="{LEFT}" y="{y + 8}" class="small">throughput on one core, grpcio {versions["grpcio"]},'
        f" CPython {versions['python']}</text>"
    )
    body = "\n".join(shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 20}" width="{WIDTH}">'
        f"\n<style>{STYLE}</style>\n{body}\n</svg>\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figures", type=Path)
    parser.add_argument("chart", type=Path)
    arguments = parser.parse_args()
    arguments.chart.write_text(draw(json.loads(arguments.figures.read_text())))


if __name__ == "__main__":
    main()
