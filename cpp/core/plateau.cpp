// Paths along tight pairs, at potentials that stand still: the other half of a round of paths.hpp.
//
// Problem     After one Dijkstra many nodes in need could be served without moving a potential: all pairs of the path they
//             want are tight. Find paths that share no node, until there is none left.
// Idea        Hopcroft and Karp's phases. Levels are laid breadth first from all nodes in need, over everything that can be
//             reached; then each goes depth first, one level with every step, to the first end that is left.
// Why it is right   A phase that sees an end serves somebody: the first path to fail has shown that nothing below it ends.
//             The phase that sees none has shown that no path of tight pairs is left in the lists.
// Departures  Hopcroft and Karp stop at the first level with an end, for a bound on the number of phases. To lay all levels
//             at once halves the number of phases (measured), as paths of many lengths fit into one. A right node with
//             several places is passed once in a phase.
// Traps       Depth first without levels winds one path through half of the market and leaves nothing for the others:
//             then a round serves one or two nodes (measured).
// Cost        A phase looks at all tight pairs of the nodes it reaches. On a plateau they are hundreds to a node; they
//             are picked from the lists once for all phases of a round.

#include "core/paths.hpp"

#include <algorithm>

namespace twin {

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

// The tight items of a bidder, those that were free at first in front.
const Paths::TightRange &Paths::tight(std::int32_t bidder) {
  TightRange &range = tight_of_[std::size_t(bidder)];
  if (range.plateau == plateau_) return range;
  range = {plateau_, tight_.size(), tight_.size(), tight_.size()};
  const auto &list = list_[std::size_t(bidder)];
  const std::int64_t potential = bidder_potential_[std::size_t(bidder)];
  for (std::size_t c = 0; list && c < list->item.size() && most(*list, c) >= potential; ++c) {
    const std::int32_t item = list->item[c];
    if (potential + item_potential_[std::size_t(item)] != list->points[c]) continue;
    tight_.push_back(item);
    if (is_free(item)) std::swap(tight_[range.free_last++], tight_.back());
  }
  range.last = tight_.size();
  return range;
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
  for (std::size_t next = 0; next < queue_.size(); ++next) {
    if ((next & 255) == 0) flag_.check();
    const std::int32_t level = bidder_level_[std::size_t(queue_[next])];
    const TightRange &range = tight(queue_[next]);
    ends = ends || (level > 0 && may_stay(queue_[next]));
    for (std::size_t c = range.first; c < range.last; ++c) {
      const std::int32_t item = tight_[c];
      if (item_level_[std::size_t(item)] >= 0) continue;
      item_level_[std::size_t(item)] = level;
      ends = ends || is_free(item);
      each_owner(item, [&](std::int32_t owner) { reach(owner, level + 1); });
    }
  }
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
