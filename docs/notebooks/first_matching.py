# %% [markdown]
# # First matching
#
# *A service developer has two registers on the desk and an afternoon.* Which French
# school gets which partner, how good is that, and what does the service answer when a
# school would rather have another partner?
#
# This notebook uses a sample of the bundled registers, 200 French schools and 300 in
# six other countries. With `FULL = True` it pairs all of them.

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

import twinmatch as tm
from twinmatch.reporting import maps, tables

FULL = False  # True: the whole registers
fr, eu = tm.datasets.france_eu() if FULL else tm.datasets.sample()
print(f"{len(fr):,} French schools, {len(eu):,} possible partners")

# %% [markdown]
# ## Who may be paired, and what a pair is worth
#
# A policy holds rules, which forbid pairs, and criteria, which give points. The default
# one is made for this: a common school level, a language to talk in, a similar size, a
# journey that classes can afford.

# %%
policy = tm.policies.systematic_twinning()
print(policy)

# %% [markdown]
# ## The matching

# %%
matching = tm.match(fr, eu, policy)
print(matching.status)
print(f"{matching.coverage:,} schools paired, of at most {matching.coverage_bound:,}")
print(f"{matching.objective:,} points, of at most {matching.bound:,}")

# %% [markdown]
# `OPTIMAL` means that both bounds are reached: no pairing covers more schools, and none
# that covers as many has more points. This does not rest on trust: `verify` counts
# everything again, over all pairs, with code that the solver cannot reach.
# [Reading a certificate](reading_a_certificate.py) goes through it claim by claim.

# %%
certificate = matching.verify()
certificate.raise_for_failure()
assert matching.objective == matching.bound
assert matching.coverage == matching.coverage_bound
print(f"{len(certificate.claims)} claims, all of them hold")

# %% [markdown]
# One row for each pair, and one column of points for each criterion. They add up to the
# last digit.

# %%
criteria = [criterion.name for criterion in policy.criteria]
assert (matching.pairs[criteria].sum(axis=1) == matching.pairs["points"]).all()
matching.pairs.head()

# %% [markdown]
# On a map: every school is a dot, and a line joins each group of pairs.

# %%
maps.draw(matching)

# %% [markdown]
# ## How good are the pairs?
#
# The bars show what each criterion gave, of the most that it could have given.

# %%
shares = tables.points_by_criterion(matching).set_index("criterion") / 1000
figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
axes.barh(shares.index, shares["most_points"], color="#d9dce3", label="most there is")
axes.barh(
    shares.index, shares["mean_points"], color="#24408e", label="mean of all pairs"
)
axes.invert_yaxis()
axes.set_xlabel("thousand points")
axes.legend(frameon=False, loc="lower right")
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# `metrics` has this and much more, for everybody and by group.

# %%
metrics = matching.metrics()
print(f"median distance: {metrics.summary['distance_median_km']:,.0f} km")
print(f"schools with their best partner: {metrics.summary['first_choice']:.0%}")

# %% [markdown]
# ## A school asks for more
#
# Not everybody can have the best partner. Take the school whose pair is worth least
# among those that could have more elsewhere. What keeps it from its next best partners?

# %%
for worst in matching.pairs.sort_values("points")["left_id"]:
    explanation = matching.explain(worst, k=3)
    if any(option.gain > 0 for option in explanation.next_best):
        break
print(explanation)

# %% [markdown]
# What would granting one of these wishes cost all schools together? For each the
# matching is solved again with that pair in it, so that the cost is exact.

# %%
wishes = [
    matching.explain(worst, wished=option.partner.id, cost=True, k=0).wish
    for option in explanation.next_best
]
for wish in wishes:
    gain, price = wish.option.gain, wish.cost.points
    assert wish.cost.is_exact
    assert wish.cost.schools == 0
    assert price >= wish.option.loss >= 0  # nothing wins against the most points
    print(f"{wish.partner.id}: the school gains {gain:,}, all together lose {price:,}")

# %% [markdown]
# ## What is handed on
#
# A report for people, and a folder that anyone can verify again.

# %%
with tempfile.TemporaryDirectory() as folder:
    matching.save(Path(folder) / "twins")
    assert tm.load_matching(Path(folder) / "twins").objective == matching.objective
    report = Path(folder) / "twins.html"
    matching.report(report)
    print(f"one page, {report.stat().st_size / 1e6:.1f} MB, nothing to fetch")

# %% [markdown]
# ## Decision
#
# The service grants the wish that costs least, if all schools together lose no more
# than a tenth of what the school gains. Otherwise the pair stays.
#
# A cost of 0 is a tie: the list with this pair has as many points as the list without,
# and the order of ids decided between them.

# %%
wish = min(wishes, key=lambda wish: wish.cost.points)
gain, price = wish.option.gain, wish.cost.points
if price <= gain / 10:
    print(
        f"Decision: {worst} gets {wish.partner.id} and gains {gain:,} points. "
        f"Cost: {price:,} of {matching.points:,} points."
    )
else:
    print(
        f"Decision: {worst} keeps its partner. Cost: it goes without {gain:,} points, "
        f"to spare all schools {price:,}."
    )
