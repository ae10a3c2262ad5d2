// The most points of a matching, the slow way: the Hungarian method on a table with one column a place, and one more a left
// node where it may stay without.

#pragma once
#include <cstdint>
#include <vector>

namespace twin::fuzz {

constexpr std::int64_t NEVER = std::int64_t{1} << 50;  // what a pair that is not admissible costs

// The least sum of cost[i][j], every row in a column of its own; no more rows than columns.
inline std::int64_t cheapest(const std::vector<std::vector<std::int64_t>> &cost) {
  const std::size_t n = cost.size(), m = n == 0 ? 0 : cost[0].size();
  std::vector<std::int64_t> u(n + 1, 0), v(m + 1, 0);
  std::vector<std::size_t> row(m + 1, 0), way(m + 1, 0);
  for (std::size_t i = 1; i <= n; ++i) {
    row[0] = i;
    std::size_t j = 0;
    std::vector<std::int64_t> least(m + 1, INT64_MAX);
    std::vector<bool> used(m + 1, false);
    do {
      used[j] = true;
      std::int64_t delta = INT64_MAX;
      std::size_t next = 0;
      for (std::size_t k = 1; k <= m; ++k) {
        if (used[k]) continue;
        const std::int64_t reduced = cost[row[j] - 1][k - 1] - u[row[j]] - v[k];
        if (reduced < least[k]) least[k] = reduced, way[k] = j;
        if (least[k] < delta) delta = least[k], next = k;
      }
      for (std::size_t k = 0; k <= m; ++k) {
        if (used[k]) u[row[k]] += delta, v[k] -= delta;
        else if (least[k] != INT64_MAX) least[k] -= delta;
      }
      j = next;
    } while (row[j] != 0);
    for (; j != 0; j = way[j]) row[j] = row[way[j]];
  }
  std::int64_t sum = 0;
  for (std::size_t j = 1; j <= m; ++j)
    if (row[j] != 0) sum += cost[row[j] - 1][j - 1];
  return sum;
}

}  // namespace twin::fuzz
