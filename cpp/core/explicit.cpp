// Searching the graphs of explicit.hpp.

#include "core/explicit.hpp"

#include <algorithm>

#include "core/scored.hpp"

namespace twin {

namespace portable { extern const DenseKernels dense_kernels; }
#ifdef TM_X86
namespace avx2 { extern const DenseKernels dense_kernels; }
namespace avx512 { extern const DenseKernels dense_kernels; }
#endif

const DenseKernels &dense_kernels_of(const std::string &isa) {
  const std::string name = isa == "auto" ? best_isa() : isa;
#ifdef TM_X86
  if (name == "avx512" && best_isa() == "avx512") return avx512::dense_kernels;
  if (name == "avx2" && best_isa() != "portable") return avx2::dense_kernels;
#endif
  if (name == "portable") return portable::dense_kernels;
  throw std::invalid_argument("instruction set '" + isa + "' is not one that this processor has");
}

namespace {

// `rank` orders ties: the nodes from turn_of(row) on, round and round. Every row starts elsewhere, so that lists cut off
// in the middle of a tie do not all end with the same few nodes; and no order has ties, so that every instruction set
// keeps the same k.
struct Found {
  std::int64_t net;
  std::int32_t item, rank;
};
bool better(const Found &a, const Found &b) { return a.net != b.net ? a.net > b.net : a.rank < b.rank; }

std::int32_t turn_of(std::int64_t row, std::int64_t num_left, std::int64_t num_right) {
  return static_cast<std::int32_t>(row * num_right / num_left);
}
Found found_at(std::int64_t net, std::int64_t item, std::int32_t turn, std::int64_t num_right) {
  const std::int64_t rank = item - turn;
  return {net, static_cast<std::int32_t>(item), static_cast<std::int32_t>(rank < 0 ? rank + num_right : rank)};
}

// Leaves the k best in front, and returns what the others do not exceed (at least `hidden`, for those never found).
std::int64_t keep_best(std::vector<Found> &found, int k, std::int64_t hidden) {
  if (found.size() <= std::size_t(k)) return hidden;
  std::nth_element(found.begin(), found.begin() + k, found.end(), better);
  const std::int64_t bound = found[std::size_t(k)].net;
  found.resize(std::size_t(k));
  return std::max(bound, hidden);
}

void change(std::vector<std::int64_t> &mine, const std::int64_t *price, const std::int32_t *changed, std::int64_t count) {
  for (std::int64_t c = 0; c < count; ++c) mine[std::size_t(changed[c])] = price[changed[c]];
}

}  // namespace

template <class T>
DenseGraph<T>::DenseGraph(const T *points, std::int64_t num_left, std::int64_t num_right, std::int64_t base,
                          const std::string &isa)
    : points_(points), num_left_(num_left), num_right_(num_right), base_(base), price_(std::size_t(num_right), 0) {
  if constexpr (sizeof(T) == 4) loops_ = dense_kernels_of(isa).narrow;
  else loops_ = dense_kernels_of(isa).wide;
}

template <class T>
void DenseGraph<T>::change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count) {
  change(price_, price, changed, count);
}

// The maxima of the groups come first. At least k partners reach the k-th largest of them, so only groups that reach it
// too (and the floor) are looked into. About eight groups a partner make that few.
template <class T>
void DenseGraph<T>::search(const std::int32_t *rows, std::int64_t count, int k, const std::int64_t *floor, std::int64_t,
                           Lists lists, Crew &crew, Flag flag) {
  const std::int64_t segment = std::clamp<std::int64_t>(num_right_ / (8 * k) * LANES, 4 * LANES, 32 * LANES);
  const std::int64_t groups = (num_right_ + segment - 1) / segment * LANES;
  const std::int64_t chunk = std::max<std::int64_t>(1, (std::int64_t{1} << 17) / std::max<std::int64_t>(1, num_right_));
  crew.run(count, chunk, [&](int, std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> maxima(static_cast<std::size_t>(groups)), order;
    std::vector<Found> found;
    for (std::int64_t r = first; r < last; ++r) {
      if ((r - first) * num_right_ % (std::int64_t{1} << 20) < num_right_) flag.check();
      const T *row = points_ + std::int64_t{rows[r]} * num_right_;
      loops_.maxima(row, price_.data(), num_right_, segment, maxima.data());
      std::int64_t least = floor[r] == NO_VALUE ? INT64_MIN : floor[r] + base_;  // the row's own points carry the base
      const auto above = std::count_if(maxima.begin(), maxima.end(), [&](std::int64_t net) { return net > least; });
      if (above > 2 * k) {  // a floor near enough saves the sorting
        order = maxima;
        std::nth_element(order.begin(), order.begin() + (k - 1), order.end(), std::greater<>());
        if (order[std::size_t(k - 1)] != INT64_MIN) least = std::max(least, order[std::size_t(k - 1)] - 1);
      }
      found.clear();
      for (std::int64_t g = 0; g < groups; ++g) {
        if (maxima[std::size_t(g)] <= least) continue;
        const std::int64_t start = g / LANES * segment, end = std::min(start + segment, num_right_);
        for (std::int64_t j = start + g % LANES; j < end; j += LANES) {
          const std::int64_t net = row[j] - price_[std::size_t(j)];
          if (net > least) found.push_back(found_at(net, j, turn_of(rows[r], num_left_, num_right_), num_right_));
        }
      }
      const bool all = std::int64_t(found.size()) == num_right_;
      const std::int64_t bound = keep_best(found, k, all ? INT64_MIN : least);
      const std::int64_t to = lists.at(rows, r);
      for (std::size_t c = 0; c < found.size(); ++c) {
        lists.item[to * k + std::int64_t(c)] = found[c].item;
        lists.points[to * k + std::int64_t(c)] = row[found[c].item] - base_;
      }
      lists.number[to] = static_cast<std::int32_t>(found.size());
      lists.bound[to] = bound == INT64_MIN ? NO_VALUE : bound - base_;
    }
  });
}

template class DenseGraph<std::int32_t>;
template class DenseGraph<std::int64_t>;

// Square tiles, so that a cache line that is read is used whole.
template <class T>
void Columns<T>::set_prices(const std::int64_t *price) {
  if (!graph_) {
    constexpr std::int64_t TILE = 64;
    const std::int64_t n = num_right_, m = num_left_;
    transposed_.reset(new T[std::size_t(n * m)]);
    for (std::int64_t i = 0; i < n; i += TILE)
      for (std::int64_t j = 0; j < m; j += TILE)
        for (std::int64_t c = j; c < std::min(j + TILE, m); ++c)
          for (std::int64_t r = i; r < std::min(i + TILE, n); ++r) transposed_[std::size_t(c * n + r)] = points_[r * m + c];
    graph_ = std::make_unique<DenseGraph<T>>(transposed_.get(), m, n, base_, isa_);
  }
  graph_->set_prices(price);
}

template class Columns<std::int32_t>;
template class Columns<std::int64_t>;

void SparseGraph::change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count) {
  change(price_, price, changed, count);
}

// A list that fits is handed over whole, floor or not: then nothing is hidden and it never has to be drawn again.
void SparseGraph::search(const std::int32_t *rows, std::int64_t count, int k, const std::int64_t *floor, std::int64_t,
                         Lists lists, Crew &crew, Flag flag) {
  crew.run(count, 1024, [&](int, std::int64_t first, std::int64_t last) {
    std::vector<Found> found;
    for (std::int64_t r = first; r < last; ++r) {
      if ((r - first) % 256 == 0) flag.check();
      const std::int64_t start = offset_[rows[r]], end = offset_[rows[r] + 1];
      const std::int64_t to = lists.at(rows, r);
      std::int32_t *item = lists.item + to * k;
      std::int64_t *points = lists.points + to * k;
      if (end - start <= k) {
        for (std::int64_t c = start; c < end; ++c) item[c - start] = item_[c], points[c - start] = points_[c] - base_;
        lists.number[to] = static_cast<std::int32_t>(end - start), lists.bound[to] = NO_VALUE;
        continue;
      }
      found.clear();
      for (std::int64_t c = start; c < end; ++c) {
        const std::int64_t net = points_[c] - base_ - price_[std::size_t(item_[c])];
        if (net > floor[r]) found.push_back(found_at(net, item_[c], turn_of(rows[r], num_left_, num_right_), num_right_));
      }
      const bool all = std::int64_t(found.size()) == end - start;
      lists.bound[to] = keep_best(found, k, all ? NO_VALUE : floor[r]);
      for (std::size_t c = 0; c < found.size(); ++c)
        item[c] = found[c].item, points[c] = found[c].net + price_[std::size_t(found[c].item)];
      lists.number[to] = static_cast<std::int32_t>(found.size());
    }
  });
}

std::int64_t SparseGraph::points(std::int64_t i, std::int64_t j) const {
  const std::int32_t *first = item_ + offset_[i], *last = item_ + offset_[i + 1];
  const std::int32_t *at = std::lower_bound(first, last, static_cast<std::int32_t>(j));
  return at != last && *at == j ? points_[at - item_] - base_ : NO_VALUE;
}

namespace {

struct Kept {
  std::vector<std::int64_t> offset, points;
  std::vector<std::int32_t> item;
};

struct KeptGraph final : private Kept, public SparseGraph {
  KeptGraph(Kept kept, std::int64_t num_left, std::int64_t num_right, std::int64_t base)
      : Kept(std::move(kept)),
        SparseGraph(Kept::offset.data(), Kept::item.data(), Kept::points.data(), num_left, num_right, base) {}
};

}  // namespace

std::unique_ptr<Oracle> SparseGraph::exchanged(const std::int64_t *offset, const std::int32_t *item,
                                               const std::int64_t *points, std::int64_t num_left, std::int64_t num_right,
                                               std::int64_t base) {
  Kept kept;
  kept.offset.assign(std::size_t(num_right) + 1, 0);
  const std::int64_t pairs = offset[num_left];
  for (std::int64_t c = 0; c < pairs; ++c) ++kept.offset[std::size_t(item[c]) + 1];
  for (std::size_t j = 0; j < std::size_t(num_right); ++j) kept.offset[j + 1] += kept.offset[j];
  kept.item.resize(std::size_t(pairs)), kept.points.resize(std::size_t(pairs));
  std::vector<std::int64_t> next(kept.offset.begin(), kept.offset.end() - 1);
  for (std::int64_t i = 0; i < num_left; ++i)
    for (std::int64_t c = offset[i]; c < offset[i + 1]; ++c) {
      const auto at = std::size_t(next[std::size_t(item[c])]++);
      kept.item[at] = static_cast<std::int32_t>(i), kept.points[at] = points[c];
    }
  return std::make_unique<KeptGraph>(std::move(kept), num_right, num_left, base);
}

}  // namespace twin
