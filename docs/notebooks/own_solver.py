# %% [markdown]
# # Bring your own solver
#
# *A researcher has an algorithm in mind* and wants to know what it is worth on real
# schools, without writing search, points and rules again. The waist of twinmatch is
# public: below it there are numbered nodes, whole points and prices, and one question,
# *who are the best partners at these prices?*
#
# The algorithm here is the auction of D. Bertsekas in twenty lines. How close does it
# come to the optimum, and can that be proven without the optimum?

# %%
import time
from collections import namedtuple

import matplotlib.pyplot as plt
import numpy as np

import twinmatch as tm
from twinmatch.graph.terms import FORBIDDEN

FULL = False  # True: five times as many, out of the whole registers
fr, eu = tm.datasets.france_eu() if FULL else tm.datasets.sample()
if FULL:  # plain Python takes its time: one school in 64, from everywhere
    fr, eu = fr.take(range(0, len(fr), 64)), eu.take(range(0, len(eu), 64))
policy = tm.policies.systematic_twinning()

# %% [markdown]
# ## The graph
#
# `tm.compile` turns words into integers, once. No pair is stored; the graph is asked.

# %%
graph = tm.compile(fr, eu, policy)
print(f"{graph.num_left:,} left nodes, {graph.num_right:,} right nodes")
for j in range(3):
    points = int(graph.points(0, j))
    print(
        f"the first school with partner {j}:",
        "no pair" if points == FORBIDDEN else f"{points:,} points",
    )

# %% [markdown]
# `graph.best(i, k, prices)` returns the `k` partners with the most points left after
# prices, exactly, and a bound on all others. `graph.scan(prices)` returns what every
# left node keeps at best, over all pairs.

# %%
nothing = np.zeros(graph.num_right, np.int64)
best = graph.best(0, 3, nothing)
print("partners", best.right, "net values", best.net, "nobody else above", best.bound)
assert best.net[0] == graph.scan(nothing)[0]

# %% [markdown]
# ## An auction
#
# Each school without a partner bids for its best one: as much as it can and still want
# it more than the second best, plus `step`. Whoever held the place loses it and bids
# again. Every partner has one place here.


# %%
def auction(graph, step):
    """Return the partner of each left node (-1: none), the prices, and the bids."""
    price = np.zeros(graph.num_right, np.int64)
    mate = np.full(graph.num_left, -1, np.int64)
    holder = np.full(graph.num_right, -1, np.int64)
    waiting, bids = list(range(graph.num_left)), 0
    while waiting:
        i = waiting.pop()
        best = graph.best(i, 2, price)
        if not len(best.right) or best.net[0] < 0:
            continue  # nobody is worth the price
        j, second = best.right[0], max(0, best.net[1]) if len(best.net) > 1 else 0
        price[j] += best.net[0] - second + step
        bids += 1
        if holder[j] >= 0:
            mate[holder[j]] = -1
            waiting.append(int(holder[j]))
        holder[j], mate[i] = i, j
    return mate, price, bids


# %% [markdown]
# ## A bound that needs no optimum
#
# Add up what every left node keeps at best at some prices, and all the prices: no
# matching has more points. So the prices of the auction say how good its matching is.


# %%
def points_of(graph, mate):
    """Return the points of all pairs."""
    i = np.flatnonzero(mate >= 0)
    return int(graph.points(i, mate[i]).sum())


def bound_by(graph, price):
    """Return what no matching can exceed, from prices alone."""
    return int(np.maximum(0, graph.scan(price)).sum() + graph.right_capacity @ price)


Run = namedtuple("Run", "step points bound bids schools seconds")
runs = []
for step in (100_000, 30_000, 10_000, 3_000):
    began = time.perf_counter()
    mate, price, bids = auction(graph, step)
    seconds = time.perf_counter() - began
    schools = int((mate >= 0).sum())
    points, bound = points_of(graph, mate), bound_by(graph, price)
    run = Run(step, points, bound, bids, schools, seconds)
    assert points <= bound <= points + step * graph.num_left  # shown by D. Bertsekas
    runs.append(run)
    print(f"step {step:>7,}: {points:,} points of at most {bound:,}, {bids:,} bids")

# %% [markdown]
# ## Against the engine
#
# `tm.solve` takes the same graph and ends with a gap of 0.

# %%
began = time.perf_counter()
exact = tm.solve(graph)
seconds = time.perf_counter() - began
assert exact.gap == 0
print(f"{exact.objective:,} points for {exact.coverage:,} schools in {seconds:.2f} s,")
print(f"where the auction with the smallest step takes {runs[-1].seconds:.1f} s")

# %%
figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
steps = [f"{run.step:,}" for run in runs]
below = [(run.points / exact.objective - 1) * 100 for run in runs]
above = [(run.bound / exact.objective - 1) * 100 for run in runs]
axes.fill_between(steps, below, above, color="#d9dce3")
axes.plot(steps, above, marker="v", color="#d1495b", label="bound from its prices")
axes.plot(steps, below, marker="o", color="#24408e", label="points of the auction")
axes.axhline(0, color="#5b6474", linewidth=1)
axes.set_xlabel("step of a bid, in points")
axes.set_ylabel("% above or below the optimum")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# Smaller steps bring both lines to the optimum, and cost more bids.

# %%
assert runs[-1].bids > runs[0].bids
assert runs[-1].bound - runs[-1].points < runs[0].bound - runs[0].points
assert all(run.bound >= exact.objective for run in runs)  # found without the optimum

# %% [markdown]
# ## Decision
#
# The largest step whose matching is proven to be within one point in a hundred of the
# best, by its own prices.

# %%
chosen = next(run for run in runs if run.bound - run.points <= run.bound / 100)
lost = exact.objective - chosen.points
print(
    f"Decision: the auction with a step of {chosen.step:,}, for {chosen.bids:,} bids. "
    f"Cost: {lost:,} points ({lost / exact.objective:.2%}) and "
    f"{exact.coverage - chosen.schools} schools against the engine; by its own proof, "
    f"{chosen.bound - chosen.points:,} points at most."
)
