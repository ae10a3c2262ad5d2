// Searching many left nodes at once.

#include "core/scored.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

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
    : original_(terms), kernels_(kernels_of(isa)), tree_(terms, ban_offset, ban_item), ban_offset_(ban_offset),
      ban_item_(ban_item) {}

void ScoredGraph::set_bonus(Bonus bonus, std::int32_t most) {
  bonus_ = std::move(bonus), most_bonus_ = most;
  if (bonus_.offset.empty()) return tree_.set_bans(ban_offset_, ban_item_);
  apart_offset_.assign(1, 0), apart_item_.clear();
  for (std::size_t i = 0; i < std::size_t(num_left()); ++i) {
    if (ban_offset_ != nullptr) apart_item_.insert(apart_item_.end(), ban_item_ + ban_offset_[i], ban_item_ + ban_offset_[i + 1]);
    apart_item_.insert(apart_item_.end(), bonus_.item.begin() + bonus_.offset[i], bonus_.item.begin() + bonus_.offset[i + 1]);
    apart_offset_.push_back(std::int64_t(apart_item_.size()));
  }
  tree_.set_bans(apart_offset_.data(), apart_item_.data());
}

std::int32_t ScoredGraph::finest() const {
  // Points, prices and what they leave stay below PRICE_CAP with a bonus too.
  const std::int64_t largest = std::int64_t{4} * most_bonus_;
  return largest == 0 ? tree_.finest() : std::int32_t(std::clamp<std::int64_t>(PRICE_CAP / largest, 1, tree_.finest()));
}

// What a pair with a bonus is worth; FORBIDDEN where its classes are not admissible.
std::int64_t ScoredGraph::with_bonus(std::int64_t i, std::int64_t j, std::int32_t bonus) const {
  Terms straight = original_;
  straight.curve = nullptr;
  const std::int32_t points = kernels_.points(straight, i, j);
  if (points == FORBIDDEN) return NO_VALUE;
  const std::int64_t sum = std::int64_t{points} + bonus;
  if (original_.curve == nullptr) return sum * tree_.view().parts;
  return std::int64_t{original_.curve[std::clamp<std::int64_t>(sum, 0, original_.curve_last)]} * tree_.view().parts;
}

template <class Use>
void ScoredGraph::each_bonus(std::int64_t i, Use use) const {
  if (bonus_.offset.empty()) return;
  for (std::int64_t n = bonus_.offset[std::size_t(i)]; n < bonus_.offset[std::size_t(i) + 1]; ++n) {
    const std::int32_t j = bonus_.item[std::size_t(n)];
    if (const std::int64_t points = with_bonus(i, j, bonus_.points[std::size_t(n)]); points != NO_VALUE) use(j, points);
  }
}

// Puts the pairs with a bonus among the k best that a search has found without them.
void ScoredGraph::add_bonus(std::int64_t i, int k, std::int64_t floor, std::int64_t to, Lists lists) const {
  each_bonus(i, [&](std::int32_t item, std::int64_t points) {
    const std::int64_t net = points - tree_.price(item);
    std::int32_t &number = lists.number[to];
    if (net <= floor) return void(lists.bound[to] = std::max(lists.bound[to], net));
    std::int64_t at = to * k + number;
    if (number < k) {
      ++number;
    } else {
      const auto worth = [&](std::int64_t c) { return lists.points[c] - tree_.price(lists.item[c]); };
      at = to * k;
      for (std::int64_t c = at + 1; c < to * k + k; ++c)
        if (worth(c) < worth(at) || (worth(c) == worth(at) && lists.item[c] > lists.item[at])) at = c;
      if (worth(at) > net || (worth(at) == net && lists.item[at] < item))
        return void(lists.bound[to] = std::max(lists.bound[to], net));
      lists.bound[to] = std::max(lists.bound[to], worth(at));
    }
    lists.item[at] = item, lists.points[at] = points;
  });
}

namespace {
// Spreads the ten bits of a number, with room for two others between each two.
std::uint64_t spread_bits(std::uint64_t bits) {
  bits = (bits | bits << 16) & 0x30000ff;
  bits = (bits | bits << 8) & 0x300f00f;
  bits = (bits | bits << 4) & 0x30c30c3;
  return (bits | bits << 2) & 0x9249249;
}

// Class, then place along a Morton curve through the cube that holds all places.
std::vector<std::int32_t> near_ranks(const Terms &terms) {
  const auto n = static_cast<std::size_t>(terms.num_left);
  std::vector<std::pair<std::uint64_t, std::int32_t>> key(n);
  for (std::size_t i = 0; i < n; ++i) key[i] = {std::uint64_t(std::uint32_t(terms.left_class[i])) << 32, std::int32_t(i)};
  for (int axis = 0; terms.has_distance && axis < 3; ++axis) {
    const float *at = terms.distance.left[axis];
    const auto [low, high] = std::minmax_element(at, at + n);
    const float scale = *high > *low ? 1023.0f / (*high - *low) : 0.0f;
    for (std::size_t i = 0; i < n; ++i) key[i].first |= spread_bits(std::uint64_t((at[i] - *low) * scale)) << axis;
  }
  std::sort(key.begin(), key.end());
  std::vector<std::int32_t> rank(n);
  for (std::size_t r = 0; r < n; ++r) rank[std::size_t(key[r].second)] = std::int32_t(r);
  return rank;
}
}  // namespace

void ScoredGraph::put_near_together(const std::int32_t *rows, std::int64_t count) {
  visit_.clear();
  if (count < MANY_ROWS) return;
  if (near_.empty()) near_ = near_ranks(original_);
  visit_.resize(std::size_t(count));
  std::iota(visit_.begin(), visit_.end(), 0);
  std::sort(visit_.begin(), visit_.end(), [&](std::int32_t a, std::int32_t b) {
    return near_[std::size_t(rows[a])] < near_[std::size_t(rows[b])];
  });
}

Pool ScoredGraph::recall(const Remembered &kept) const {
  Pool pool;
  if (kept == nullptr || static_cast<std::uint32_t>(kept[EPOCH]) != tree_.epoch()) return pool;
  pool.edge = kept[EDGE], pool.top = kept[TOP], pool.width = kept[WIDTH], pool.leaf = kept.get() + LEAVES;
  std::copy_n(kept.get() + ENDS, BANDS, pool.end);
  return pool;
}

void ScoredGraph::remember(const Pool &pool, Remembered &kept) const {
  const auto leaves = static_cast<std::size_t>(pool.end[BANDS - 1]);
  kept.reset();  // first, so that the new one may be given the same memory
  kept.reset(new std::int32_t[LEAVES + leaves]);
  kept[EPOCH] = static_cast<std::int32_t>(tree_.epoch());
  kept[EDGE] = pool.edge, kept[TOP] = pool.top, kept[WIDTH] = pool.width;
  std::copy_n(pool.end, BANDS, kept.get() + ENDS);
  std::copy_n(pool.leaf, leaves, kept.get() + LEAVES);
}

void ScoredGraph::search(const std::int32_t *rows, std::int64_t count, int k, const std::int64_t *floor,
                         std::int64_t margin, Lists lists, Crew &crew, Flag flag) {
  const std::int64_t capacity = 3 * k + 4 * LEAF;
  std::atomic<std::int64_t> visited{0};
  if (margin >= 0) remembered_.resize(static_cast<std::size_t>(num_left()));
  else std::vector<Remembered>().swap(remembered_);
  put_near_together(rows, count);
  crew.run(count, 4, [&](int, std::int64_t first, std::int64_t last) {
    thread_local std::vector<std::int64_t> found, heap, leaf(4 * POOL);
    thread_local std::vector<std::int32_t> bounds, pool_leaf(POOL);
    found.resize(std::max(found.size(), static_cast<std::size_t>(capacity)));
    bounds.resize(std::max(bounds.size(), static_cast<std::size_t>(tree_.view().padded_blocks)));
    heap.resize(std::max(heap.size(), static_cast<std::size_t>(tree_.view().padded_blocks)));
    Scratch scratch{bounds.data(), heap.data(), found.data(), capacity, leaf.data(), pool_leaf.data(), 0};
    for (std::int64_t v = first; v < last; ++v) {
      if ((v & 63) == 0) flag.check();
      const std::int64_t r = visit_.empty() ? v : visit_[std::size_t(v)];
      const std::int64_t least = std::clamp<std::int64_t>(floor[r], NO_NET, INT32_MAX);  // no net value is beyond either
      std::int32_t bound = 0;
      Pool pool;
      Remembered *mine = margin >= 0 ? &remembered_[static_cast<std::size_t>(rows[r])] : nullptr;
      if (mine != nullptr) {
        pool = recall(*mine);
        pool.margin = static_cast<std::int32_t>(std::min<std::int64_t>(margin, 1 << 28));
      }
      const int number = kernels_.search(tree_.view(), rows[r], k, static_cast<std::int32_t>(least), pool, scratch, bound);
      if (pool.is_new) remember(pool, *mine);
      const std::int64_t to = lists.at(rows, r);
      lists.number[to] = number;
      lists.bound[to] = bound == NO_NET ? NO_VALUE : bound;
      for (int n = 0; n < number; ++n) {
        const std::int32_t item = item_of(found[static_cast<std::size_t>(n)]);
        lists.item[to * k + n] = item;
        lists.points[to * k + n] =
            std::int64_t{net_of(found[static_cast<std::size_t>(n)])} + tree_.price(item);
      }
      add_bonus(rows[r], k, floor[r], to, lists);
    }
    visited += scratch.visited;
  });
  visited_ += visited;
}

std::int64_t ScoredGraph::points(std::int64_t i, std::int64_t j) const {
  if (ban_offset_ != nullptr)
    for (std::int64_t n = ban_offset_[i]; n < ban_offset_[i + 1]; ++n)
      if (ban_item_[n] == j) return NO_VALUE;
  std::int64_t more = NO_VALUE;
  each_bonus(i, [&](std::int32_t item, std::int64_t points) { more = item == j ? points : more; });
  if (more != NO_VALUE) return more;
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
  each_bonus(i, [&](std::int32_t item, std::int64_t more) { points[item] = more; });
  if (ban_offset_ != nullptr)
    for (std::int64_t n = ban_offset_[i]; n < ban_offset_[i + 1]; ++n) points[ban_item_[n]] = NO_VALUE;
}

void ScoredGraph::scan(std::int64_t *net, Crew &crew, Flag flag) const {
  crew.run(num_left(), 16, [&](int, std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      flag.check();
      const std::int32_t best = kernels_.scan(tree_.view(), i);
      net[i] = best == NO_NET ? NO_VALUE : best;
      each_bonus(i, [&](std::int32_t item, std::int64_t points) { net[i] = std::max(net[i], points - tree_.price(item)); });
    }
  });
}

}  // namespace twin
