// How the plain pass goes over num_left x num_right pairs.
//
// Left schools are ordered by class and dealt out in chunks of at most CHUNK, a thread taking the next one when it is
// free. For each BLOCK of right schools (small enough for the first-level cache) and each class in the chunk, the
// offers of the block are worked out once; then each left school of the class is held against the whole block. Pairs
// that a rule forbids are evaluated like the others, and masked by their offer. Banned pairs are masked in the same
// way, one left school at a time. What a left school ends with is the maximum of the same integers in any order, so the
// output does not depend on the number of threads, the blocks or the instruction set.

#include "pass.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <new>
#include <system_error>
#include <thread>

namespace twin {
namespace {

constexpr std::int64_t CHUNK = 256, BLOCK = 1024;

// The left schools in order of class.
std::vector<std::int64_t> by_class(const Terms &terms) {
  std::vector<std::int64_t> order(terms.num_left);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return terms.left_class[a] < terms.left_class[b]; });
  return order;
}

template <class Offer>
class Sweep {
 public:
  Sweep(const Pass &pass, const Loops<Offer> &loops)
      : pass_(pass), terms_(pass.terms), loops_(loops), order_(by_class(pass.terms)),
        price_(pass.right_price, pass.right_price + pass.terms.num_right),
        nothing_(pass.terms.curve ? pass.terms.num_right : 0), best_(pass.terms.num_left, NONE) {}

  bool run(int threads) {
    threads = static_cast<int>(std::clamp<std::int64_t>(threads, 1, std::max<std::int64_t>(1, terms_.num_left)));
    chunk_ = std::clamp<std::int64_t>(terms_.num_left / (8 * threads), 1, CHUNK);
    std::vector<std::vector<std::uint8_t>> reached(threads, std::vector<std::uint8_t>(terms_.num_right));
    std::vector<Scratch> scratch(threads);
    std::vector<std::thread> others;
    others.reserve(threads);
    try {
      for (int t = 1; t < threads; ++t) others.emplace_back([&, t] { work(reached[t].data(), scratch[t]); });
    } catch (const std::system_error &) {  // no more threads to be had: those there are do it all
    } catch (const std::bad_alloc &) {     // and no memory for one more: the same
    }
    work(reached[0].data(), scratch[0]);
    for (std::thread &other : others) other.join();

    for (std::int64_t i = 0; i < terms_.num_left; ++i)
      pass_.best_net[i] = best_[i] < Limits<Offer>::least ? std::numeric_limits<std::int64_t>::min() : best_[i];
    std::fill_n(pass_.reached, terms_.num_right, std::uint8_t{0});
    for (const auto &part : reached)
      for (std::int64_t j = 0; j < terms_.num_right; ++j) pass_.reached[j] |= part[j];
    return !cancelled();
  }

 private:
  static constexpr Offer NONE = Limits<Offer>::none;

  struct Scratch {
    std::vector<Offer> offer = std::vector<Offer>(BLOCK), own = std::vector<Offer>(BLOCK);
    std::vector<std::int32_t> points = std::vector<std::int32_t>(BLOCK);
  };

  bool cancelled() const {
    return pass_.cancel && std::atomic_ref<std::uint8_t>(*pass_.cancel).load(std::memory_order_relaxed);
  }

  void work(std::uint8_t *reached, Scratch &scratch) {
    for (;;) {
      const std::int64_t from = next_.fetch_add(chunk_, std::memory_order_relaxed);
      if (from >= terms_.num_left) return;
      const std::int64_t to = std::min(from + chunk_, terms_.num_left);
      for (std::int64_t first = 0; first < terms_.num_right; first += BLOCK) {
        const std::int64_t count = std::min(BLOCK, terms_.num_right - first);
        for (std::int64_t row = from; row < to;) {
          row = one_class(row, to, first, count, reached, scratch);
          if (cancelled()) return;
        }
        if (pass_.progress)
          std::atomic_ref<std::int64_t>(*pass_.progress).fetch_add((to - from) * count, std::memory_order_relaxed);
      }
    }
  }

  // Holds the left schools of one class, from `row` on and before `to`, against a block. Returns the row after.
  std::int64_t one_class(std::int64_t row, std::int64_t to, std::int64_t first, std::int64_t count,
                         std::uint8_t *reached, Scratch &scratch) {
    const std::int32_t left_class = terms_.left_class[order_[row]];
    Offer *offer = scratch.offer.data();
    loops_.offers(terms_.table + left_class * terms_.num_right_classes, terms_.right_class + first,
                  (terms_.curve ? nothing_ : price_).data() + first, count, offer);
    bool marked = false;
    for (; row < to && terms_.left_class[order_[row]] == left_class && !cancelled(); ++row) {
      const std::int64_t i = order_[row];
      const auto bans = std::lower_bound(pass_.banned.begin(), pass_.banned.end(), Banned{i, first});
      const bool own = bans != pass_.banned.end() && *bans < Banned{i, first + count};
      const Offer *offered = own ? without(bans, i, first, count, scratch) : offer;
      best_[i] = std::max(best_[i], held(i, first, count, offered, scratch));
      if (pass_.witness[i] && (own || !marked)) {
        for (std::int64_t k = 0; k < count; ++k) reached[first + k] |= offered[k] != NONE;
        marked = marked || !own;
      }
    }
    return row;
  }

  Offer held(std::int64_t i, std::int64_t first, std::int64_t count, const Offer *offered, Scratch &scratch) const {
    if (!terms_.curve) return loops_.best(terms_, i, first, count, offered, scratch.points.data());
    return loops_.best_on_curve(terms_, i, first, count, offered, price_.data() + first, scratch.points.data());
  }

  // The offers of the block to left school i, its banned partners masked.
  const Offer *without(std::vector<Banned>::const_iterator bans, std::int64_t i, std::int64_t first,
                       std::int64_t count, Scratch &scratch) const {
    std::copy_n(scratch.offer.begin(), count, scratch.own.begin());
    for (; bans != pass_.banned.end() && *bans < Banned{i, first + count}; ++bans)
      scratch.own[bans->right - first] = NONE;
    return scratch.own.data();
  }

  const Pass &pass_;
  const Terms &terms_;
  const Loops<Offer> &loops_;
  std::vector<std::int64_t> order_;
  std::vector<Offer> price_, nothing_;  // prices; none of them, where a curve is between them and the table
  std::vector<Offer> best_;  // each entry is written by the thread that holds its chunk
  std::int64_t chunk_ = CHUNK;
  std::atomic<std::int64_t> next_{0};
};

const std::vector<const Kernels *> &available() {
  static const std::vector<const Kernels *> found = [] {
    std::vector<const Kernels *> list;
#ifdef TM_X86
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("popcnt"))
      list.push_back(&avx512::check_kernels);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt")) list.push_back(&avx2::check_kernels);
#endif
    list.push_back(&portable::check_kernels);
    return list;
  }();
  return found;
}

}  // namespace

const Kernels &kernels_for(const std::string &isa) {
  for (const Kernels *kernels : available())
    if (isa == "auto" || isa == kernels->name) return *kernels;
  throw std::invalid_argument("this machine has no instruction set '" + isa + "'; see instruction_sets()");
}

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  for (const Kernels *kernels : available()) names.emplace_back(kernels->name);
  return names;
}

std::int32_t points_with(const Terms &terms, const Kernels &kernels, const Bonus &pair) {
  const std::int32_t entry = terms.table[terms.left_class[pair.left] * terms.num_right_classes + terms.right_class[pair.right]];
  if (entry == FORBIDDEN) return FORBIDDEN;
  Terms straight = terms;
  straight.curve = nullptr;
  const std::int64_t sum = std::int64_t{kernels.points(straight, pair.left, pair.right, entry)} + pair.points;
  if (terms.curve != nullptr) return terms.curve[std::clamp<std::int64_t>(sum, 0, terms.curve_last)];
  return static_cast<std::int32_t>(sum);
}

std::int64_t num_left_classes(const Terms &terms) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < terms.num_left; ++i) count = std::max<std::int64_t>(count, terms.left_class[i] + 1);
  return count;
}

bool is_narrow(const Pass &pass) {
  const std::int64_t table_size = num_left_classes(pass.terms) * pass.terms.num_right_classes;
  std::int64_t entry = 0, price = 0, numeric = 0, curved = 0;
  for (std::int64_t k = 0; k < table_size; ++k)
    if (pass.terms.table[k] != FORBIDDEN) entry = std::max(entry, std::abs(std::int64_t{pass.terms.table[k]}));
  for (std::int64_t j = 0; j < pass.terms.num_right; ++j) price = std::max(price, pass.right_price[j]);
  for (int c = 0; c < pass.terms.num_linear; ++c) numeric += pass.terms.linear[c].cap;
  for (int c = 0; c < pass.terms.num_tags; ++c) numeric += pass.terms.tags[c].cap;
  if (pass.terms.has_distance) numeric += static_cast<std::int64_t>(pass.terms.distance.cap);
  if (pass.terms.has_dot) numeric += pass.terms.dot.cap;
  if (pass.terms.curve)
    for (std::int32_t k = 0; k <= pass.terms.curve_last; ++k)
      curved = std::max(curved, std::abs(std::int64_t{pass.terms.curve[k]}));
  return price <= NARROW && std::max(entry, curved) <= NARROW - price && numeric <= NARROW;
}

void add_bonus(const Pass &pass, const Kernels &kernels) {
  for (const Bonus &pair : pass.bonus) {
    const std::int32_t points = points_with(pass.terms, kernels, pair);
    if (points == FORBIDDEN) continue;
    std::int64_t &best = pass.best_net[pair.left];
    best = std::max(best, points - pass.right_price[pair.right]);
  }
}

bool run(const Pass &pass, const Kernels &kernels, int threads) {
  bool ended;
  if (is_narrow(pass))
    ended = Sweep<std::int32_t>(pass, kernels.narrow).run(threads);
  else
    ended = Sweep<std::int64_t>(pass, kernels.wide).run(threads);
  if (ended) add_bonus(pass, kernels);
  return ended;
}

}  // namespace twin
