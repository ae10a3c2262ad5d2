# %% [markdown]
# # Bring your own scores
#
# *A researcher has a score of her own:* pupils from a village should meet pupils from a
# village, and those from a large town others from a large town. How does her score get
# into a policy, and what does it cost those who care for the other criteria?
#
# There are three doors: a function, a column, and a plain matrix.

# %%
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
from scipy import sparse

import twinmatch as tm
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.policies import OwnCriterion, SocialPosition

FULL = False  # True: the whole registers
registers = tm.datasets.france_eu()
fr, eu = registers if FULL else tm.datasets.sample()
policy = tm.policies.systematic_twinning()

# %% [markdown]
# ## The score
#
# How large a town is, the registers do not say. But they say how many schools there
# are: the score is the base-2 logarithm of that number, so that one unit is twice as
# many. It is counted in the whole registers, and added as a column.


# %%
def with_town(schools, register):
    """Return the table with a column ``town``."""

    def town(frame):
        city = frame["city"].str.casefold()
        city = city.str.replace(r"\s+\d.*$", "", regex=True)  # without the district
        return frame["country"] + " " + city

    everywhere = town(register.to_frame())
    frame = schools.to_frame()
    frame["town"] = np.log2(town(frame).map(everywhere.value_counts()))
    return tm.Schools.from_frame(frame)


fr, eu = with_town(fr, registers[0]), with_town(eu, registers[1])
for name, schools in (("French schools", fr), ("partners", eu)):
    town = schools.numbers("town")
    known, middle = np.isfinite(town).mean(), 2 ** np.nanmedian(town)
    print(f"{name}: {known:.0%} known, the median town has {middle:.0f} schools")

# %% [markdown]
# ## First door: a function
#
# The quickest way to try an idea. The function is given both tables and two arrays of
# rows, and returns whole points: all of 100,000 for towns of one size, none for towns
# of which one has 32 times as many schools, half where nothing is known. It is asked
# about every pair, so use it on a few thousand schools at most.

# %%
WEIGHT, ZERO_AT = 100_000, 5  # 2 ** 5 is 32


def same_town(left, right, i, j):
    """Return the points of pairs of schools for the sizes of their towns."""
    ours = np.rint(left.numbers("town")[i] * (WEIGHT / ZERO_AT))
    theirs = np.rint(right.numbers("town")[j] * (WEIGHT / ZERO_AT))
    points = np.maximum(0, WEIGHT - np.abs(ours - theirs))
    return np.where(np.isnan(points), WEIGHT // 2, points).astype(np.int64)


few, partners = fr.take(range(100)), eu.take(range(200))
tried = OwnCriterion("town", same_town, upper_bound=WEIGHT)
by_function = tm.match(
    few, partners, replace(policy, criteria=[*policy.criteria, tried])
)
assert by_function.verify().ok
by_function.pairs[["left_id", "right_id", "points", "town"]].head()

# %% [markdown]
# ## Second door: a column
#
# What is searched fast are columns, at any size. `SocialPosition` reads any column of
# numbers, not only the French index it is named after: the same score, to the last
# point. [Policies](../policies.md) lists others, for tags, vectors and countries.

# %%
score = SocialPosition(weight=WEIGHT, zero_at=ZERO_AT, column="town", name="town")
own = replace(policy, criteria=[*policy.criteria, score])
assert tm.match(few, partners, own).objective == by_function.objective

matching = tm.match(fr, eu, own)
assert matching.verify().ok
print(f"{len(fr):,} schools: {matching.status}, {matching.objective:,} points")

# %% [markdown]
# ## Third door: a matrix
#
# Whoever has the points of all pairs already needs no schools. What is not stored in a
# sparse array is forbidden. It is the same problem, so it has the same answer.

# %%
graph = tm.compile(few, partners, own)
points = graph.points(np.arange(len(few))[:, None], np.arange(len(partners)))
allowed = points != FORBIDDEN
stored = sparse.coo_array((points[allowed], np.nonzero(allowed)), shape=points.shape)
assigned = tm.assign(stored, coverage_first=True)
assert assigned.verify().ok
assert assigned.objective == by_function.objective
print(f"{allowed.sum():,} pairs stored, {assigned.objective:,} points")

# %% [markdown]
# ## How much weight?
#
# More weight brings towns of one size together and takes points from the other
# criteria. The first row is the policy without the score: prices are in its points.


# %%
def weighed(weight):
    """Return the policy with this weight for the score."""
    if not weight:
        return policy
    heavy = replace(score, weight=weight, unknown=weight // 2)
    return replace(policy, criteria=[*policy.criteria, heavy])


def likeness(matching):
    """Return the mean score of the pairs, from 0 to 1, whatever its weight was."""
    left, right = matching.left, matching.right
    i = np.flatnonzero(matching.mate >= 0)
    return same_town(left, right, i, matching.mate[i]).mean() / WEIGHT


weights = [0, 25_000, 50_000, 100_000, 200_000, 400_000]
found = tm.sweep(policy, fr, eu, over=weighed, values=weights)
table = found.table
table["likeness"] = [likeness(matching) for matching in found.matchings.values()]
assert table["likeness"].iloc[-1] > table["likeness"].iloc[0]
assert table["price_points"].iloc[-1] > table["price_points"].iloc[0] == 0
table[["value", "coverage", "likeness", "price_points", "changed"]].round(3)

# %%
figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
plain = found.matchings["0"]
given_up = table["price_points"] / plain.points * 100
axes.plot(given_up, table["likeness"], marker="o", color="#24408e")
for weight, x, y in zip(weights, given_up, table["likeness"], strict=True):
    axes.annotate(f"{weight:,}", (x, y), xytext=(6, -11), textcoords="offset points")
axes.set_xlabel("% of the points of the other criteria given up")
axes.set_ylabel("mean likeness of towns")
axes.margins(x=0.12, y=0.12)
axes.grid(alpha=0.3)
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# ## Decision
#
# The largest weight that costs the other criteria less than one point in a hundred.

# %%
cheap = table["price_points"] < plain.points / 100
chosen = table[cheap & (table["price_coverage"] <= 0)].iloc[-1]
price, before = chosen["price_points"], table["likeness"].iloc[0]
print(
    f"Decision: a weight of {chosen['value']:,} for towns. Cost: {price:,} points "
    f"({price / plain.points:.2%}) of the other criteria; mean likeness of towns goes "
    f"from {before:.2f} to {chosen['likeness']:.2f}, "
    f"{chosen['changed']:,} schools change partner."
)
