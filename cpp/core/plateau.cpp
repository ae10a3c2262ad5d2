// Paths along tight pairs, at potentials that stand still: the other half of a round of paths.hpp.
//
// Problem     After one Dijkstra many nodes in need could be served without moving a potential: all pairs of the path they
//             want are tight. Find paths that share no node, until there is none left.
// Idea        Hopcroft and Karp's phases. Levels are laid breadth first from all nodes in need, over everything that can be
//             reached; then each goes depth first, one level with every step, to the first end that is left.
// Hidden      Tight pairs that no list holds are asked for when those at hand lead nowhere, and not before: on a plateau of
//             ties a list can be everybody. To leave them to the next Dijkstra doubled the number of rounds (measured).
// Why it is right   A phase that sees an end serves somebody: the first path to fail has shown that nothing below it ends.
//             The phase that sees none has shown that no path of tight pairs is left.
// Departures  Hopcroft and Karp stop at the first level with an end, for a bound on the number of phases. To lay all levels
//             at once halves the number of phases (measured), as paths of many lengths fit into one. A right node with
//             several places is passed once in a phase.
// Traps       Depth first without levels winds one path through half of the market and leaves nothing for the others:
//             then a round serves one or two nodes (measured).
// Cost        A phase looks at all tight pairs of the nodes it reaches. On a plateau they are hundreds to a node; they
//             are picked from the lists once for all phases of a round, by all threads.

#include "core/paths.hpp"

#include <algorithm>
#include <iterator>

namespace twin {

namespace {
constexpr std::size_t PICKED = 64, MANY = 512;  // bidders whose tight pairs a thread picks in one go; enough for many threads
}

// Serves whom it can; the others stay in `sources`.
void Paths::serve(std::vector<std::int32_t> &sources) {
  if (sources.size() < 2) return;  // one alone is as well served by Dijkstra
  ++plateau_;
  tight_.clear();
  std::size_t arcs = 0;
  for (const auto &list : list_) arcs += list ? list->item.size() : 0;
  tight_.reserve(arcs);  // no more of them can be tight, and what is never written takes no memory
  while (sources.size() > 1 && lay(sources)) {
    for (const std::int32_t b : sources)
      if (in_need(b)) follow(b);
    std::erase_if(sources, [&](std::int32_t b) { return !in_need(b); });
  }
  std::vector<std::int32_t>().swap(tight_);
}

// Puts the tight items of a bidder at the end of `items`, those that were free at first in front; returns how many are.
std::size_t Paths::pick(std::int32_t bidder, std::vector<std::int32_t> &items) const {
  const auto &list = list_[std::size_t(bidder)];
  const std::int64_t potential = bidder_potential_[std::size_t(bidder)];
  const std::size_t first = items.size();
  std::size_t free = first;
  for (std::size_t c = 0; list && c < list->item.size() && most(*list, c) > potential - grain_; ++c) {
    const std::int32_t item = list->item[c];
    if (potential + item_potential_[std::size_t(item)] - list->points[c] >= grain_) continue;
    items.push_back(item);
    if (is_free(item)) std::swap(items[free++], items.back());
  }
  return free - first;
}

const Paths::TightRange &Paths::tight(std::int32_t bidder) {
  TightRange &range = tight_of_[std::size_t(bidder)];
  if (range.plateau == plateau_) return range;
  const std::size_t first = tight_.size(), free = pick(bidder, tight_);
  return range = {plateau_, first, first + free, tight_.size()};
}

// The same for those of `bidders` from `next` on, by all threads: most of the time goes here.
void Paths::pick_many(const std::vector<std::int32_t> &bidders, std::size_t next) {
  fresh_.clear();
  for (; next < bidders.size(); ++next)
    if (tight_of_[std::size_t(bidders[next])].plateau != plateau_) fresh_.push_back(bidders[next]);
  std::vector<std::vector<std::int32_t>> parts((fresh_.size() + PICKED - 1) / PICKED);
  const auto each = [&](std::size_t part, auto use) {
    for (std::size_t n = part * PICKED; n < std::min(fresh_.size(), (part + 1) * PICKED); ++n) use(fresh_[n]);
  };
  crew_.run(std::int64_t(parts.size()), 1, [&](int, std::int64_t from, std::int64_t to) {
    for (auto part = std::size_t(from); part < std::size_t(to); ++part)
      each(part, [&](std::int32_t bidder) {
        const std::size_t first = parts[part].size(), free = pick(bidder, parts[part]);
        tight_of_[std::size_t(bidder)] = {plateau_, first, first + free, parts[part].size()};
      });
  });
  for (std::size_t part = 0; part < parts.size(); ++part) {
    const std::size_t moved = tight_.size();
    tight_.insert(tight_.end(), parts[part].begin(), parts[part].end());
    each(part, [&](std::int32_t bidder) {
      TightRange &range = tight_of_[std::size_t(bidder)];
      range.first += moved, range.free_last += moved, range.last += moved;
    });
  }
}

// Whether tight pairs of a bidder may be missing from its list.
bool Paths::hides(std::int32_t bidder) const {
  const auto &list = list_[std::size_t(bidder)];
  return !list || (list->bound != NO_VALUE && bound(*list) > bidder_potential_[std::size_t(bidder)] - grain_);
}

// Steps along tight pairs from the nodes in need. False: no path ends.
bool Paths::lay(const std::vector<std::int32_t> &sources) {
  std::fill(bidder_level_.begin(), bidder_level_.end(), -1);
  std::fill(item_level_.begin(), item_level_.end(), -1);
  queue_.clear();
  bool ends = false;
  const auto reach = [&](std::int32_t bidder, std::int32_t level) {
    if (bidder_level_[std::size_t(bidder)] >= 0) return;
    bidder_level_[std::size_t(bidder)] = level;
    queue_.push_back(bidder);
  };
  for (const std::int32_t b : sources) reach(b, 0);
  std::size_t next = 0;
  const auto spread = [&](std::int32_t bidder) {
    const std::int32_t level = bidder_level_[std::size_t(bidder)];
    const TightRange &range = tight(bidder);
    ends = ends || (level > 0 && may_stay(bidder));
    for (std::size_t c = range.first; c < range.last; ++c) {
      const std::int32_t item = tight_[c];
      if (item_level_[std::size_t(item)] >= 0) continue;
      item_level_[std::size_t(item)] = level;
      ends = ends || is_free(item);
      each_owner(item, [&](std::int32_t owner) { reach(owner, level + 1); });
    }
  };
  std::vector<std::int32_t> hiding;
  do {
    while (next < queue_.size()) {
      // A level, or what there is of it.
      const std::size_t last = queue_.size();
      if (last - next >= MANY) pick_many(queue_, next);
      for (; next < last; ++next) {
        if ((next & 255) == 0) flag_.check();
        spread(queue_[next]);
      }
    }
    // Tight pairs that no list holds are asked for when those at hand lead nowhere.
    hiding.clear();
    if (!ends) std::copy_if(queue_.begin(), queue_.end(), std::back_inserter(hiding), [&](std::int32_t b) { return hides(b); });
    for (std::vector<std::int32_t> asked = hiding; !asked.empty(); std::erase_if(asked, [&](std::int32_t b) { return !hides(b); }))
      lengthen(asked);
    for (const std::int32_t b : hiding) tight_of_[std::size_t(b)].plateau = 0, spread(b);
  } while (!ends && !hiding.empty());
  return ends;
}

// Whether a path that has come to this bidder can end: it may stay without, or a tight item is free.
bool Paths::ends_at(std::int32_t bidder) {
  end_item_ = -1;
  if (stack_.size() > 0 && may_stay(bidder)) return true;
  const TightRange &range = tight(bidder);
  for (std::size_t c = range.first; c < range.free_last; ++c)
    if (is_free(tight_[c])) {
      end_item_ = tight_[c];
      return true;
    }
  return false;
}

// From a bidder in need to an end, one level with every step, over nodes that nobody has passed in this phase.
void Paths::follow(std::int32_t start) {
  flag_.check();
  stack_.clear();
  const auto enter = [&](std::int32_t bidder) {
    const bool ends = ends_at(bidder);
    stack_.push_back({bidder, -1, tight(bidder).first, 0, bidder_level_[std::size_t(bidder)]});
    bidder_level_[std::size_t(bidder)] = PASSED;
    return ends;
  };
  bool found = enter(start);
  for (std::int64_t moves = 0; !found && !stack_.empty(); ++moves) {
    if ((moves & 1023) == 1023) flag_.check();
    Frame &top = stack_.back();
    // The owners of the item at hand, then the next tight item.
    if (top.item >= 0) {
      const std::int32_t owner = next_owner(top.item, top.place);
      if (owner < 0) top.item = -1;
      else if (bidder_level_[std::size_t(owner)] == top.level + 1) found = enter(owner);
      continue;
    }
    for (const std::size_t last = tight(top.bidder).last; top.next < last && top.item < 0; ++top.next) {
      const std::int32_t item = tight_[top.next];
      if (item_level_[std::size_t(item)] == top.level) top.item = item, top.place = 0, item_level_[std::size_t(item)] = PASSED;
    }
    if (top.item < 0) stack_.pop_back();
  }
  if (found) exchange(end_item_);
}

// Everybody on the path moves on by one, to the item it looked into.
void Paths::exchange(std::int32_t last) {
  stack_.back().item = last;
  const auto left_of = [&](const Frame &f) { return forward_ ? f.bidder : f.item; };
  if (forward_ || last >= 0) leave(left_of(stack_.back()));
  for (auto f = stack_.begin(); f + 1 < stack_.end(); ++f) leave(left_of(*f));
  for (const Frame &f : stack_)
    if (f.item >= 0) forward_ ? join(f.bidder, f.item) : join(f.item, f.bidder);
}

}  // namespace twin
