"""Matchings that pages are written of: an impossible one, and one of hostile names."""

from __future__ import annotations

import twinmatch as tm

p = tm.policies

LANGUAGES = ("en", "fr")
HOSTILE = (
    '</script><script>document.title="taken"</script>',
    '<img src=x onerror="document.title=1">',
    "</style></title><!-- --><b>&amp;\"'",
    "]]>\u2028\u2029\x0b\ttab  and\nline",
    "=cmd()",
)


def impossible():
    left, right = tm.datasets.sample()
    floor = p.Quota("half <of> them & more", at_least=150, right={"country": ["IT"]})
    policy = tm.Policy((p.PartnerInEU(), p.CommonLevel()), (p.LevelOverlap(1000),), (floor,))
    return tm.match(left, right, policy)


def squeezed(names=HOSTILE):
    """Return a matching of schools with these names, some of them without a partner."""
    n = len(names)
    left = tm.Schools.from_frame(
        {
            "id": [f"L{k}" for k in range(n)],
            "country": ["FR"] * n,
            "levels": ["1"] * (n - 1) + ["3"],
            "name": list(names),
            "city": list(names),
            "academie": list(names),
        }
    )
    right = tm.Schools.from_frame(
        {"id": ["R0", "R1"], "country": ["IT", "DE"], "levels": ["1", "1"], "name": [names[0], names[1]]}
    )
    return tm.match(left, right)
