"""What a matching answers when it is asked: explanations, standby lists, measures, and prices of rules."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from twinmatch.room import bounded
from twinmatch.solvers.control import Control
from twinmatch.solvers.options import option_faults
from twinmatch.threads import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from twinmatch.blocking import BlockingPairs
    from twinmatch.explaining import Explanation, Notice
    from twinmatch.matching import Matching
    from twinmatch.metrics import Metrics
    from twinmatch.policy import Policy
    from twinmatch.solvers.control import Cancel, Progress

__all__ = ["blocking_pairs", "explain", "metrics", "notice", "rule_prices", "standby"]


@bounded
def explain(
    matching: Matching,
    school: str,
    *,
    wished: str | None = None,
    side: str | None = None,
    cost: bool = False,
    lang: str = "en",
    k: int = 10,
    deadline: float | None = None,
    threads: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
) -> Explanation:
    """
    Say why a school has the partner that it has, and what keeps others away.

    Parameters
    ----------
    school : str
        Id of a left school, or of a right school: then who has its places, and who else wanted them.
    wished : str, optional
        Id of a right school that the left school would rather have: what stands in the way.
    side : {"left", "right"}, optional
        Where the id is, should both tables have it; the left first without it.
    cost : bool, optional
        Whether to work out what forcing the wished pair costs, by solving again with the pair locked.
    lang : {"en", "fr"}, optional
        What the explanation is shown in; ``explanation.in_("fr")`` is the same in French.
    k : int, optional
        How many next best partners, :term:`standby` partners or rivals, at most; 0 to 1,000.
    deadline : float, optional
        With ``cost``, stop solving again after this many seconds, counted from the call. What the pair costs
        is then not known, or no more than is said (``explanation.wish.cost.is_exact``); all else is said as
        without a deadline.
    threads : int, optional
        With ``cost``, as many as this process has cores.
    on_progress : callable, optional
        With ``cost``, called with a :class:`~twinmatch.solvers.control.Progress` about ten times a second.
    cancel : object with ``is_set()``, optional
        With ``cost``, stops it as a deadline does.

    Returns
    -------
    Explanation
        ``print`` it for a screen; ``to_dict()`` for programs; it shows itself in notebooks.

    Raises
    ------
    InputError
        If there is no such school, with the nearest ids, or an option is out of range, with every fault.

    Notes
    -----
    Points are whole numbers that add up exactly. Losses follow from each :term:`price` of the proof and
    are lower bounds: every matching with the other pair that covers as many schools has at least so much
    less. One row of pairs is evaluated; with ``cost`` the time is that of a match under quotas.

    Examples
    --------
    >>> import twinmatch as tm
    >>> matching = tm.match(*tm.datasets.sample())
    >>> explanation = matching.explain("0070031W")
    >>> pair = explanation.pairs[0]
    >>> pair.points == sum(share.points for share in pair.shares)
    True
    """
    started = time.monotonic()
    from twinmatch.explaining import explain

    more = option_faults(deadline, 0, threads, on_progress, cancel)
    control = None if more else Control(deadline, 0.0, number_of(threads), on_progress, cancel, started)
    return explain(
        matching, school, wished=wished, side=side, cost=cost, lang=lang, k=k, control=control, more=more
    )


@bounded
def notice(
    matching: Matching,
    lang: str = "en",
    school: str | None = None,
    *,
    authority: str | None = None,
    contact: str | None = None,
) -> Notice:
    """
    Return the notice that French law asks of a decision made through algorithmic processing.

    Parameters
    ----------
    lang : {"en", "fr"}, optional
    school : str, optional
        Id of the school that the notice is for; its result is then part of it.
    authority, contact : str, optional
        Who decides, and where to write to be told more; the text leaves them open where they are missing.

    Returns
    -------
    Notice
        ``print`` it, or ``to_html()``, or ``to_dict()``.

    Raises
    ------
    InputError
        If there is no such school, with the nearest ids, or an option is wrong.

    Notes
    -----
    Code des relations entre le public et l'administration, articles L. 311-3-1, R. 311-3-1-1 and
    R. 311-3-1-2: purpose; rights and how to use them; degree and mode of contribution; data and sources;
    parameters and weights; operations. It is not legal advice.

    Examples
    --------
    >>> import twinmatch as tm
    >>> matching = tm.match(*tm.datasets.sample())
    >>> matching.notice("fr").page().sections[0].title
    'Finalité du traitement'
    """
    from twinmatch.explaining import notice

    return notice(matching, lang=lang, school=school, authority=authority, contact=contact)


def standby(matching: Matching, k: int = 3, *, threads: int | None = None) -> Any:
    """
    Return a :term:`standby` list for every left school: whom it could get if its partner dropped out.

    Parameters
    ----------
    k : int, optional
        How many for each school, at most.
    threads : int, optional
        As many as this process has cores.

    Returns
    -------
    frame
        Of the kind of ``left``, sorted by ``left_id`` and ``rank``: ``left_id``, ``rank`` from 1,
        ``right_id``, ``points``, ``loss`` and ``free``. Partners are the best by what the prices of the
        proof leave of their points: those with a free place have no price, others are worth what moving
        whoever has their place costs; under a mechanism without prices, those with a free place, most
        points first. ``loss`` is what every matching with that pair which covers as many schools has less
        than this one, at least; missing where the proof says nothing.

    Raises
    ------
    InputError
        If ``k`` is out of range.
    NoSolutionError
        If there is no matching: its status is INFEASIBLE or NO_SOLUTION.

    Notes
    -----
    One search of the tree for each left school. Prices of quotas count in ``loss`` and not in the order;
    a free partner beyond a cap may be on the list. :meth:`repair` settles what is really had.

    Examples
    --------
    >>> import twinmatch as tm
    >>> matching = tm.match(*tm.datasets.sample())
    >>> matching.standby(k=2).columns.tolist()
    ['left_id', 'rank', 'right_id', 'points', 'loss', 'free']
    """
    from twinmatch.explaining.standby import standby

    return standby(matching, k, threads=threads)


@bounded
def metrics(
    matching: Matching, *, by: Collection[str] | None = None, ranks: bool = True, threads: int | None = None
) -> Metrics:
    """
    Measure what the matching gives, and to whom: :term:`coverage`, :term:`points`, distance, ranks.

    Parameters
    ----------
    by : collection of str, optional
        What left schools are grouped by: ``"level"``, ``"sector"``, ``"country"``, ``"academie"``,
        ``"priority"`` (REP against others), ``"setting"`` (rural against urban), or any column of the
        left table. Without it, all of these of which something is known.
    ranks : bool, optional
        Whether to count ranks and blocking pairs, which looks at pairs outside the matching.
    threads : int, optional
        As many as this process has cores.

    Returns
    -------
    Metrics
        ``summary``, ``table`` by group, ``countries``; printed, one screen. With status INFEASIBLE or
        NO_SOLUTION everything but the sizes of groups is missing.

    Raises
    ------
    InputError
        If the left table has no such column, or an option is out of range, with every fault.

    Notes
    -----
    Everything is exact, ranks and blocking pairs included: on the whole registers they take about 15
    seconds on two cores, the rest two.
    """
    from twinmatch.metrics import measured

    return measured(matching, by=by, ranks=ranks, threads=threads)


@bounded
def blocking_pairs(
    matching: Matching,
    right_policy: Policy | None = None,
    *,
    threads: int | None = None,
    isa: str = "auto",
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
) -> BlockingPairs | None:
    """
    Count the :term:`blocking pairs <blocking pair>`, exactly.

    Parameters
    ----------
    right_policy : Policy, optional
        By whose points right schools rank left schools; see :func:`twinmatch.blocking.blocking_pairs`.
    threads, isa, on_progress, cancel
        As for :meth:`verify`.

    Returns
    -------
    BlockingPairs or None
        None if it was cancelled.
    """
    from twinmatch.blocking import blocking_pairs

    return blocking_pairs(
        matching, right_policy, threads=threads, isa=isa, on_progress=on_progress, cancel=cancel
    )


@bounded
def rule_prices(
    matching: Matching,
    *,
    rules: Collection[str] | None = None,
    deadline: float | None = None,
    threads: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Cancel | None = None,
) -> Any:
    """
    Return what each rule that presses costs: points for a unit of its bound, and how far that holds.

    Parameters
    ----------
    rules : collection of str, optional
        Names of the quotas, locks and rules to price; the name of a quota that is made group by group
        means all of its groups. All without it.
    deadline : float, optional
        Seconds from the call. Rows that are not reached by then have no prices, and their notes say so.
    threads : int, optional
        As many as this process has cores.
    on_progress : callable, optional
        Called with a :class:`~twinmatch.solvers.control.Progress`, whose ``phase`` tells the rule.
    cancel : object with ``is_set()``, optional

    Returns
    -------
    frame
        Of the kind of ``left``, with a row for each cap or floor that is reached, each locked pair, and
        each rule of the policy that forbids pairs, schools or countries; columns as in
        :class:`~twinmatch.RulePrice`. What is not there is missing, and the notes say why.

    Raises
    ------
    NoSolutionError
        If the status is not OPTIMAL, or the mechanism is a procedure, which sets no prices.
    InputError
        If an option is out of range, with every fault.
    ResourceLimitError
        Above a million pairs: if quotas cross, or if rules that forbid pairs are among those asked for.

    Notes
    -----
    Exact: differences between optima, the other rules as they stand, wishes as they were settled. Points
    are compared at the same coverage; where the coverage would change there is a note and no price.
    On the whole registers each row takes a few seconds. Of quotas that cross, and of forbidden sets, how
    far a price holds is not always settled.
    """
    from twinmatch.costing import rule_prices

    return rule_prices(
        matching, rules=rules, deadline=deadline, threads=threads, on_progress=on_progress, cancel=cancel
    )
