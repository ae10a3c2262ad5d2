// How the pruned pass finds the best net values without evaluating every pair.
//
// Problem     The plain pass evaluates all pairs. Of a trillion that takes minutes, and nearly all of them are far from
//             worth it: of the partners of a left school, few come near the best.
// Idea        Each left school begins with a floor, as a rule what it gets from its partner. Right schools stand in small
//             blocks of alike ones (blocks.hpp). If what a block can promise at most is no more than the best so far, then
//             none of its pairs is evaluated; otherwise all of them are, by the loops of the plain pass. Blocks are looked
//             at in groups first.
// Exactness   Bounds are never below what is inside, to the last bit (bounds.hpp). So a pair that is not evaluated is not
//             above the best net value, and the result is the maximum of the floor and of all admissible pairs, whatever
//             the floors, the order, the blocks, the threads and the instruction set are. A floor that is too high hides
//             pairs below it and nothing else: it is part of the result.
// Witness     Who is admissible to the witness depends on classes and bans alone, and is counted from these.
// Bonus       Pairs with a bonus are worth more than their columns say; they come at the end, each by itself.

#include "pruned.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <new>
#include <system_error>
#include <thread>

#include "blocks.hpp"

namespace twin {
namespace {

constexpr std::int64_t CHUNK = 64, TOLD = std::int64_t{1} << 24;  // left schools at once; pairs until progress is told

// The bans, with right schools by their place in the order.
std::vector<Banned> placed(const std::vector<Banned> &banned, const std::vector<std::int64_t> &order) {
  if (banned.empty()) return {};
  std::vector<std::int64_t> place(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) place[order[k]] = static_cast<std::int64_t>(k);
  std::vector<Banned> result;
  result.reserve(banned.size());
  for (const Banned &pair : banned) result.push_back({pair.left, place[pair.right]});
  std::sort(result.begin(), result.end());
  return result;
}

template <class Offer>
class Hunt {
 public:
  Hunt(const Pruned &asked, const Loops<Offer> &loops, const Blocks &blocks, std::vector<std::int64_t> rows)
      : asked_(asked), pass_(asked.pass), blocks_(blocks), terms_(blocks.terms), loops_(loops),
        rows_(std::move(rows)), banned_(placed(pass_.banned, blocks.order)), price_(terms_.num_right),
        offer_(terms_.num_right), block_price_(blocks.block_price.begin(), blocks.block_price.end()),
        group_price_(blocks.group_price.begin(), blocks.group_price.end()) {
    for (std::int64_t k = 0; k < terms_.num_right; ++k) {
      price_[k] = static_cast<Offer>(pass_.right_price[blocks.order[k]]);
      offer_[k] = -price_[k];
    }
  }

  bool run(int threads) {
    threads = static_cast<int>(std::clamp<std::int64_t>(threads, 1, std::max<std::int64_t>(1, terms_.num_left)));
    chunk_ = std::clamp<std::int64_t>(terms_.num_left / (8 * threads), 1, CHUNK);
    std::vector<Scratch> scratch(threads);
    for (Scratch &own : scratch) own.prepare(blocks_);
    std::vector<std::thread> others;
    others.reserve(threads);
    try {
      for (int t = 1; t < threads; ++t) others.emplace_back([&, t] { work(scratch[t]); });
    } catch (const std::system_error &) {  // no more threads to be had: those there are do it all
    } catch (const std::bad_alloc &) {     // and no memory for one more: the same
    }
    work(scratch[0]);
    for (std::thread &other : others) other.join();
    *asked_.evaluated = evaluated_;
    return !cancelled();
  }

 private:
  static constexpr Offer NONE = Limits<Offer>::none, LEAST = Limits<Offer>::least;

  struct Scratch {
    std::vector<Offer> own = std::vector<Offer>(IN_BLOCK), block_entry, group_entry;
    std::vector<std::int32_t> points = std::vector<std::int32_t>(IN_BLOCK);
    std::int32_t of_class = -1;  // whose entries these are
    std::int64_t evaluated = 0, told = 0;

    void prepare(const Blocks &blocks) {
      block_entry.assign(blocks.num_blocks() + LANES, NONE);
      group_entry.assign(blocks.num_groups() + LANES, NONE);
    }
  };

  bool cancelled() const {
    return pass_.cancel && std::atomic_ref<std::uint8_t>(*pass_.cancel).load(std::memory_order_relaxed);
  }

  void tell(Scratch &scratch) const {
    if (pass_.progress)
      std::atomic_ref<std::int64_t>(*pass_.progress).fetch_add(scratch.told, std::memory_order_relaxed);
    scratch.told = 0;
  }

  void work(Scratch &scratch) {
    for (;;) {
      const std::int64_t from = next_.fetch_add(chunk_, std::memory_order_relaxed);
      if (from >= terms_.num_left) break;
      for (std::int64_t row = from; row < std::min(from + chunk_, terms_.num_left); ++row) {
        if (cancelled()) return;
        one(rows_[row], scratch);
        scratch.told += terms_.num_right;
        if (scratch.told >= TOLD) tell(scratch);
      }
    }
    tell(scratch);
    evaluated_.fetch_add(scratch.evaluated, std::memory_order_relaxed);
  }

  void one(std::int64_t i, Scratch &scratch) {
    if (terms_.left_class[i] != scratch.of_class) enter(terms_.left_class[i], scratch);
    const std::int64_t floor = asked_.floor[i];
    Offer best = static_cast<Offer>(
        std::clamp<std::int64_t>(floor, std::int64_t{LEAST} - 1, std::numeric_limits<Offer>::max()));
    for (std::int64_t first = 0; first < blocks_.num_groups(); first += LANES)
      best = raised(i, blocks_.groups, first, LANES, scratch.group_entry, group_price_, best,
                    [&](std::int64_t group, Offer so_far) {
                      const std::int64_t from = blocks_.group[group], count = blocks_.group[group + 1] - from;
                      return raised(i, blocks_.blocks, from, count, scratch.block_entry, block_price_, so_far,
                                    [&](std::int64_t block, Offer) { return in_block(i, block, scratch); });
                    });
    const std::int64_t found = best < LEAST ? std::numeric_limits<std::int64_t>::min() : std::int64_t{best};
    pass_.best_net[i] = std::max(floor, found);
  }

  // The table's entries of all blocks for a class of left schools.
  void enter(std::int32_t left_class, Scratch &scratch) const {
    const std::int32_t *row = terms_.table + left_class * terms_.num_right_classes;
    const auto entry = [&](std::int64_t block) {
      const std::int32_t value = row[terms_.right_class[blocks_.first[block]]];
      return value == FORBIDDEN ? NONE : static_cast<Offer>(value);
    };
    for (std::int64_t n = 0; n < blocks_.num_blocks(); ++n) scratch.block_entry[n] = entry(n);
    for (std::int64_t n = 0; n < blocks_.num_groups(); ++n) scratch.group_entry[n] = entry(blocks_.group[n]);
    scratch.of_class = left_class;
  }

  // The best so far and in those of `count` boxes from `first` on that promise more; `inside` looks into one of them. What
  // is found in one closes others.
  template <class Inside>
  Offer raised(std::int64_t i, const Boxes &boxes, std::int64_t first, std::int64_t count,
               const std::vector<Offer> &entry, const std::vector<Offer> &price, Offer best, const Inside inside) const {
    const auto open = [&] {
      return loops_.promising(terms_, boxes, i, first, entry.data() + first, price.data() + first, best);
    };
    std::uint32_t left = (std::uint32_t{1} << count) - 1;  // boxes beyond these are none of ours
    for (left &= open(); left != 0; left &= left - 1) {
      const Offer found = inside(first + std::countr_zero(left), best);
      if (found <= best) continue;
      best = found;
      left &= open() | (left & -left);
    }
    return best;
  }

  // The best net value in a block; less than LEAST where all its schools are banned.
  Offer in_block(std::int64_t i, std::int64_t block, Scratch &scratch) const {
    const std::int64_t first = blocks_.first[block], count = blocks_.first[block + 1] - first;
    const Offer entry = scratch.block_entry[block];
    scratch.evaluated += count;
    const Offer *offered = offer_.data() + first;
    auto ban = std::lower_bound(banned_.begin(), banned_.end(), Banned{i, first});
    const bool own = ban != banned_.end() && *ban < Banned{i, first + count};
    if (terms_.curve) std::fill_n(scratch.own.begin(), count, entry);
    else if (own) std::copy_n(offered, count, scratch.own.begin());
    if (terms_.curve || own) offered = scratch.own.data();
    for (; ban != banned_.end() && *ban < Banned{i, first + count}; ++ban) scratch.own[ban->right - first] = NONE;
    if (terms_.curve)
      return loops_.best_on_curve(terms_, i, first, count, offered, price_.data() + first, scratch.points.data());
    const Offer best = loops_.best(terms_, i, first, count, offered, scratch.points.data());
    return best < LEAST ? NONE : best + entry;
  }

  const Pruned &asked_;
  const Pass &pass_;
  const Blocks &blocks_;
  const Terms &terms_;
  const Loops<Offer> &loops_;
  std::vector<std::int64_t> rows_;  // left schools, alike ones together
  std::vector<Banned> banned_;
  std::vector<Offer> price_, offer_, block_price_, group_price_;
  std::int64_t chunk_ = CHUNK;
  std::atomic<std::int64_t> next_{0}, evaluated_{0};
};

// Marks the right schools that are admissible to somebody of the witness: more of it are allowed to have them than are
// banned from them.
void reach(const Pass &pass) {
  const Terms &terms = pass.terms;
  std::vector<std::int64_t> members(num_left_classes(terms)), allowed(terms.num_right_classes);
  for (std::int64_t i = 0; i < terms.num_left; ++i) members[terms.left_class[i]] += pass.witness[i] != 0;
  for (std::size_t left = 0; left < members.size(); ++left)
    for (std::int64_t right = 0; right < terms.num_right_classes && members[left] > 0; ++right)
      if (terms.table[left * terms.num_right_classes + right] != FORBIDDEN) allowed[right] += members[left];
  std::vector<std::int64_t> open(terms.num_right);
  for (std::int64_t j = 0; j < terms.num_right; ++j) open[j] = allowed[terms.right_class[j]];
  for (std::size_t k = 0; k < pass.banned.size(); ++k) {
    const Banned &pair = pass.banned[k];
    if (k > 0 && pass.banned[k - 1] == pair) continue;  // named twice, closed once
    const std::int64_t entry = terms.left_class[pair.left] * terms.num_right_classes + terms.right_class[pair.right];
    open[pair.right] -= pass.witness[pair.left] != 0 && terms.table[entry] != FORBIDDEN;
  }
  for (std::int64_t j = 0; j < terms.num_right; ++j) pass.reached[j] = open[j] > 0;
}

}  // namespace

bool run(const Pruned &pruned, const Kernels &kernels, int threads) {
  const Pass &pass = pruned.pass;
  const Blocks blocks(pass.terms, pass.right_price, pass.cancel);
  *pruned.blocks = blocks.num_blocks();
  std::vector<std::int64_t> rows =
      Features::of_left(pass.terms, blocks.blocks.by_distance).ordered(pass.terms.left_class, pass.cancel);
  bool ended;
  if (is_narrow(pass)) ended = Hunt<std::int32_t>(pruned, kernels.narrow, blocks, std::move(rows)).run(threads);
  else ended = Hunt<std::int64_t>(pruned, kernels.wide, blocks, std::move(rows)).run(threads);
  if (!ended) return false;
  reach(pass);
  add_bonus(pass, kernels);
  return true;
}

}  // namespace twin
