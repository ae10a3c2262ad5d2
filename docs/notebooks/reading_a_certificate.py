# %% [markdown]
# # Reading a certificate
#
# *A ministry officer is to sign a list of pairs.* A school that is unhappy may go to
# court and say that a better list exists. Is there proof that none does, can somebody
# check it who does not trust the program, and what is lost by signing a list that was
# finished early?

# %%
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

import twinmatch as tm

FULL = False  # True: the whole registers
fr, eu = tm.datasets.france_eu() if FULL else tm.datasets.sample()
policy = tm.policies.systematic_twinning()
matching = tm.match(fr, eu, policy)

# %% [markdown]
# ## What is claimed
#
# Each line is a claim, and whether it held when everything was counted again over all
# pairs.

# %%
certificate = matching.verify()
for claim in certificate.claims:
    print(f"{'holds' if claim.ok else 'REFUSED':8} {claim.name}: {claim.detail}")
assert certificate.ok

# %% [markdown]
# ## The proof, added up by hand
#
# The proof of the bound is a list of prices: one for a place at each partner school,
# and $\lambda$ for covering one more French school. Let every French school choose on
# its own, at these prices. What it keeps at best is `best` below. No pairing that
# covers as many schools can have more points than
#
# $$\sum_i \max(0, \text{best}_i + \lambda)
# + \sum_j \text{places}_j \cdot \text{price}_j - \lambda K,$$
#
# whatever the prices are; [Concepts](../concepts.md) has the three lines that show it.
# Good prices give a low bound. Here it meets the points of the list, so that no list is
# better.

# %%
graph = tm.compile(matching.left, matching.right, policy)
best = graph.scan(matching.right_price)  # over all pairs
cover = matching.coverage_price

bound = int(np.maximum(0, best + cover).sum())
bound += int(matching.right_capacity @ matching.right_price)
bound -= cover * matching.coverage
assert bound == matching.bound == matching.objective
prices = np.count_nonzero(matching.right_price)
print(f"{bound:,} points, added up from {prices:,} prices above zero")

# %% [markdown]
# ## What a forged list looks like
#
# Somebody exchanges the partners of two schools after the fact. The check says what is
# wrong.

# %%
forged = matching.mate.copy()
first, second = np.flatnonzero(forged >= 0)[:2]
forged[[first, second]] = forged[[second, first]]
refused = replace(matching, mate=forged).verify()
assert not refused.ok
for claim in refused.claims:
    if not claim.ok:
        print(f"REFUSED {claim.name}: {claim.detail}")

# %% [markdown]
# ## Signing early
#
# A run may be stopped, by a deadline or as soon as it is good enough. The list is
# valid, and its bound holds. What remains between the two is doubt: points that a
# better list might have, not points that are known to be lost.

# %%
gaps = [0.1, 0.03, 0.01, 0.003, 0.001, 0]
runs = {gap: tm.match(fr, eu, policy, gap=gap) for gap in gaps}
for gap, run in runs.items():
    assert run.verify().ok
    assert run.objective <= matching.objective <= run.bound  # the bound holds
    lost = matching.objective - run.objective
    print(f"asked for {gap:<6} doubt {run.gap:>13,}   lost in truth {lost:>10,}")

# %%
figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
names = [f"{gap:.1%}" if gap else "exact" for gap in gaps]
bounds = [(run.bound / matching.objective - 1) * 100 for run in runs.values()]
found = [(run.objective / matching.objective - 1) * 100 for run in runs.values()]
axes.fill_between(names, found, bounds, color="#d9dce3", label="doubt")
axes.plot(names, bounds, marker="v", color="#d1495b", label="bound")
axes.plot(names, found, marker="o", color="#24408e", label="the list")
axes.set_xlabel("gap asked for")
axes.set_ylabel("% above or below the best list")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# The doubt is never smaller than the loss: pairs are good long before that is proven.

# %%
assert all(run.gap >= matching.objective - run.objective for run in runs.values())

# %% [markdown]
# ## Decision
#
# Sign the list whose doubt is smallest; a list that leaves none costs nothing but the
# time of the run.

# %%
wanted = 0.01
signed, early = runs[0], runs[wanted]
assert signed.gap == 0
lost = signed.objective - early.objective
print(
    f"Decision: sign the exact list. Cost: {signed.gap} points of doubt; with a gap of "
    f"{wanted:.0%} there would have been {early.gap:,} in doubt, and {lost:,} given up "
    f"({lost / signed.objective:.3%})."
)
