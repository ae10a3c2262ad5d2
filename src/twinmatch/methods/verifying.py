"""
Whether what a matching says is true: every claim again, from the tables, by code that no solver runs.

:mod:`twinmatch.certify` knows arrays and claims. What is here hands a matching over to it, by the kind of its
proof, and adds what only the tables can say: whether they are those that the numbers were found for.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from twinmatch.certify import Certificate, Claim, check
from twinmatch.certify.firsts import check_firsts
from twinmatch.certify.floor import check_floor
from twinmatch.certify.implicit import question_of
from twinmatch.certify.outcome import check_outcome
from twinmatch.certify.parts import shared
from twinmatch.certify.plain import isa_faults
from twinmatch.certify.theorem import Claims, check_assignment
from twinmatch.compiler import Compiled, compiled
from twinmatch.errors import Fault, InputError
from twinmatch.fitting import refuse_check
from twinmatch.graph.constraints import Prices
from twinmatch.log import logger
from twinmatch.mechanisms import Leximin, Procedure
from twinmatch.mechanisms.mechanism import Setting
from twinmatch.methods.sealing import SEALED, fingerprints, seal_of
from twinmatch.pausing import stopping
from twinmatch.room import bounded
from twinmatch.solvers.control import Control, Stopped, of_pairs
from twinmatch.solvers.options import option_faults
from twinmatch.spreading.engines import engine_of
from twinmatch.status import Status
from twinmatch.threads import number_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    import numpy.typing as npt

    from twinmatch.certify.certificate import Findings
    from twinmatch.matching import Matching
    from twinmatch.proof import Proof
    from twinmatch.solvers.control import Cancel, Progress
    from twinmatch.spreading.engines import DaskClient, Engine

__all__ = ["verify"]


class _Pass(TypedDict):
    """How a pass over all pairs is run."""

    threads: int | None
    isa: str
    on_progress: Callable[[int, int], object] | None
    cancel: Cancel | None


@bounded
def verify(
    matching: Matching,
    *,
    plain: bool | None = None,
    threads: int | None = None,
    isa: str = "auto",
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
    executor: Executor | DaskClient | Engine | None = None,
) -> Certificate:
    """
    Compute every claim again from the tables, over all pairs, without the solver: a :term:`certificate`.

    Parameters
    ----------
    plain : bool, optional
        True: every pair is evaluated, one after the other. False: pairs that a bound excludes are not. Both
        find the same numbers, and the certificate says which it was. By default bounds are used for more
        than 50,000,000,000 pairs, where there is no executor. Functions of your own, and the guarantees of
        procedures, are looked at pair by pair in any case.
    threads : int, optional
        As many as this process has cores.
    isa : str, optional
        Instruction set of the pass: ``"auto"``, ``"avx512"``, ``"avx2"`` or ``"portable"``.
    on_progress : callable, optional
        Called with a :class:`~twinmatch.solvers.control.Progress` a few times a second, as by
        :func:`twinmatch.match`; ``pairs_done`` and ``pairs_total`` say how far it is.
    cancel : object with ``is_set()``, optional
    executor : concurrent.futures.Executor or dask.distributed.Client, optional
        Whose threads, processes or machines evaluate all pairs, where there are many; see :doc:`/clusters`.
        Functions of your own are called here all the same.

    Returns
    -------
    Certificate
        ``ok`` if every claim holds; ``raise_for_failure()`` turns a refusal into an error. Of a check that
        was cancelled ``was_cancelled`` is True, and nothing is known.

    Raises
    ------
    InputError
        If options are wrong, with every fault before any work, or the tables are too large for the check.

    Notes
    -----
    At most one evaluation of each of the ``len(left) x len(right)`` pairs. With ``plain=True`` it is exactly
    one: a :term:`plain pass`.
    """
    engine = _engine(plain, threads, isa, on_progress, cancel, executor)
    refuse_check(matching.left, matching.right, number_of(threads))
    started = time.monotonic()
    control = Control(cancel=cancel, started=started)
    heard = of_pairs(on_progress, "check", matching.coverage, started)
    how = _Pass(threads=threads, isa=isa, on_progress=heard, cancel=cancel)
    certificate = None
    with suppress(Stopped), stopping(control.look_up), shared(engine):
        certificate = _verified(matching, how, plain)
    if certificate is None or (not certificate.ok and cancel is not None and cancel.is_set()):
        # What was not looked at for want of time is not refused.
        logger.info("verify ended: cancelled, %.3f s", time.monotonic() - started)
        return Certificate.cancelled(str(matching.status), time.monotonic() - started)
    matching.__dict__["last_certificate"] = certificate
    logger.log(
        logging.INFO if certificate.ok else logging.WARNING,
        "verify ended: %s, %s pairs, %.3f s",
        *("every claim holds" if certificate.ok else "refused", certificate.pairs_checked),
        time.monotonic() - started,
    )
    return certificate


def _engine(
    plain: object, threads: Any, isa: object, on_progress: object, cancel: object, executor: object
) -> Engine | None:
    """Return who evaluates the pairs, None where that is done here; refuse options with every fault."""
    faults = option_faults(None, 0, threads, on_progress, cancel) + isa_faults(isa)
    if plain is not None and not isinstance(plain, (bool, np.bool_)):
        faults.append(Fault("plain", f"must be True, False or None, not {plain!r}"))
    engine = None
    try:
        engine = None if executor is None else engine_of(executor)
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError("verify", faults)
    return engine


def _verified(matching: Matching, how: _Pass, plain: bool | None) -> Certificate:
    """Check a matching by what proves it."""
    # The policy is compiled afresh: a cached compilation is not evidence.
    fresh = compiled(matching.left, matching.right, matching.policy)
    mechanism = matching.mechanism
    if isinstance(mechanism, Procedure):
        certificate = _of_procedure(matching, mechanism, fresh, how)
    else:
        curve = mechanism.curve(fresh.terms.max_points)
        counted = replace(fresh, terms=replace(fresh.terms, curve=curve))
        if matching.proof is None:
            certificate = check(counted.terms, **_numbers(matching), seal=matching.seal, plain=plain, **how)
        else:
            certificate = _under_quotas(matching, matching.proof, counted, how, plain)
        if isinstance(mechanism, Leximin):
            certificate = _and(certificate, *_floor(matching, mechanism, fresh, how))
    return _and(certificate, _inputs(matching))


def _numbers(matching: Matching) -> dict[str, Any]:
    return {name: getattr(matching, name) for name in SEALED}


def _and(certificate: Certificate, *claims: Claim) -> Certificate:
    """Return a certificate that holds more claims."""
    return replace(certificate, claims=(*certificate.claims, *claims))


def _of_procedure(matching: Matching, mechanism: Procedure, fresh: Compiled, how: _Pass) -> Certificate:
    """Check the numbers, and that what the procedure guarantees holds over all pairs."""
    other = mechanism.right_policy
    right_terms = None if other is None else compiled(matching.left, matching.right, other).terms
    limits = matching._settle(fresh, how["cancel"]).constraints
    setting = Setting(matching.left, matching.right, matching.policy, fresh.terms, right_terms, limits)

    def guarantee(mate: npt.NDArray[np.int64]) -> Findings:
        return mechanism.check(setting, mate, **how)

    certificate = check_outcome(
        fresh.terms, limits, _numbers(matching), matching.seal, guarantee, isa=how["isa"]
    )
    beyond = [str(fault.what) for fault in mechanism.faults(setting)]
    if matching.proof is not None:
        beyond.append("there is a proof by prices, which a procedure does not have")
    detail = "; ".join(beyond) or "the policy asks for nothing that it cannot promise"
    return _and(certificate, Claim("mechanism", not beyond, detail))


def _under_quotas(
    matching: Matching, proof: Proof, counted: Compiled, how: _Pass, plain: bool | None
) -> Certificate:
    """Check prices of quotas and bounds, the seal, and what has to follow from the pairs."""
    limits = matching._settle(counted, how["cancel"]).constraints
    coverage_first = matching.policy.coverage == "first"
    question = question_of(counted.terms, limits, coverage_first, proof.taken, plain=plain, **how)
    known = matching.status not in (Status.INFEASIBLE, Status.NO_SOLUTION)
    claims = Claims(
        matching.status,
        proof.taken,
        Prices(proof.left_price, matching.right_price, proof.quota_price, matching.coverage_price),
        proof.price_scale,
        proof.cover,
        proof.witness,
        proof.clash,
        proof.searched,
        matching.objective if known else None,
        None if matching.status is Status.INFEASIBLE else matching.bound,
        matching.coverage if known else None,
        matching.coverage_bound if coverage_first else None,
    )
    certificate = check_assignment(question, claims)
    sealed = seal_of(_numbers(matching), proof) == matching.seal
    detail = "nothing was changed" if sealed else f"the numbers are not those of {matching.seal[:16]}..."
    follows = check_firsts(
        proof.taken,
        proof.cover,
        mate=matching.mate,
        witness_left=matching.witness_left,
        objective=matching.objective,
        coverage=matching.coverage,
    )
    return _and(certificate, *follows, Claim("seal", sealed, detail))


def _floor(matching: Matching, mechanism: Leximin, fresh: Compiled, how: _Pass) -> tuple[Claim, ...]:
    """See that the floor of the worst pair is kept, and that there is no higher one."""
    promise = mechanism.promise
    if matching.proof is not None:
        return (Claim("floor", False, "quotas and several partners do not go together with a floor"),)
    if promise is None:
        known = matching.status is Status.OPTIMAL and matching.coverage > 0
        return (Claim("floor", not known, "none is promised"),)
    return check_floor(
        fresh.terms,
        mate=matching.mate,
        right_capacity=matching.right_capacity,
        floor=promise.floor,
        witness_left=promise.witness_left,
        isa=how["isa"],
        cancel=how["cancel"],
    )


def _inputs(matching: Matching) -> Claim:
    """See that the tables and the policy are those that the numbers were found for."""
    found = fingerprints(matching.left, matching.right, matching.policy, matching.mechanism)
    changed = [
        name
        for name, a, b in zip(("left", "right", "policy"), found, matching.fingerprints, strict=True)
        if a != b
    ]
    written = matching.__dict__.get("points_on_file")
    if written is not None and not np.array_equal(written, matching._points_of_pairs()):
        changed.append("the points on file")
    changed += matching.__dict__.get("changed_on_file", ())
    if matching.__dict__.get("digest_on_file") not in (None, matching.digest):
        changed.append("the digest")
    detail = "the tables and the policy are those that the numbers were found for"
    if changed:
        detail = f"changed since the numbers were found: {', '.join(changed)}"
    return Claim("inputs", not changed, detail)
