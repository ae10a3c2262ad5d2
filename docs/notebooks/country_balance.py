# %% [markdown]
# # Country balance and its price
#
# *A ministry officer knows how it goes:* found by hand, partners are in a few
# countries. The list with the most points has favourites as well. How evenly can
# partners be spread, and what do the schools pay for it?

# %%
# %matplotlib inline
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

import twinmatch as tm
from twinmatch.policies import QuotaPer

FULL = False  # True: the whole registers
fr, eu = tm.datasets.france_eu() if FULL else tm.datasets.sample()
policy = tm.policies.systematic_twinning()

# %% [markdown]
# ## Without any balance

# %%
free = tm.match(fr, eu, policy)
metrics = free.metrics(ranks=False)
countries = metrics.countries.sort_values("pairs", ascending=False)
countries[["country", "places", "pairs", "share", "places_share"]].round(3)

# %%
largest, even = float(countries["share"].max()), 1 / len(countries)
assert largest > even
first = countries["country"].iloc[0]
print(f"{first} has {largest:.1%} of the pairs; an even share would be {even:.1%}")

# %% [markdown]
# ## A cap for every country
#
# The same cap for all, from none (1.0) down to three quarters of what the largest has.
# Every row is an optimum under its cap, proven like any other. Where several lists have
# the most points, any of them may be found: so the first row has the points of the list
# above, and not all of its pairs.


# %%
def cap_per_country(share):
    """Return the policy with at most this share of the schools for any country."""
    return replace(
        policy, quotas=[QuotaPer("cap", right=["country"], at_most_share=share)]
    )


parts = np.array([1, 0.95, 0.9, 0.85, 0.8, 0.75])
steps = (np.ceil(largest * parts * 1000) / 1000).tolist()
found = tm.sweep(policy, fr, eu, over=cap_per_country, values=[1.0, *steps])
assert all(matching.gap == 0 for matching in found.matchings.values())
found

# %% [markdown]
# A tighter cap never costs less. The first pairs to go are those that are nearly as
# good elsewhere.

# %%
table = found.table
prices = table["price_points"]
assert list(table["coverage"].iloc[:2]) == [free.coverage] * 2
assert prices.iloc[0] == prices.iloc[1] == 0  # the largest share of all is no burden
assert prices.is_monotonic_increasing

# %% [markdown]
# ## Points against evenness
#
# Up and to the right is better. A row on the front is beaten by no other: whoever wants
# it more even has to pay.

# %%
front = found.pareto(maximise=["points_by_first", "country_evenness"])
assert 2 <= len(front) <= len(table)
found.plot(x="country_evenness", y="points_by_first")

# %% [markdown]
# ## Which cap?
#
# The ministry looks for the tightest cap that leaves no school out and costs at most
# one point in a thousand.

# %%
affordable = table[(table["price_coverage"] <= 0) & (prices <= free.points / 1000)]
chosen = affordable.iloc[-1]
balanced = found.matchings[chosen["name"]]
assert balanced.verify().ok
assert balanced.coverage == free.coverage

# %%
after = balanced.metrics(ranks=False).countries.set_index("country")["pairs"]
names, where = list(countries["country"]), np.arange(len(countries))
figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
axes.bar(where - 0.2, countries["pairs"], 0.38, color="#d9dce3", label="most points")
axes.bar(where + 0.2, after[names], 0.38, color="#24408e", label="with the cap")
axes.axhline(chosen["value"] * len(fr), color="#d1495b", linewidth=1, label="cap")
axes.set_xticks(where, names)
axes.set_ylabel("pairs")
axes.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# A cap that presses has a price: the points that one more pair with that country would
# bring.

# %%
quotas = balanced.quotas.sort_values("price", ascending=False)
assert (quotas["count"] <= quotas["at_most"]).all()
assert (quotas.loc[quotas["count"] < quotas["at_most"], "price"] == 0).all()
quotas[["quota", "at_most", "count", "price"]]

# %% [markdown]
# ## Decision

# %%
price, share = chosen["price_points"], chosen["price_points"] / free.points
print(
    f"Decision: at most {chosen['value']:.1%} of the schools for one country. "
    f"Cost: {price:,} of {free.points:,} points ({share:.3%}), "
    f"{chosen['changed']:,} schools with another partner, "
    f"{chosen['price_coverage']} schools left out."
)
