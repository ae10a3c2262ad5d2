// The two passes of paths.hpp.

#include "core/paths.hpp"

#include <algorithm>
#include <numeric>

namespace twin {

namespace {
constexpr std::int64_t FAR = INT64_MAX / 4;

void leave(Market &m, std::int32_t left) {
  const std::int32_t place = m.mate_place[std::size_t(left)];
  if (place < 0) return;
  m.place_owner[std::size_t(place)] = -1;
  m.mate_place[std::size_t(left)] = m.mate[std::size_t(left)] = -1;
}

std::int64_t empty_place(const Market &m, std::int64_t right) {
  for (std::int64_t p = m.place_offset[std::size_t(right)]; p < m.place_offset[std::size_t(right) + 1]; ++p)
    if (m.place_owner[std::size_t(p)] < 0) return p;
  return -1;
}

void join(Market &m, std::int32_t left, std::int32_t right) {
  const std::int64_t place = empty_place(m, right);
  m.place_owner[std::size_t(place)] = left;
  m.mate_place[std::size_t(left)] = static_cast<std::int32_t>(place);
  m.mate[std::size_t(left)] = right;
}
}  // namespace

Paths::Paths(Market &market, Oracle &oracle, std::vector<std::int64_t> &left_potential, bool forward, int k, Crew &crew,
             Flag flag)
    : market_(market), oracle_(oracle), forward_(forward), crew_(crew), flag_(flag),
      left_potential_(left_potential), bidder_potential_(forward ? left_potential : market.price),
      item_potential_(forward ? market.price : left_potential), lists_(oracle, k) {
  const auto bidders = std::size_t(oracle.num_left()), items = std::size_t(oracle.num_right());
  longer_.resize(bidders);
  is_changed_.assign(items, 0);
  item_distance_.resize(items), from_.resize(items), item_seen_.assign(items, 0), item_done_.assign(items, 0);
  bidder_distance_.resize(bidders), via_.resize(bidders), bidder_seen_.assign(bidders, 0);
  oracle_.set_prices(item_potential_.data());
}

void Paths::draw_all(int keep) {
  std::vector<std::int32_t> rows;
  for (std::int32_t b = 0; b < oracle_.num_left(); ++b)
    if (!lists_.drawn(b) || lists_.bound(b) > best(b)) rows.push_back(b);
  lists_.draw(rows, item_potential_.data(), keep, crew_, flag_);
}

std::int64_t Paths::best(std::int64_t bidder) const {
  std::int64_t best = NO_VALUE;
  for (int c = 0; c < lists_.number(bidder); ++c)
    best = std::max(best, lists_.points(bidder)[c] - item_potential_[std::size_t(lists_.item(bidder)[c])]);
  return best;
}

bool Paths::in_need(std::int64_t bidder) const {
  if (!forward_) return market_.price[std::size_t(bidder)] > 0 && empty_place(market_, bidder) >= 0;
  return market_.mate_place[std::size_t(bidder)] < 0 &&
         left_potential_[std::size_t(bidder)] > market_.outside[std::size_t(bidder)];
}

std::int64_t Paths::run(std::int64_t budget, std::int64_t draw_steps) {
  std::int64_t needs = 0;
  const std::int64_t drawn = lists_.draws;
  for (std::int64_t b = 0; b < oracle_.num_left(); ++b)
    for (; in_need(b); ++needs) {
      if (steps + draw_steps * (lists_.draws - drawn) > budget) return needs;
      augment(static_cast<std::int32_t>(b));
    }
  finished = true;
  return needs;
}

void Paths::push(std::int64_t key, std::int64_t node) {
  heap_.push_back({key, node});
  std::push_heap(heap_.begin(), heap_.end(), [](const Entry &a, const Entry &b) {
    return a.key != b.key ? a.key > b.key : a.node > b.node;
  });
}

void Paths::reach(std::int32_t bidder, std::int64_t distance, const std::int32_t *item, const std::int64_t *points,
                  std::int64_t number, std::int64_t bound) {
  const std::int64_t base = distance + bidder_potential_[std::size_t(bidder)];
  for (std::int64_t c = 0; c < number; ++c) {
    const auto b = std::size_t(item[c]);
    const std::int64_t key = base + item_potential_[b] - points[c];
    if (key >= end_key_ || (item_seen_[b] == round_ && item_distance_[b] <= key)) continue;
    if (item_seen_[b] != round_) item_seen_[b] = round_;
    item_distance_[b] = key, from_[b] = bidder;
    if (forward_ ? empty_place(market_, item[c]) >= 0 : market_.mate_place[b] < 0)
      end_key_ = key, end_item_ = item[c], end_bidder_ = -1;
    else
      push(key, item[c]);
  }
  if (bound != NO_VALUE && base - bound < end_key_) push(base - bound, -1 - std::int64_t{bidder});
}

void Paths::open(std::int32_t bidder, std::int64_t distance) {
  const auto a = std::size_t(bidder);
  bidder_seen_[a] = round_, bidder_distance_[a] = distance;
  bidders_.push_back(bidder);
  ++steps;
  const std::int64_t least = forward_ ? market_.outside[a] : 0;
  if (least != NO_VALUE && distance + bidder_potential_[a] - least < end_key_)
    end_key_ = distance + bidder_potential_[a] - least, end_bidder_ = bidder, end_item_ = -1;
  if (!forward_)
    // Whoever has a place here stays tight: their potentials rise as this price falls.
    for (std::int64_t p = market_.place_offset[a]; p < market_.place_offset[a + 1]; ++p) {
      const std::int32_t owner = market_.place_owner[std::size_t(p)];
      if (owner < 0 || item_done_[std::size_t(owner)] == round_) continue;
      item_seen_[std::size_t(owner)] = item_done_[std::size_t(owner)] = round_;
      item_distance_[std::size_t(owner)] = distance;
      items_.push_back(owner);
    }
  if (longer_[a])
    reach(bidder, distance, longer_[a]->item.data(), longer_[a]->points.data(), std::int64_t(longer_[a]->item.size()),
          longer_[a]->bound);
  else if (lists_.drawn(bidder))
    reach(bidder, distance, lists_.item(bidder), lists_.points(bidder), lists_.number(bidder), lists_.bound(bidder));
  else
    lengthen(bidder);
}

// Draws the list again at today's potentials, and four times as long if that does not bring its end down.
void Paths::lengthen(std::int32_t bidder) {
  flag_.check();
  const auto a = std::size_t(bidder);
  const bool has_list = longer_[a] != nullptr || lists_.drawn(bidder);
  const std::int64_t end = longer_[a] ? longer_[a]->bound : lists_.bound(bidder);
  oracle_.change_prices(item_potential_.data(), changed_.data(), std::int64_t(changed_.size()));
  for (const std::int32_t b : changed_) is_changed_[std::size_t(b)] = 0;
  changed_.clear();
  auto list = std::make_unique<Longer>();
  std::int32_t number = 0;
  for (list->k = longer_[a] ? longer_[a]->k : lists_.k;; list->k *= 4) {
    list->item.resize(std::size_t(list->k)), list->points.resize(std::size_t(list->k));
    const std::int64_t floor = NO_VALUE;
    oracle_.search(&bidder, 1, list->k, &floor, {list->item.data(), list->points.data(), &number, &list->bound}, crew_, flag_);
    ++lists_.draws;
    if (!has_list || list->bound < end) break;
  }
  list->item.resize(std::size_t(number)), list->points.resize(std::size_t(number));
  longer_[a] = std::move(list);
  reach(bidder, bidder_distance_[a], longer_[a]->item.data(), longer_[a]->points.data(), number, longer_[a]->bound);
}

void Paths::augment(std::int32_t start) {
  ++round_;
  heap_.clear(), bidders_.clear(), items_.clear();
  end_key_ = FAR, end_item_ = end_bidder_ = -1;
  via_[std::size_t(start)] = -1;
  open(start, 0);
  const auto later = [](const Entry &a, const Entry &b) { return a.key != b.key ? a.key > b.key : a.node > b.node; };
  for (std::int64_t pops = 0; !heap_.empty(); ++pops) {
    if ((pops & 1023) == 0) flag_.check();
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Entry entry = heap_.back();
    heap_.pop_back();
    if (entry.key >= end_key_) break;
    if (entry.node < 0) {
      lengthen(static_cast<std::int32_t>(-1 - entry.node));
      continue;
    }
    const auto b = std::size_t(entry.node);
    if (item_done_[b] == round_) continue;
    item_done_[b] = round_;
    items_.push_back(static_cast<std::int32_t>(b));
    auto follow = [&](std::int32_t bidder) {
      if (bidder_seen_[std::size_t(bidder)] == round_) return;
      via_[std::size_t(bidder)] = static_cast<std::int32_t>(b);
      open(bidder, entry.key);
    };
    if (!forward_)
      follow(market_.mate[b]);
    else
      for (std::int64_t p = market_.place_offset[b]; p < market_.place_offset[b + 1]; ++p)
        follow(market_.place_owner[std::size_t(p)]);
  }
  if (end_key_ == FAR) throw std::runtime_error("no augmenting path: coverage was promised and is not there");

  for (const std::int32_t a : bidders_) bidder_potential_[std::size_t(a)] -= end_key_ - bidder_distance_[std::size_t(a)];
  for (const std::int32_t b : items_) {
    const std::int64_t rise = end_key_ - item_distance_[std::size_t(b)];
    if (rise == 0) continue;
    item_potential_[std::size_t(b)] += rise;
    if (!is_changed_[std::size_t(b)]) is_changed_[std::size_t(b)] = 1, changed_.push_back(b);
  }

  std::vector<std::pair<std::int32_t, std::int32_t>> joins;  // (bidder, item), from the end of the path to its start
  std::int32_t item = end_item_;
  if (end_bidder_ >= 0) item = via_[std::size_t(end_bidder_)];
  std::vector<std::int32_t> lefts;
  if (end_bidder_ >= 0 && forward_) lefts.push_back(end_bidder_);
  for (; item >= 0; item = via_[std::size_t(from_[std::size_t(item)])]) joins.emplace_back(from_[std::size_t(item)], item);
  for (auto [a, b] : joins) lefts.push_back(forward_ ? a : b);
  for (const std::int32_t left : lefts) leave(market_, left);
  for (auto [a, b] : joins) forward_ ? join(market_, a, b) : join(market_, b, a);
}

}  // namespace twin
