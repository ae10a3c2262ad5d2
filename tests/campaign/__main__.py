"""
The campaign from the command line.

``python -m tests.campaign run --instances 1000000`` runs it and prints its table, ``one FAMILY NUMBER``
repeats one instance and makes it smaller while anything is wrong with it, ``table FOLDER`` writes the page of
a run, ``forge`` spoils proofs, and ``mutate`` spoils the checker.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.campaign import running, table
from tests.campaign.instances import FAMILIES, draw


def main(arguments: list[str] | None = None) -> int:
    """Do what is asked; 1 where anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="draw, solve and judge instances")
    run.add_argument("--instances", type=int, default=20_000)
    run.add_argument("--folder", type=Path, help="where chunks are kept; a run that was stopped goes on")
    one = commands.add_parser("one", help="repeat one instance")
    one.add_argument("family", choices=[*FAMILIES])
    one.add_argument("number", type=int)
    forge = commands.add_parser("forge", help="spoil proofs, and see that they are refused")
    forge.add_argument("--claims", type=int, default=10_000)
    mutate = commands.add_parser("mutate", help="spoil the checker, and see that tests find it")
    mutate.add_argument(
        "part", nargs="?", default="1/1", help="such as 3/20: every twentieth, from the third"
    )
    mutate.add_argument("--file", default="", help="of these files only, such as step.py,theorem.py")
    mutate.add_argument("--log", type=Path, help="what was found is kept here, and not tried again")
    mutate.add_argument("--direct", action="store_true", help="ask short tests alone")
    mutate.add_argument("--page", type=Path, help="write the table of survivors here")
    page = commands.add_parser("table", help="write the page of a run")
    page.add_argument("folder", type=Path)
    for command in (run, forge):
        command.add_argument("--jobs", type=int, default=running.cores())
    for command in (run, one, page, forge):
        command.add_argument("--seed", type=int, default=0)
    for command in (run, page):
        command.add_argument("--page", type=Path, help="write the page here, and JSON beside it")
    asked = parser.parse_args(arguments)
    if asked.command == "one":
        return show(asked.family, asked.number, asked.seed)
    if asked.command == "forge":
        return spoil(asked.claims, asked.seed, asked.jobs)
    if asked.command == "mutate":
        from tests.campaign import mutating

        return mutating.run(asked.part, asked.page, asked.file, asked.log, direct=asked.direct)
    if asked.command == "table":
        records = [*running.stored(asked.folder / "chunks.jsonl", asked.seed).values()]
    elif asked.folder is None:
        with tempfile.TemporaryDirectory() as folder:
            records = running.run(asked.instances, asked.seed, asked.jobs, Path(folder))
    else:
        records = running.run(asked.instances, asked.seed, asked.jobs, asked.folder)
    total = table.summed(records)
    print(table.page(total))
    if asked.page is not None:
        asked.page.write_text(table.page(total), encoding="utf-8")
        asked.page.with_suffix(".json").write_text(table.as_json(total), encoding="utf-8")
    wrong = [*running.failures(records)]
    for family, number, what in wrong[:20]:
        print(f"{what}\n    {running.command(family, number, asked.seed)}")
    for family, number, _ in wrong[:2]:
        show(family, number, asked.seed)
    return 1 if total["failed"] else 0


def spoil(claims: int, seed: int, jobs: int) -> int:
    """Spoil proofs, print the table, and every one that was accepted."""
    from tests.campaign import forging

    tried = forging.run(claims, seed, jobs)
    print(forging.page(tried))
    wrong = forging.accepted(tried)
    for one in wrong[:20]:
        print(f"NOT AS IT SHOULD BE: {one}")
    return 1 if wrong else 0


def show(family: str, number: int, seed: int) -> int:
    """Print an instance and what is wrong with it, as small as it gets."""
    instance = draw(seed, family, number)
    print(f"{family} {number}, seed {seed}: {instance}")
    wrong = running.problems(instance)
    print("\n".join(wrong) or "the library, its check and every judge agree")
    if not wrong:
        return 0
    small, still = running.shrunk(instance)
    print(f"\nThe smallest that is still wrong: {small}\n" + "\n".join(still))
    return 1


if __name__ == "__main__":
    sys.exit(main())
