// How the pass of blocking.hpp goes over num_left x num_right pairs.

#include "blocking.hpp"

#include <algorithm>
#include <numeric>
#include <new>
#include <system_error>
#include <thread>

namespace twin {
namespace {

constexpr std::int64_t CHUNK = 256, BLOCK = 1024;

class Count {
 public:
  Count(const Contest &contest, const Kernels &kernels)
      : contest_(contest), terms_(contest.terms), kernels_(kernels), order_(static_cast<std::size_t>(terms_.num_left)) {
    std::iota(order_.begin(), order_.end(), std::int64_t{0});
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::int64_t a, std::int64_t b) { return terms_.left_class[a] < terms_.left_class[b]; });
  }

  bool run(int threads) {
    threads = static_cast<int>(std::clamp<std::int64_t>(threads, 1, std::max<std::int64_t>(1, terms_.num_left)));
    chunk_ = std::clamp<std::int64_t>(terms_.num_left / (8 * threads), 1, CHUNK);
    std::fill_n(contest_.count, terms_.num_left, std::int64_t{0});
    std::vector<Scratch> scratch(static_cast<std::size_t>(threads));
    for (Scratch &one : scratch)
      if (contest_.nearest) one.nearest.assign(static_cast<std::size_t>(terms_.num_right), INT64_MIN);
    std::vector<std::thread> others;
    others.reserve(static_cast<std::size_t>(threads));
    try {
      for (int t = 1; t < threads; ++t) others.emplace_back([&, t] { work(scratch[static_cast<std::size_t>(t)]); });
    } catch (const std::system_error &) {  // no more threads to be had: those there are do it all
    } catch (const std::bad_alloc &) {     // and no memory for one more: the same
    }
    work(scratch[0]);
    for (std::thread &other : others) other.join();
    if (contest_.nearest)
      for (std::int64_t j = 0; j < terms_.num_right; ++j) {
        contest_.nearest[j] = INT64_MIN;
        for (const Scratch &one : scratch)
          contest_.nearest[j] = std::max(contest_.nearest[j], one.nearest[static_cast<std::size_t>(j)]);
      }
    return !cancelled();
  }

 private:
  struct Scratch {
    std::vector<std::int32_t> entry = std::vector<std::int32_t>(BLOCK), own = entry, key = entry, points = entry;
    std::vector<std::int64_t> nearest;
  };

  bool cancelled() const {
    return contest_.cancel && std::atomic_ref<std::uint8_t>(*contest_.cancel).load(std::memory_order_relaxed);
  }

  void work(Scratch &scratch) {
    for (;;) {
      const std::int64_t from = next_.fetch_add(chunk_, std::memory_order_relaxed);
      if (from >= terms_.num_left) return;
      const std::int64_t to = std::min(from + chunk_, terms_.num_left);
      for (std::int64_t first = 0; first < terms_.num_right; first += BLOCK) {
        const std::int64_t count = std::min(BLOCK, terms_.num_right - first);
        std::int32_t known = -1;
        for (std::int64_t row = from; row < to; ++row) {
          if (cancelled()) return;
          const std::int64_t i = order_[static_cast<std::size_t>(row)];
          if (terms_.left_class[i] != known) {
            known = terms_.left_class[i];
            kernels_.entries(terms_.table + known * terms_.num_right_classes, terms_.right_class + first, count,
                             scratch.entry.data());
          }
          one(i, first, count, scratch);
        }
        if (contest_.progress)
          std::atomic_ref<std::int64_t>(*contest_.progress).fetch_add((to - from) * count, std::memory_order_relaxed);
      }
    }
  }

  // Holds a left school against a block.
  void one(std::int64_t i, std::int64_t first, std::int64_t count, Scratch &scratch) {
    const std::int32_t *entry = scratch.entry.data();
    if (struck(contest_.banned, i, first, count)) {
      std::copy_n(entry, count, scratch.own.data());
      strike(contest_.banned, i, first, count, scratch.own.data());
      entry = scratch.own.data();
    }
    Rivals rivals{Rivals::POINTS, 0, nullptr, nullptr, nullptr};
    if (contest_.own) rivals.by = Rivals::OWN, rivals.own = contest_.own[i];
    if (const Terms *other = contest_.key_terms) {
      rivals.by = Rivals::KEY;
      kernels_.entries(other->table + other->left_class[i] * other->num_right_classes, other->right_class + first, count,
                       scratch.key.data());
      kernels_.add_points(*other, i, first, count, scratch.key.data(), scratch.points.data());
      strike(*contest_.key_banned, i, first, count, scratch.key.data());
    }
    // Of equal points, partners before the mate are better.
    const std::int64_t before = std::clamp<std::int64_t>(contest_.mate[i] - first, 0, count);
    if (before > 0) part(i, first, 0, before, entry, contest_.limit[i] - 1, rivals, scratch);
    part(i, first, before, count, entry, contest_.limit[i], rivals, scratch);
  }

  void part(std::int64_t i, std::int64_t first, std::int64_t from, std::int64_t to, const std::int32_t *entry,
            std::int32_t limit, Rivals rivals, Scratch &scratch) {
    if (from == to) return;
    const std::int64_t at = first + from, row = contest_.kind[i] * terms_.num_right + at;
    rivals.worst = contest_.worst + row, rivals.holder = contest_.holder + row;
    if (rivals.by == Rivals::KEY) rivals.key = scratch.key.data() + from;
    contest_.count[i] += kernels_.blocking(terms_, i, at, to - from, entry + from, limit, rivals, scratch.points.data());
    if (contest_.nearest)
      kernels_.nearest(terms_, i, at, to - from, entry + from, limit, rivals, scratch.points.data(),
                       scratch.nearest.data() + at);
  }

  static bool struck(const std::vector<Banned> &banned, std::int64_t i, std::int64_t first, std::int64_t count) {
    const auto ban = std::lower_bound(banned.begin(), banned.end(), Banned{i, first});
    return ban != banned.end() && *ban < Banned{i, first + count};
  }
  static void strike(const std::vector<Banned> &banned, std::int64_t i, std::int64_t first, std::int64_t count,
                     std::int32_t *entry) {
    auto ban = std::lower_bound(banned.begin(), banned.end(), Banned{i, first});
    for (; ban != banned.end() && *ban < Banned{i, first + count}; ++ban) entry[ban->right - first] = FORBIDDEN;
  }

  const Contest &contest_;
  const Terms &terms_;
  const Kernels &kernels_;
  std::vector<std::int64_t> order_;
  std::int64_t chunk_ = CHUNK;
  std::atomic<std::int64_t> next_{0};
};

}  // namespace

bool run(const Contest &contest, const Kernels &kernels, int threads) { return Count(contest, kernels).run(threads); }

}  // namespace twin
