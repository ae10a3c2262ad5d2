"""
Mutants of the compiled checker, written by hand: ``python -m tests.campaign.compiled FOLDER``.

Each is one line of ``cpp/check`` that is another, compiled into a folder of its own, with a copy of the
package beside it. The tests of that file have to fail there. It takes half a minute each, and needs what the
build needs. The checker as it is comes first, and has to pass. ``--part 2/5`` tries every fifth, from the
second, ``--part 2,3/5`` those after them too; ``--page`` puts a section of its own into the page of
``python -m tests.campaign mutate``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.campaign.mutating import COMPILED, beside
from twinmatch import _core

#: File, what is there, and what is put there instead.
CHANGES = (
    (
        "kernels.cpp",
        "entry == FORBIDDEN ? 0 : entry) - price[k]",
        "entry == FORBIDDEN ? 0 : entry) + price[k]",
    ),
    ("kernels.cpp", "offer[k] = entry == FORBIDDEN ? Limits<Offer>::none : value", "offer[k] = value"),
    ("kernels.cpp", "best = net > best ? net : best", "best = net < best ? net : best"),
    (
        "kernels.cpp",
        "for (std::int64_t k = 0; k < count; ++k) {\n    const Offer net",
        "for (std::int64_t k = 1; k < count; ++k) {\n    const Offer net",
    ),
    ("kernels.cpp", "if (entry[k] == Limits<Offer>::none) continue;", ""),
    ("kernels.cpp", "+ scratch[k]) - price[k]", "+ scratch[k])"),
    ("kernels.cpp", "? FORBIDDEN : entry[k] + scratch[k]", "? 0 : entry[k] + scratch[k]"),
    (
        "kernels.cpp",
        "static_cast<std::int32_t>(points > limit)",
        "static_cast<std::int32_t>(points >= limit)",
    ),
    ("kernels.cpp", "found += static_cast<std::int32_t>(entry[k] != FORBIDDEN) &", "found +="),
    ("kernels.cpp", "(mine <= worst[k]", "(mine < worst[k]"),
    ("kernels.cpp", "(entry[k] != FORBIDDEN) & (mine != FORBIDDEN) &", "(entry[k] != FORBIDDEN) &"),
    ("kernels.cpp", "static_cast<std::uint32_t>(~me)", "static_cast<std::uint32_t>(me)"),
    (
        "pass.cpp",
        "*bans < Banned{i, first + count};\n      const Offer",
        "*bans < Banned{i, first + count - 1};\n      const Offer",
    ),
    ("pass.cpp", "if (pass_.witness[i] && (own || !marked))", "if (pass_.witness[i] && own && !marked)"),
    ("pass.cpp", "marked = marked || !own", "marked = true"),
    ("pass.cpp", "reached[first + k] |= offered[k] != NONE", "reached[first + k] = offered[k] != NONE"),
    ("pass.cpp", "pass_.reached[j] |= part[j]", "pass_.reached[j] = part[j]"),
    ("pass.cpp", "scratch.own[bans->right - first] = NONE", "(void)bans"),
    (
        "pass.cpp",
        "first < terms_.num_right; first += BLOCK",
        "first + BLOCK <= terms_.num_right || !first; first += BLOCK",
    ),
    ("pass.cpp", "left_class[i] + 1", "left_class[i]"),
    ("blocking.cpp", "contest_.limit[i] - 1", "contest_.limit[i]"),
    ("blocking.cpp", "if (from == to) return;", "if (from >= 0) return;"),
    ("blocking.cpp", "strike(*contest_.key_banned, i, first, count, scratch.key.data());", ""),
    ("blocking.cpp", "contest_.kind[i] * terms_.num_right + at", "at"),
    ("blocking.cpp", "scratch.key.data() + from", "scratch.key.data()"),
    (
        "blocking.cpp",
        "std::max(contest_.nearest[j], one.nearest",
        "std::min(contest_.nearest[j], one.nearest",
    ),
    ("blocking.cpp", "entry[ban->right - first] = FORBIDDEN", "(void)entry"),
    ("bounds.hpp", "(dx * dx + dy * dy) + dz * dz", "dx * dx + (dy * dy + dz * dz)"),
    ("bounds.hpp", "above_zero(x - x1[n])", "above_zero(x - x0[n])"),
    ("bounds.hpp", "above_zero(value - high[n])", "above_zero(value - low[n])"),
    ("bounds.hpp", "most[n] = boxes.slack", "most[n] = 0"),
    ("bounds.hpp", "value & boxes.tags[c][first + n]", "value & boxes.tags[c][first]"),
    ("bounds.hpp", "bound[n] > best) << n", "bound[n] > best + 1) << n"),
    ("bounds.hpp", "+ most[n]) - price[n]", "+ most[n] - price[n])"),
    ("blocks.cpp", "d.centre <= 0.0f && d.centre >= -0x1p60f", "d.centre >= -0x1p60f"),
    ("blocks.cpp", "d.slope >= 0.0f && ", ""),
    ("blocks.cpp", "blocks.slack += given.dot.cap", "(void)given"),
    ("blocks.cpp", "values + ends[n + 1]", "values + ends[n + 1] - 1"),
    ("blocks.cpp", "return a | b", "return a & b"),
    ("blocks.cpp", "std::min(lowest[n], price", "std::max(lowest[n], price"),
    ("pruned.cpp", "return best < LEAST ? NONE : best + entry", "return best < LEAST ? NONE : best"),
    ("pruned.cpp", "std::max(floor, found)", "found"),
    ("pruned.cpp", "scratch.own[ban->right - first] = NONE", "(void)entry"),
    ("pruned.cpp", "continue;  // named twice", ";  // named twice"),
    ("pruned.cpp", "open[j] > 0", "open[j] >= 0"),
    ("pruned.cpp", "add_bonus(pass, kernels)", "(void)kernels"),
    ("pruned.cpp", "left &= open() | (left & -left)", "left &= open()"),
    ("pruned.cpp", "if (terms_.left_class[i] != scratch.of_class)", "if (scratch.of_class < 0)"),
)
SKIPPED = shutil.ignore_patterns("__pycache__")
#: What finds most comes first.
TESTS = {
    "kernels.cpp": ("test_plain_pass.py", "test_blocking.py", "test_check.py", "test_ranks.py"),
    "pass.cpp": ("test_plain_pass.py", "test_check.py", "test_step.py"),
    "blocking.cpp": ("test_blocking.py", "test_ranks.py", "test_stability.py"),
    "bounds.hpp": ("test_pruned_pass.py",),
    "blocks.cpp": ("test_pruned_pass.py",),
    "pruned.cpp": ("test_pruned_pass.py",),
}


def main() -> int:
    """Compile and try each; print a table, and return 1 where one survives."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign.compiled", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--page", type=Path)
    asked = parser.parse_args()
    firsts, step = asked.part.split("/")
    wanted = {int(first) - 1 for first in firsts.split(",")}
    changes = [change for k, change in enumerate(CHANGES) if k % int(step) in wanted]
    root, folder = Path.cwd(), asked.folder.resolve()
    sources, package, build = folder / "source", folder / "site" / "twinmatch", folder / "build"
    # Copied with the time of now: what is left of another run is compiled again.
    shutil.copytree(root / "cpp", sources / "cpp", copy_function=shutil.copy, dirs_exist_ok=True)
    shutil.copy(root / "CMakeLists.txt", sources)
    shutil.copytree(root / "src" / "twinmatch", package, dirs_exist_ok=True, ignore=SKIPPED)
    subprocess.run(
        [
            "cmake",
            "-S",
            sources,
            "-B",
            build,
            "-GNinja",
            "-DCMAKE_BUILD_TYPE=Release",
            f"-DPython_EXECUTABLE={sys.executable}",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )

    def found(names: tuple[str, ...], *targets: str) -> bool:
        subprocess.run(["ninja", "-C", build, *targets], check=True, stdout=subprocess.DEVNULL)
        for module in build.glob("_check*.so"):
            shutil.copy(module, package)
        tests = [str(root / "tests" / "certify" / name) for name in names]
        # Without the finder of an editable install: the folder comes first.
        start = (
            "import sys; sys.meta_path = [f for f in sys.meta_path if 'editable' not in type(f).__module__]"
        )
        run = f"{start}; sys.path[:0] = {[str(package.parent), str(root)]!r}; import pytest"
        ends = f"sys.exit(pytest.main(['-x', '-q', '-p', 'no:cacheprovider', *{tests!r}]))"
        done = subprocess.run(
            [sys.executable, "-c", f"{run}; {ends}"],
            cwd=root,
            capture_output=True,
            timeout=900,
            env=os.environ,
        )
        return done.returncode != 0

    # The core is the installed one: only the checker is compiled.
    shutil.copy(_core.__file__, package)
    every = tuple({name: None for names in TESTS.values() for name in names})
    if found(every, "_check"):
        print("the checker as it is does not pass its tests")
        return 1
    alive = []
    for file, old, new in changes:
        path = sources / "cpp" / "check" / file
        text = path.read_text(encoding="utf-8")
        if text.count(old) < 1:
            print(f"{file}: {old!r} is not there any more")
            return 1
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        try:
            seen = found(TESTS[file], "_check")
        except subprocess.TimeoutExpired:
            seen = True
        path.write_text(text, encoding="utf-8")
        print(f"{'found' if seen else 'SURVIVES'}  {file}: {old!r} -> {new!r}", flush=True)
        alive += [] if seen else [(file, old, new)]
    told = f"{len(changes) - len(alive)} of {len(changes)} mutants of `cpp/check` were found"
    told += f" (part {asked.part} of {len(CHANGES)})." if int(step) > 1 else "."
    told = "\n".join([told, *(f"- not found: `{file}`: `{old}` -> `{new}`" for file, old, new in alive)])
    print(told)
    if asked.page is not None:
        beside(asked.page, COMPILED, told)
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
