# %% [markdown]
# # Fairness for priority education and rural schools
#
# *A ministry officer has money for half of the schools this year.* The half with the
# most points is easily found. Are schools in priority education (REP, REP+) and in the
# countryside in it as often as others, and what does it cost to see to that?

# %%
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

import twinmatch as tm
from twinmatch.policies import CoverageFloor, Quota, SameSetting

FULL = False  # True: the whole registers
registers = tm.datasets.france_eu()
fr, eu = registers if FULL else tm.datasets.sample()

# %% [markdown]
# ## Who is rural?
#
# The French register does not say. Here a school is rural if few schools are near it,
# and that must be counted in the whole register: in a sample every place looks empty.


# %%
def settled(schools, register):
    """Return a frame of the schools, ``setting`` filled in from the register."""
    words = np.array(["rural", "urban", None], dtype=object)
    setting = words[SameSetting(weight=1).settings(register)]
    frame = schools.to_frame()
    frame["setting"] = frame["id"].map(dict(zip(register.ids, setting, strict=True)))
    return frame


schools = settled(fr, registers[0])
priority = schools["ep"].notna().map({True: "REP", False: "other"})
schools["group"] = priority + ", " + schools["setting"].fillna("place unknown")
fr = tm.Schools.from_frame(schools)
eu = tm.Schools.from_frame(settled(eu, registers[1]))
schools["group"].value_counts().rename_axis(None).to_frame("schools")

# %% [markdown]
# ## Half of the schools, most points

# %%
budget = Quota("budget", at_most_share=0.5)
policy = replace(tm.policies.systematic_twinning(), quotas=[budget])
plain = tm.match(fr, eu, policy)


def by_group(matching, by="group"):
    """Return what each group gets, one row for each."""
    table = matching.metrics(by=[by], ranks=False).table
    return table[table["kind"] == by].set_index("group").rename_axis(None)


print(f"{plain.coverage:,} of {len(fr):,} schools")
by_group(plain)[["schools", "covered", "coverage"]].round(3)

# %% [markdown]
# ## Two ways to be fair
#
# - **As many of REP as of all:** a floor for priority education.
# - **All alike:** no group may be more than two percentage points behind.

# %%
REP = ["REP", "REP+", "REP/REP+"]
floor = CoverageFloor("REP", left={"ep": REP}, at_least_share=0.5)
alike = CoverageFloor("alike", per=["group"], within=0.02)
ways = {
    "most points": policy,
    "floor for REP": replace(policy, quotas=[budget, floor]),
    "all alike": replace(policy, quotas=[budget, alike]),
}
found = tm.compare(ways, fr, eu)
assert list(found.table["price_coverage"]) == [0, 0, 0]  # the money is spent in each
found

# %%
groups = ["REP, urban", "REP, rural", "other, urban", "other, rural"]
colours = ["#d9dce3", "#00798c", "#24408e"]
figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
for at, (name, colour) in enumerate(zip(ways, colours, strict=True)):
    height = by_group(found.matchings[name])["coverage"][groups] * 100
    axes.bar(np.arange(4) + (at - 1) * 0.27, height, 0.25, color=colour, label=name)
axes.axhline(50, color="#d1495b", linewidth=1)
axes.set_xticks(range(4), groups)
axes.set_ylabel("% with a partner")
axes.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# Both floors are kept. The money is the same, so what REP gains others lose; where all
# are to be alike, no group can be the one that pays for it.

# %%
fair = found.matchings["all alike"]
counts = fair.quotas[fair.quotas["quota"].str.startswith("alike")]
assert (counts["count"] >= counts["at_least"]).all()
rep = found.matchings["floor for REP"]
now, before = by_group(rep, "priority"), by_group(plain, "priority")
assert now["coverage"]["REP"] >= 0.5
more = now["covered"] - before["covered"]
assert more["REP"] == -more["others"]
print(
    f"floor for REP: {more['REP']:+} in priority education, {more['others']:+} others"
)

# %% [markdown]
# What does one more school of a group cost? Each floor that presses has its own price,
# in points: what could be won if it asked for one school less (`loosen`), and what one
# more would take (`tighten`; missing where there is no further school).

# %%
fair.rule_prices(rules=["alike"])[["rule", "value", "loosen", "tighten"]]

# %% [markdown]
# ## And the worth of the pairs?
#
# Coverage is one side. The other is how good the pairs are of those who have one. Two
# mechanisms look after the weakest: Nash welfare counts points by their logarithm, and
# leximin raises the worst pair as far as it can be raised. Here everybody has a
# partner.

# %%
whole = tm.policies.systematic_twinning()
mechanisms = {
    "most points": tm.mechanisms.most_points(),
    "nash": tm.mechanisms.nash(),
    "leximin": tm.mechanisms.leximin(),
}
kinds = tm.compare({name: (whole, one) for name, one in mechanisms.items()}, fr, eu)
worst = {
    name: int(matching.pairs["points"].min())
    for name, matching in kinds.matchings.items()
}
assert worst["leximin"] == max(worst.values())
for name, price in zip(worst, kinds.table["price_points"], strict=True):
    print(
        f"{name:12} worst pair {worst[name]:>8,} points, given up in all {price:>10,}"
    )

# %% [markdown]
# ## Decision
#
# All groups alike, if that costs less than one point in a hundred.

# %%
row = found.table.set_index("name").loc["all alike"]
share = row["price_points"] / plain.points
price, changed = row["price_points"], row["changed"]
before, after = (by_group(one)["coverage"][groups].min() for one in (plain, fair))
assert after >= before
if share < 0.01:
    print(
        f"Decision: all groups alike. Cost: {price:,} of {plain.points:,} points "
        f"({share:.2%}), and another answer for {changed:,} schools; in the group that "
        f"is worst off {after:.0%} have a partner instead of {before:.0%}."
    )
else:
    print(
        f"Decision: most points, as before. Cost: {before:.0%} with a partner in the "
        f"group that is worst off; {after:.0%} would take {price:,} points."
    )
