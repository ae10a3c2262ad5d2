# %% [markdown]
# # Stability against points
#
# *A researcher looks at what happens after the list is published.* Two schools that
# would rather have each other than the partners they were given may simply get
# together. Such a pair blocks. A matching that no pair blocks is stable. What do
# schools give up for it, and how unstable is the list with the most points?

# %%
import matplotlib.pyplot as plt
import numpy as np

import twinmatch as tm
from twinmatch.policies import Distance, SizeSimilarity

FULL = False  # True: the whole registers
fr, eu = tm.datasets.france_eu() if FULL else tm.datasets.sample()
policy = tm.policies.systematic_twinning()

# %% [markdown]
# ## Five ways to choose
#
# In the first four, both sides rank each other by the points of the policy. In the last
# one, partner schools have a view of their own: they look for schools of their size
# that are not far away.

# %%
theirs = tm.Policy(
    criteria=[SizeSimilarity(weight=400_000), Distance.near(600_000, zero_km=2_000)]
)
ways = {
    "most points": tm.mechanisms.most_points(),
    "nash": tm.mechanisms.nash(),
    "stable": tm.mechanisms.stable(),
    "by lot": tm.mechanisms.serial_dictatorship(seed=2026),
    "stable, two views": tm.mechanisms.stable(right_policy=theirs),
}
found = tm.compare({name: (policy, way) for name, way in ways.items()}, fr, eu)
found

# %% [markdown]
# Each proves what it promises. With one view only there is just one stable matching,
# the one that takes the best pair of all, then the best of the rest, and so on.

# %%
greedy = tm.match(fr, eu, policy, mechanism=tm.mechanisms.greedy())
assert (found.matchings["stable"].mate == greedy.mate).all()
assert all(matching.verify().ok for matching in found.matchings.values())

# %% [markdown]
# ## Who would walk away?
#
# Blocking pairs are counted over all pairs, by the points of the policy on both sides.

# %%
blocking = {name: one.blocking_pairs(policy) for name, one in found.matchings.items()}
assert blocking["stable"].count == 0
assert blocking["most points"].count > 0
assert found.matchings["stable, two views"].blocking_pairs(theirs).count == 0
for name, pairs in blocking.items():
    schools = pairs.left_schools
    print(f"{name:18} {pairs.count:>7,} pairs block, with {schools:>6,} French schools")

# %%
table = found.table.set_index("name")
given_up = table["price_points"] / table["points"].iloc[0] * 100
figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
for name, pairs in blocking.items():
    at = pairs.count, given_up[name]
    axes.scatter(*at, color="#24408e", s=40)
    axes.annotate(name, at, xytext=(7, 4), textcoords="offset points")
axes.set_xlabel("blocking pairs")
axes.set_ylabel("% of the points given up")
axes.margins(x=0.15, y=0.15)
axes.grid(alpha=0.3)
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# Left is more stable, down is more points. Nothing is in the corner: stability has its
# price.

# %%
most, stable = found.matchings["most points"], found.matchings["stable"]
assert most.points > stable.points

# %% [markdown]
# ## Who pays it?
#
# Pairs sorted by what they are worth. The stable matching has the best pair there is.
# Those at the other end pay.

# %%
figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
lines = {"most points": "#24408e", "stable": "#d1495b", "nash": "#00798c"}
for name, colour in lines.items():
    points = np.sort(found.matchings[name].pairs["points"])
    axes.plot(np.linspace(0, 100, len(points)), points / 1000, label=name, color=colour)
axes.set_xlabel("% of the pairs, the weakest first")
axes.set_ylabel("thousand points")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)

# %%
best = {name: found.matchings[name].pairs["points"].max() for name in lines}
weak = {name: found.matchings[name].pairs["points"].quantile(0.05) for name in lines}
assert best["stable"] == max(best.values())
assert weak["stable"] < weak["most points"]
for name in lines:
    print(
        f"{name:11} best {best[name]:,}, all but the last 5 % above {weak[name]:,.0f}"
    )

# %% [markdown]
# ## Decision
#
# Schools are free to find each other in any case, so stability is worth something; how
# much is for the ministry to say. Here: up to one point in two hundred, and no school
# without a partner.

# %%
price, share = table.loc["stable", "price_points"], given_up["stable"] / 100
left_out = table.loc["stable", "price_coverage"]
if share <= 1 / 200 and left_out <= 0:
    print(
        f"Decision: the stable matching. Cost: {price:,} points ({share:.2%}), "
        f"{left_out:,} schools left out."
    )
else:
    print(
        f"Decision: most points. Cost: {blocking['most points'].count:,} pairs block, "
        f"with {blocking['most points'].left_schools:,} French schools; to be stable "
        f"would take {price:,} points ({share:.2%}) and leave out {left_out:,} more."
    )
