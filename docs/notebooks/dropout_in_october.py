# %% [markdown]
# # A drop-out in October
#
# *An exchange office has told every school in September who its partner is.* In
# October a partner drops out. Who has to be told anew, what does it cost to leave
# everybody else alone, and what happens to the list until the end of the school year?

# %%
# %matplotlib inline
import tempfile
from dataclasses import replace
from datetime import date
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

import twinmatch as tm
from twinmatch.changes import PairRenewed, PartnerLeaves
from twinmatch.policies import Overbooking

FULL = False  # True: the whole registers
fr, eu = tm.datasets.france_eu() if FULL else tm.datasets.sample()

# %% [markdown]
# ## September

# %%
september = tm.match(fr, eu)
assert september.gap == 0
assert september.verify().ok
september

# %% [markdown]
# ## Who is on standby?
#
# Before anything happens the office knows whom each school could have instead. A
# partner that is not `free` has somebody already; `loss` is what the whole list has
# less, at least, with that pair in it.

# %%
waiting = september.standby(k=3)
school = "0061041Z"
partner = september.pairs.set_index("left_id")["right_id"][school]
assert (waiting.groupby("left_id").size() <= 3).all()
waiting[waiting["left_id"] == school]

# %% [markdown]
# ## October: its partner drops out
#
# With no bonus for staying, everybody is paired as if for the first time.

# %%
gone = PartnerLeaves(partner)
best = september.repair(gone)
assert best.gap == 0
assert best.verify().ok
best.diff(september)

# %% [markdown]
# One drop-out, and many schools move. Why? The school without a partner takes a place
# that somebody has, who takes the next one, until the chain ends at a place that was
# free. And where lists are equally good, nothing speaks for the one that was sent.

# %%
moved = best.diff(september).moved
change = moved["points_after"] - moved["points_before"]
assert best.points <= september.points
print(f"moved: {len(moved):,}; {(change == 0).sum():,} of them for nothing,", end=" ")
print(f"{(change > 0).sum():,} to win points, {(change < 0).sum():,} to make room")

# %% [markdown]
# ## What is it worth to leave them alone?
#
# `keep_bonus` says so: a pair of September that stays counts that many points more. The
# frontier has every list that is best at some bonus, each proven: from the fewest
# schools that move to the most points.

# %%
frontier = september.stability_frontier(gone)
corners = frontier.corners
assert all(a.moved < b.moved and a.points < b.points for a, b in pairwise(corners))
assert corners[-1].points == best.points
frontier

# %%
moves = np.array([corner.moved for corner in corners])
price = np.array([best.points - corner.points for corner in corners])
figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
axes.plot(moves, price, color="#24408e", marker="o", markersize=4, label="frontier")
axes.plot(len(moved), 0, "o", color="#d1495b", label="without a bonus")
axes.set_xlabel("schools that move")
axes.set_ylabel("points given up")
axes.set_xlim(left=0)
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# ## Which list is sent?
#
# As few schools as possible are told anew, for at most one point in a hundred thousand.

# %%
chosen = int(np.flatnonzero(price <= september.points / 100_000)[0])
bonus = (corners[chosen].least + corners[chosen].most) // 2
october = september.repair(gone, keep_bonus=bonus)
assert october.gap == 0
assert october.verify().ok
assert october.step_certificate.ok  # what the change touched, proven at once
diff = october.diff(september)
assert diff.counts["moved"] == moves[chosen]
diff

# %% [markdown]
# The bonus is a criterion like any other: an explanation says which points a school has
# for having stayed.

# %%
stayed = diff.kept["left_id"].iloc[0]
assert "kept pair" in str(october.explain(stayed)) or not bonus
october.explain(stayed, k=2)

# %% [markdown]
# ## Saved, and read again
#
# Months pass, and programs end. The folder holds all that a proof needs, and the seal
# of the list before.

# %%
with tempfile.TemporaryDirectory() as folder:
    october.save(folder)
    kept = tm.load_matching(folder)
assert kept.verify().ok
assert kept.seal == october.seal
assert kept.parent.seal == september.seal
kept.parent

# %% [markdown]
# ## January: an agreement is renewed until July
#
# Two schools want to stay together until the end of the school year. The day is said,
# never read from a clock: so the same call gives the same list at any time.

# %%
two = kept.pairs.iloc[0]
renewal = PairRenewed(two["left_id"], two["right_id"], until=date(2027, 7, 4))
january = kept.repair(renewal, bonus, today=date(2027, 1, 11))
assert january.verify().ok
assert january.diff(kept).counts["moved"] == 0
print(renewal)
print("waiting:", *january.pending)

# %% [markdown]
# ## July: it ends
#
# Nothing has to be remembered: what was waiting happens with the first repair whose day
# has reached it. The pair may stay, but it need not, and gets no bonus any more.

# %%
july = january.repair([], bonus, today=date(2027, 7, 5))
assert july.verify().ok
assert january.policy.quotas
assert not july.policy.quotas
july.diff(january)

# %% [markdown]
# ## Next September: more schools than places
#
# Three places with each of a few partners, and by this year's letters three schools in
# ten never answer. Over-booking pairs a partner with as many schools as are expected to
# fill its places.

# %%
few = eu.take(np.linspace(0, len(eu) - 1, len(fr) // 4).astype(int))
policy = tm.policies.systematic_twinning()
rate = 0.3
booked = replace(policy, quotas=[Overbooking(no_answer_rate=rate)])
exact, over = (tm.match(fr, few, one, right_capacity=3) for one in (policy, booked))
assert exact.verify().ok
assert over.verify().ok
assert over.coverage >= exact.coverage
print(*(one for one in over.assumptions if "over-booking" in one))
answers = [round(one.coverage * (1 - rate)) for one in (exact, over)]
print(f"{3 * len(few):,} places; {answers[0]:,} or, over-booked, {answers[1]:,} filled")

# %% [markdown]
# ## Decision

# %%
lost = september.points - best.points
print(
    f"Decision: {moves[chosen]:,} schools move instead of {len(moved):,}, and partners "
    f"are over-booked next year. Cost: {price[chosen]:,} of {september.points:,} "
    f"points to spare the others, and {lost:,} for the drop-out."
)
