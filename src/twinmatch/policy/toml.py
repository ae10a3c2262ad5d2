"""The TOML form of a policy: tables of options, written out in full, that read back the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import date
from typing import TYPE_CHECKING, Any

from twinmatch.errors import Fault
from twinmatch.policy.criteria import CRITERIA
from twinmatch.policy.quotas import QUOTAS
from twinmatch.policy.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinmatch.policy.parts import Part

__all__ = ["FORMAT", "parts_from", "text_of"]

FORMAT = 1
"""Version of the form. A reader refuses forms that are newer than itself."""

_PARTS: dict[str, tuple[type[Any], ...]] = {"rules": RULES, "criteria": CRITERIA, "quotas": QUOTAS}
_BARE = re.compile("[A-Za-z0-9_-]+")
_HEAD = "# A twinmatch policy: hard rules, then soft criteria whose points add up.\n"


def text_of(
    rules: Iterable[Any], criteria: Iterable[Any], options: Mapping[str, object], quotas: Iterable[Any] = ()
) -> str:
    """
    Return the TOML text of a policy, ending in a newline.

    Parameters
    ----------
    rules, criteria : iterable of parts
        Each must have a kind that can be read back, see :func:`unwritable`.
    options : mapping
        Further entries of the top level.
    quotas : iterable of parts, optional
        Like the others; their options that are None are left out, which is how they read back.
    """
    lines = [_HEAD, f"format = {FORMAT}"]
    lines += [f"{key} = {_value(value)}" for key, value in options.items()]
    for title, parts in (("rules", rules), ("criteria", criteria), ("quotas", quotas)):
        for part in parts:
            lines += ["", f"[[{title}]]", f"kind = {_value(part.kind)}"]
            entries = {field.name: getattr(part, field.name) for field in fields(part)}
            lines += [f"{key} = {_value(value)}" for key, value in entries.items() if value is not None]
    return "\n".join(lines) + "\n"


def unwritable(parts: Iterable[Any]) -> list[Fault]:
    """Return a fault for each part that has no form in TOML."""
    known = {*RULES, *CRITERIA, *QUOTAS}
    return [
        Fault(str(part.name), "has no form in TOML", hint="It is code of your own: keep it in code.")
        for part in parts
        if type(part) not in known
    ]


def parts_from(
    document: Mapping[str, Any], known_options: Iterable[str]
) -> tuple[dict[str, Any], list[Fault]]:
    """
    Return the arguments of a policy from a TOML document, and everything that cannot be read.

    Parameters
    ----------
    document : mapping
        As :mod:`tomllib` returns it.
    known_options : iterable of str
        Entries of the top level besides ``format`` and the lists of parts.
    """
    faults: list[Fault] = []
    version = document.get("format")
    if isinstance(version, bool) or not isinstance(version, int):
        faults.append(Fault("format", "is missing or not a whole number", hint=f"Write format = {FORMAT}."))
    elif version != FORMAT:
        faults.append(Fault("format", f"{version} cannot be read by this version of twinmatch"))
    known = set(known_options)
    arguments: dict[str, Any] = {key: document[key] for key in sorted(known & set(document))}
    for key in document:
        if key not in {"format", *_PARTS, *known}:
            faults.append(Fault(key, "is not a known key", hint=f"Known are {', '.join(_PARTS)}."))
    for title, classes in _PARTS.items():
        arguments[title] = []
        tables = document.get(title, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            faults.append(Fault(title, f"must be a list of tables, written [[{title}]]"))
            continue
        for position, table in enumerate(tables):
            part = _part_from(f"{title}[{position}]", table, {one.kind: one for one in classes}, faults)
            if part is not None:
                arguments[title].append(part)
    return arguments, faults


def _part_from(
    where: str, table: Mapping[str, Any], classes: Mapping[str, type[Part]], faults: list[Fault]
) -> Part | None:
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in classes:
        faults.append(
            Fault(f"{where}.kind", f"is not a known kind: {kind!r}", hint=f"Known are {', '.join(classes)}.")
        )
        return None
    known = {field.name: field for field in fields(classes[kind])}
    wrong = [
        Fault(f"{where}.{key}", f"is not an option of {kind}", hint=f"Known are {', '.join(known)}.")
        for key in table
        if key != "kind" and key not in known
    ]
    wrong += [
        Fault(f"{where}.{name}", f"is missing, and {kind} needs it")
        for name, field in known.items()
        if name not in table and field.default is MISSING and field.default_factory is MISSING
    ]
    faults += wrong
    if wrong:
        return None
    return classes[kind](**{key: value for key, value in table.items() if key != "kind"})


def _value(value: object) -> str:
    """Return a value in TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        entries = [
            f"{key if _BARE.fullmatch(key) else _value(key)} = {_value(one)}" for key, one in value.items()
        ]
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, tuple):
        items = [_value(item) for item in value]
        inline = "[" + ", ".join(items) + "]"
        if len(inline) <= 80 or not isinstance(value[0], tuple):
            return inline
        return "[\n  " + ",\n  ".join(items) + ",\n]"
    raise TypeError(f"no form in TOML: {value!r}")
