// The auction and the exact paths on every kind of graph, with phases of any pace: the objective is that of the Hungarian
// method, potentials are feasible, and the two prove each other.

#include <memory>

#include "core/explicit.hpp"
#include "core/largest.hpp"
#include "core/paths.hpp"
#include "core/scored.hpp"
#include "optimum.hpp"
#include "world.hpp"

namespace twin::fuzz {
namespace {

// A graph, the same with its sides exchanged, and what pairs are worth.
struct Graphs {
  World world, back;
  std::vector<std::int64_t> offset, worth;  // lists
  std::vector<std::int32_t> item;
  std::vector<std::int32_t> narrow;         // matrices
  std::vector<std::int64_t> wide;
  std::unique_ptr<Oracle> graph, transposed;
  std::vector<std::vector<std::int64_t>> points;  // NOT_ADMISSIBLE
};

std::string any_isa(Draw &draw) {
  const std::int64_t pick = draw.number(0, 2);
  return pick == 0 || best_isa() == "portable" ? "portable" : pick == 1 ? "avx2" : best_isa();
}

template <class T>
void write_matrix(Graphs &g, std::vector<T> &matrix, std::int64_t n, std::int64_t m, std::int64_t base, const std::string &isa) {
  for (const auto &row : g.points)
    for (const std::int64_t points : row) matrix.push_back(T(points + base));
  g.graph = std::make_unique<DenseGraph<T>>(matrix.data(), n, m, base, isa);
  g.transposed = std::make_unique<Columns<T>>(matrix.data(), n, m, base, isa);
}

void make_graphs(Graphs &g, Draw &draw, std::int64_t n, std::int64_t m) {
  const std::int64_t kind = draw.number(0, 3);
  const std::string isa = any_isa(draw);
  g.points.assign(std::size_t(n), std::vector<std::int64_t>(std::size_t(m), NOT_ADMISSIBLE));
  if (kind == 0) {
    make(g.world, draw, n, m, std::int64_t{1} << draw.number(4, 26));
    exchange(g.back, g.world);
    const auto scored = [&](World &w) {
      return std::make_unique<ScoredGraph>(w.terms, w.has_bans ? w.ban_offset.data() : nullptr,
                                           w.has_bans ? w.ban_item.data() : nullptr, isa);
    };
    g.graph = scored(g.world), g.transposed = scored(g.back);
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < m; ++j) g.points[std::size_t(i)][std::size_t(j)] = g.world.points(i, j);
    return;
  }
  const std::int64_t low = draw.flip() ? -draw.scale(1 << 26) : 0, high = draw.scale(1 << 26);
  const bool ranked = draw.flip(4);  // all rank alike: paths as long as they can be
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < m; ++j)
      if (kind != 1 || draw.flip())
        g.points[std::size_t(i)][std::size_t(j)] = ranked ? (i + 1) * (j + 1) % (high + 1) : draw.number(low, high);
  const std::int64_t base = draw.flip() ? 0 : draw.number(-1000, 1000);
  if (kind == 2) return write_matrix(g, g.narrow, n, m, base, isa);
  if (kind == 3) return write_matrix(g, g.wide, n, m, base, isa);
  g.offset.push_back(0);
  for (const auto &row : g.points) {
    for (std::size_t j = 0; j < row.size(); ++j)
      if (row[j] != NOT_ADMISSIBLE) g.item.push_back(std::int32_t(j)), g.worth.push_back(row[j] + base);
    g.offset.push_back(std::int64_t(g.item.size()));
  }
  g.graph = std::make_unique<SparseGraph>(g.offset.data(), g.item.data(), g.worth.data(), n, m, base);
  g.transposed = SparseGraph::exchanged(g.offset.data(), g.item.data(), g.worth.data(), n, m, base);
}

// Takes away who has no partner, and from the others the duty that they cannot all have: the engine asks for that much.
void make_possible(const Graphs &g, const std::vector<std::int64_t> &capacity, std::vector<std::int64_t> &outside) {
  std::vector<std::int64_t> offset{0}, none(outside.size(), -1);
  std::vector<std::int32_t> item;
  for (const auto &row : g.points) {
    for (std::size_t j = 0; j < row.size(); ++j)
      if (row[j] != NOT_ADMISSIBLE) item.push_back(std::int32_t(j));
    offset.push_back(std::int64_t(item.size()));
  }
  std::vector<std::uint8_t> wanted;
  for (const std::int64_t value : outside) wanted.push_back(value == NO_VALUE);
  const Largest found = largest_matching(offset.data(), item.data(), std::int64_t(outside.size()), std::int64_t(capacity.size()),
                                         capacity.data(), wanted.data(), none.data(), {});
  for (std::size_t i = 0; i < outside.size(); ++i)
    if (outside[i] == NO_VALUE && found.mate[i] < 0) outside[i] = 0;
}

// What the bindings do, phase by phase.
void solve(Graphs &g, Draw &draw, std::int64_t n, std::int64_t m) {
  std::vector<std::int64_t> capacity, outside;
  std::int64_t high = 1, low = 0;
  for (const auto &row : g.points)
    for (const std::int64_t points : row)
      if (points != NOT_ADMISSIBLE) high = std::max(high, points), low = std::min(low, points);
  const std::int64_t most = high - low;  // by how much two pairs can differ
  for (std::int64_t j = 0; j < m; ++j) capacity.push_back(draw.size(1, 2, 5));
  const bool must = draw.flip();
  for (std::int64_t i = 0; i < n; ++i) outside.push_back(must && !draw.flip(4) ? NO_VALUE : draw.number(draw.flip() ? low : 0, high));
  make_possible(g, capacity, outside);

  Crew crew(draw.flip(8) ? 2 : 1);
  std::int64_t counters[8] = {};
  Market market(*g.graph, capacity.data(), outside.data());
  const int k = int(draw.number(1, 16)), back_k = int(draw.number(1, 16)), keep = int(draw.number(1, k)), path_k = int(draw.size(1, 4, 64));
  Auction auction(market, *g.transposed, k, back_k, most, crew, {}, counters);
  if (draw.flip(4)) {
    for (auto &price : market.price) price = draw.number(0, most);
    market.reprice();
  }
  std::int64_t step = std::max<std::int64_t>(1, most / draw.number(1, 100)), drop = 0;
  auction.refine(draw.flip() ? 16 : 1);
  step *= auction.parts();
  std::vector<std::int64_t> left(outside.size(), 0);
  std::unique_ptr<Paths> forward, backward;
  const auto tighten = [&](std::int64_t grain = 1) {
    auction.refine(1);
    forward = std::make_unique<Paths>(market, *g.graph, left, true, path_k, crew, Flag{});
    forward->coarsen(grain);
    forward->lists().take(auction.lists(), !auction.has_lowered);
    forward->draw_all(path_k);
    for (std::size_t i = 0; i < left.size(); ++i) {
      left[i] = std::max(outside[i], forward->best(std::int64_t(i)));
      const std::int32_t j = market.mate[i];
      if (j >= 0 && market.mate_place[i] >= 0 && left[i] - (g.graph->points(std::int64_t(i), j) - market.price[std::size_t(j)]) >= grain) {
        market.place_owner[std::size_t(market.mate_place[i])] = -1;
        market.mate[i] = market.mate_place[i] = -1;
      }
    }
  };
  const bool quick = draw.flip(3);
  bool finished = false;
  for (std::int64_t phases = draw.number(0, 12); phases > 0 && !finished; --phases) {
    auction.open(drop, step, keep);
    auction.bid(step, keep, draw.size(0, 0, 3), draw.size(0, 0, 3), draw.flip(4) ? draw.number(0, 30) : INT64_MAX);
    if (quick) {
      const std::int64_t budget = draw.number(1, 40);
      tighten();
      forward->run(false, 0, budget, 2);
      if ((finished = forward->finished) && market.any_empty_priced()) {
        backward = std::make_unique<Paths>(market, *g.transposed, left, false, path_k, crew, Flag{});
        backward->run(false, 0, budget, 2);
        finished = backward->finished;
      }
      market.reprice();
    }
    drop = step + step / 2, step = std::max<std::int64_t>(1, step / draw.number(2, 8));
  }
  for (std::int64_t grain = draw.flip() ? std::int64_t{1} << draw.number(1, 20) : 1; !finished && grain > 1; grain >>= draw.number(1, 4)) {
    tighten(grain);
    forward->run(true);
    forward.reset();
    backward = std::make_unique<Paths>(market, *g.transposed, left, false, path_k, crew, Flag{});
    backward->coarsen(grain);
    backward->run(true);
    auction.has_lowered = true;
  }
  if (!finished) {
    tighten();
    forward->run(true, draw.size(0, 0, 2));
    forward->run(true, 0);
    forward.reset();
    backward = std::make_unique<Paths>(market, *g.transposed, left, false, path_k, crew, Flag{});
    backward->run(true);
  }

  // The matching is one, and worth as much as the prices promise.
  std::int64_t objective = 0, bound = 0;
  std::vector<std::int64_t> room = capacity;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const std::int64_t j = market.mate_place[i] < 0 ? -1 : market.mate[i];
    MUST_HOLD(j >= 0 || outside[i] != NO_VALUE);
    if (j >= 0) {
      MUST_HOLD(g.points[i][std::size_t(j)] != NOT_ADMISSIBLE && --room[std::size_t(j)] >= 0);
      objective += g.points[i][std::size_t(j)];
    } else {
      objective += outside[i];
    }
    MUST_HOLD(left[i] >= outside[i]);
    bound += left[i];
    for (std::size_t c = 0; c < capacity.size(); ++c)
      if (g.points[i][c] != NOT_ADMISSIBLE) MUST_HOLD(left[i] + market.price[c] >= g.points[i][c]);
  }
  for (std::size_t j = 0; j < capacity.size(); ++j) {
    MUST_HOLD(market.price[j] >= 0);
    bound += capacity[j] * market.price[j];
  }
  MUST_HOLD(objective == bound);

  std::vector<std::vector<std::int64_t>> cost(left.size());
  for (std::size_t i = 0; i < cost.size(); ++i) {
    for (std::size_t j = 0; j < capacity.size(); ++j)
      cost[i].insert(cost[i].end(), std::size_t(capacity[j]), g.points[i][j] == NOT_ADMISSIBLE ? NEVER : -g.points[i][j]);
    for (std::size_t c = 0; c < cost.size(); ++c) cost[i].push_back(c != i || outside[i] == NO_VALUE ? NEVER : -outside[i]);
  }
  MUST_HOLD(-cheapest(cost) == objective);
}

}  // namespace
}  // namespace twin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  using namespace twin::fuzz;
  Draw draw(data, size);
  const std::int64_t n = draw.size(1, 8, 48), m = draw.size(1, 8, 60);
  Graphs graphs;
  make_graphs(graphs, draw, n, m);
  solve(graphs, draw, n, m);
  return 0;
}
