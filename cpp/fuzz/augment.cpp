// Every row of a matrix in a column of its own, and the largest matching of lists, against the Hungarian method.

#include "core/augment.hpp"
#include "core/largest.hpp"
#include "core/scored.hpp"
#include "draw.hpp"
#include "optimum.hpp"

namespace twin::fuzz {
namespace {

template <class T>
void augment(Draw &draw, std::int64_t n, std::int64_t m) {
  const std::int64_t most = sizeof(T) == 4 ? std::int64_t{1} << 30 : std::int64_t{1} << 48;
  const std::int64_t low = -draw.scale(most), high = draw.scale(most), kind = draw.number(0, 3);
  std::vector<T> points;
  const std::int64_t a = draw.number(1, 1000), b = draw.number(1, 1000);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < m; ++j) {
      std::int64_t value = draw.number(low, high);
      if (kind == 1) value = (i + a) * (j + b) % (high + 1);  // everybody ranks alike
      if (kind == 2) value = value < 0 ? low : high;          // ties
      if (kind == 3) value = -std::abs((i * a - j * b) % (1 - low));
      points.push_back(T(value));
    }
  const auto [least, greatest] = std::minmax_element(points.begin(), points.end());
  const std::int64_t pick = draw.number(0, 2);
  Augment<T> solver(points.data(), n, m, *least, *greatest,
                    pick == 0 || best_isa() == "portable" ? "portable" : pick == 1 ? "avx2" : best_isa());
  Crew crew(draw.flip(8) ? 2 : 1);
  std::int64_t matched = 0;
  solver.run(crew, {}, &matched);
  MUST_HOLD(matched == n);
  std::vector<std::vector<std::int64_t>> cost(static_cast<std::size_t>(n));
  std::vector<bool> taken(static_cast<std::size_t>(m), false);
  std::int64_t objective = 0, bound = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t mate = solver.mate[std::size_t(i)];
    MUST_HOLD(mate >= 0 && mate < m && !taken[std::size_t(mate)]);
    taken[std::size_t(mate)] = true;
    objective += points[std::size_t(i * m + mate)], bound += solver.left_price[std::size_t(i)];
    for (std::int64_t j = 0; j < m; ++j) {
      const std::int64_t worth = points[std::size_t(i * m + j)];
      MUST_HOLD(solver.left_price[std::size_t(i)] + solver.right_price[std::size_t(j)] >= worth);
      cost[std::size_t(i)].push_back(-worth);
    }
  }
  for (const std::int64_t price : solver.right_price) {
    MUST_HOLD(price >= 0);
    bound += price;
  }
  MUST_HOLD(objective == bound && objective == -cheapest(cost));
}

void largest(Draw &draw, std::int64_t n, std::int64_t m) {
  std::vector<std::int64_t> offset{0}, capacity, mate;
  std::vector<std::int32_t> item;
  std::vector<std::uint8_t> wanted;
  for (std::int64_t j = 0; j < m; ++j) capacity.push_back(draw.size(0, 1, 4));
  std::vector<std::int64_t> room = capacity;
  std::vector<std::vector<std::int64_t>> cost;
  std::int64_t held = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    wanted.push_back(!draw.flip(4)), mate.push_back(-1), cost.emplace_back();
    for (std::int64_t j = 0; j < m; ++j) {
      const bool is_pair = draw.flip(3);
      if (is_pair) item.push_back(std::int32_t(j));
      if (is_pair && mate.back() < 0 && room[std::size_t(j)] > 0 && draw.flip()) --room[std::size_t(j)], mate.back() = j;
      // Who is not wanted keeps what it has, or its place, whoever takes that in the end.
      cost.back().insert(cost.back().end(), std::size_t(capacity[std::size_t(j)]), is_pair ? 0 : 1);
    }
    cost.back().insert(cost.back().end(), std::size_t(n), 1);
    if (!wanted.back() && mate.back() < 0) cost.back().assign(cost.back().size(), 1);
    held += mate.back() >= 0;
    offset.push_back(std::int64_t(item.size()));
  }
  const Largest found = largest_matching(offset.data(), item.data(), n, m, capacity.data(), wanted.data(), mate.data(), {});
  room = capacity;
  std::int64_t size = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t j = found.mate[std::size_t(i)];
    MUST_HOLD(mate[std::size_t(i)] < 0 || j >= 0);  // nobody loses a place for good
    MUST_HOLD(j < 0 || wanted[std::size_t(i)] || mate[std::size_t(i)] >= 0);
    size += j >= 0;
    if (j >= 0) {
      const auto at = [&](std::int64_t row) { return item.begin() + offset[std::size_t(row)]; };
      MUST_HOLD(--room[std::size_t(j)] >= 0 && std::find(at(i), at(i + 1), j) != at(i + 1));
    } else if (wanted[std::size_t(i)]) {
      MUST_HOLD(found.left[std::size_t(i)]);
    }
    if (found.left[std::size_t(i)])
      for (std::int64_t c = offset[std::size_t(i)]; c < offset[std::size_t(i) + 1]; ++c)
        MUST_HOLD(found.right[std::size_t(item[std::size_t(c)])]);
  }
  for (std::int64_t j = 0; j < m; ++j) MUST_HOLD(!found.right[std::size_t(j)] || room[std::size_t(j)] == 0);
  MUST_HOLD(size >= held && size == n - cheapest(cost));
}

}  // namespace
}  // namespace twin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  using namespace twin::fuzz;
  Draw draw(data, size);
  const std::int64_t kind = draw.number(0, 2), n = draw.size(1, 8, 70), m = n + (draw.flip() ? 0 : draw.size(0, 4, 60));
  if (kind == 0) augment<std::int32_t>(draw, n, m);
  if (kind == 1) augment<std::int64_t>(draw, n, m);
  if (kind == 2) largest(draw, n, draw.size(1, 8, 50));
  return 0;
}
