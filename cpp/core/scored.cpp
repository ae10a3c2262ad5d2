// Searching many left nodes at once.

#include "core/scored.hpp"

#include <algorithm>

namespace twin {

namespace portable { extern const Kernels kernels; }
#ifdef TM_X86
namespace avx2 { extern const Kernels kernels; }
namespace avx512 { extern const Kernels kernels; }
#endif

std::string best_isa() {
#ifdef TM_X86
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return "avx512";
  if (__builtin_cpu_supports("avx2")) return "avx2";
#endif
  return "portable";
}

const Kernels &kernels_of(const std::string &isa) {
  const std::string name = isa == "auto" ? best_isa() : isa;
#ifdef TM_X86
  if (name == "avx512" && best_isa() == "avx512") return avx512::kernels;
  if (name == "avx2" && best_isa() != "portable") return avx2::kernels;
#endif
  if (name == "portable") return portable::kernels;
  throw std::invalid_argument("instruction set '" + isa + "' is not one that this processor has");
}

ScoredGraph::ScoredGraph(const Terms &terms, const std::int64_t *ban_offset, const std::int32_t *ban_item,
                         const std::string &isa)
    : original_(terms), kernels_(kernels_of(isa)), tree_(terms, ban_offset, ban_item) {}

void ScoredGraph::search(const std::int32_t *rows, std::int64_t count, int k, const std::int64_t *floor,
                         std::int64_t margin, Lists lists, Crew &crew, Flag flag) {
  const std::int64_t capacity = 3 * k + 4 * LEAF;
  std::atomic<std::int64_t> visited{0};
  if (margin >= 0) remembered_.resize(static_cast<std::size_t>(num_left()));
  else std::vector<Remembered>().swap(remembered_);
  crew.run(count, 4, [&](int, std::int64_t first, std::int64_t last) {
    thread_local std::vector<std::int64_t> found, heap, leaf(4 * POOL);
    thread_local std::vector<std::int32_t> bounds, pool_leaf(POOL);
    found.resize(std::max(found.size(), static_cast<std::size_t>(capacity)));
    bounds.resize(std::max(bounds.size(), static_cast<std::size_t>(tree_.view().padded_blocks)));
    heap.resize(std::max(heap.size(), static_cast<std::size_t>(tree_.view().padded_blocks)));
    Scratch scratch{bounds.data(), heap.data(), found.data(), capacity, leaf.data(), pool_leaf.data(), 0};
    for (std::int64_t r = first; r < last; ++r) {
      if ((r & 63) == 0) flag.check();
      const std::int64_t least = std::clamp<std::int64_t>(floor[r], NO_NET, INT32_MAX);  // no net value is beyond either
      std::int32_t bound = 0;
      Pool pool;
      Remembered *mine = margin >= 0 ? &remembered_[static_cast<std::size_t>(rows[r])] : nullptr;
      if (mine != nullptr) {
        if (mine->epoch == tree_.epoch()) pool = mine->pool, pool.leaf = mine->leaf.data();
        pool.margin = static_cast<std::int32_t>(std::min<std::int64_t>(margin, 1 << 28));
      }
      const int number = kernels_.search(tree_.view(), rows[r], k, static_cast<std::int32_t>(least), pool, scratch, bound);
      if (pool.is_new) {
        mine->leaf.assign(pool.leaf, pool.leaf + pool.end[BANDS - 1]);
        mine->epoch = tree_.epoch(), mine->pool = pool, mine->pool.is_new = false;
      }
      const std::int64_t to = lists.at(rows, r);
      lists.number[to] = number;
      lists.bound[to] = bound == NO_NET ? NO_VALUE : bound;
      for (int n = 0; n < number; ++n) {
        const std::int32_t item = item_of(found[static_cast<std::size_t>(n)]);
        lists.item[to * k + n] = item;
        lists.points[to * k + n] =
            std::int64_t{net_of(found[static_cast<std::size_t>(n)])} + tree_.price(item);
      }
    }
    visited += scratch.visited;
  });
  visited_ += visited;
}

std::int64_t ScoredGraph::points(std::int64_t i, std::int64_t j) const {
  if (tree_.view().ban_offset != nullptr)
    for (std::int64_t n = tree_.view().ban_offset[i]; n < tree_.view().ban_offset[i + 1]; ++n)
      if (tree_.view().ban_item[n] == j) return NO_VALUE;
  const std::int32_t points = kernels_.points(original_, i, j);
  return points == FORBIDDEN ? NO_VALUE : std::int64_t{points} * tree_.view().parts;
}

void ScoredGraph::row(std::int64_t i, std::int64_t *points) const {
  thread_local std::vector<std::int32_t> whole;
  whole.resize(static_cast<std::size_t>(num_right()));
  kernels_.row(original_, i, whole.data());
  const std::int64_t parts = tree_.view().parts, count = num_right();
  const std::int32_t *const from = whole.data();
  for (std::int64_t j = 0; j < count; ++j) points[j] = from[j] == FORBIDDEN ? NO_VALUE : from[j] * parts;
  if (tree_.view().ban_offset != nullptr)
    for (std::int64_t n = tree_.view().ban_offset[i]; n < tree_.view().ban_offset[i + 1]; ++n)
      points[tree_.view().ban_item[n]] = NO_VALUE;
}

void ScoredGraph::scan(std::int64_t *net, Crew &crew, Flag flag) const {
  crew.run(num_left(), 16, [&](int, std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      flag.check();
      const std::int32_t best = kernels_.scan(tree_.view(), i);
      net[i] = best == NO_NET ? NO_VALUE : best;
    }
  });
}

}  // namespace twin
