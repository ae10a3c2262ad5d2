"""
Vega-Lite as SVG, also in a forked child.

The library that draws runs JavaScript in threads of its own, which do not survive a fork: a child whose
parent has drawn would wait for them for ever. Such a child asks a fresh process.
"""

from __future__ import annotations

import os
import subprocess
import sys

__all__ = ["drawn"]

_ELSEWHERE = (
    "import sys, vl_convert; "
    "sys.stdout.buffer.write(vl_convert.vegalite_to_svg(sys.stdin.buffer.read().decode()).encode())"
)
#: The process that drew first; its children inherit the number, and see that it is not theirs.
_home: list[int] = []


def drawn(chart: str) -> str:
    """
    Return a chart as the text of an SVG picture.

    Parameters
    ----------
    chart : str
        Vega-Lite, as JSON.
    """
    if not _home:
        _home.append(os.getpid())
    if _home[0] == os.getpid():
        import vl_convert

        return str(vl_convert.vegalite_to_svg(chart))
    asked = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE], input=chart.encode(), capture_output=True, check=True
    )
    return asked.stdout.decode()
