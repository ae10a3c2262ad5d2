"""
The ``twinmatch`` command: pair, prove, check again.

Data goes to stdout, messages and progress to stderr. The exit code says how it ended, see :class:`Exit`;
``docs/command-line.md`` says it for people who do not read Python.
"""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING

from twinmatch import __version__
from twinmatch.command.compare import add_compare
from twinmatch.command.europe import add_europe
from twinmatch.command.exits import Exit, say
from twinmatch.command.options import Parser
from twinmatch.command.repair import add_repair
from twinmatch.command.run import add_demo, add_estimate, add_match
from twinmatch.command.saved import add_explain, add_notice, add_report, add_verify
from twinmatch.errors import InputError, MissingExtraError, ResourceLimitError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

__all__ = ["Exit", "main"]

_COMMANDS = (
    add_demo,
    add_match,
    add_europe,
    add_estimate,
    add_repair,
    add_verify,
    add_explain,
    add_notice,
    add_compare,
    add_report,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name; by default those of the process.

    Returns
    -------
    int
        One of :class:`Exit`.
    """
    options = _parser().parse_args(arguments)
    try:
        code: Exit = options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of stdout has seen enough
        sys.stdout = None  # nothing is left to flush at exit
        return Exit.DONE
    except (InputError, MissingExtraError, OSError) as error:
        return say(Exit.BAD_INPUT, str(error))
    except (ResourceLimitError, MemoryError) as error:
        return say(Exit.NO_PROOF, str(error) or "out of memory")
    except KeyboardInterrupt:
        return say(Exit.INTERRUPTED, "interrupted; nothing is saved")
    except Exception:  # Python's own code for it, 1, would say that a proof was refused
        traceback.print_exc()
        return say(Exit.BUG, "this is a fault of twinmatch; please report it with the lines above")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="twinmatch",
        description="Pair every French school with a compatible school in another EU state, and prove it.",
        epilog="Exit codes: 0 done and verified, 1 a proof was refused, 2 bad input, 3 no proof in the time "
        "given, 4 infeasible, 130 interrupted with what was found saved.",
    )
    parser.add_argument("--version", action="version", version=f"twinmatch {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for add in _COMMANDS:
        add(commands)
    return parser
