// The auction of auction.hpp.

#include "core/auction.hpp"

#include <algorithm>
#include <deque>
#include <numeric>

namespace twin {

Market::Market(Oracle &graph, const std::int64_t *capacity, const std::int64_t *outside_value)
    : oracle(graph), place_offset(std::size_t(graph.num_right()) + 1, 0), price(std::size_t(graph.num_right()), 0),
      mate_place(std::size_t(graph.num_left()), -1), mate(std::size_t(graph.num_left()), -1),
      outside(outside_value, outside_value + graph.num_left()) {
  for (std::size_t j = 0; j + 1 < place_offset.size(); ++j) place_offset[j + 1] = place_offset[j] + capacity[j];
  place_owner.assign(std::size_t(place_offset.back()), -1);
  place_price.assign(std::size_t(place_offset.back()), 0);
}

// Sifts the first place of j, whose price has just risen, to where it belongs in the heap.
void Auction::settle(std::int64_t j) {
  const std::int64_t first = market_.place_offset[std::size_t(j)], count = market_.places(j);
  std::int64_t at = 0;
  const std::int64_t price = market_.place_price[std::size_t(first)];
  const std::int32_t owner = market_.place_owner[std::size_t(first)];
  for (std::int64_t child; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && market_.place_price[std::size_t(first + child + 1)] < market_.place_price[std::size_t(first + child)])
      ++child;
    if (market_.place_price[std::size_t(first + child)] >= price) break;
    market_.place_price[std::size_t(first + at)] = market_.place_price[std::size_t(first + child)];
    const std::int32_t moved = market_.place_owner[std::size_t(first + child)];
    market_.place_owner[std::size_t(first + at)] = moved;
    if (moved >= 0) market_.mate_place[std::size_t(moved)] = static_cast<std::int32_t>(first + at);
  }
  market_.place_price[std::size_t(first + at)] = price;
  market_.place_owner[std::size_t(first + at)] = owner;
  if (owner >= 0) market_.mate_place[std::size_t(owner)] = static_cast<std::int32_t>(first + at);
  market_.price[std::size_t(j)] = market_.place_price[std::size_t(first)];
}

// False: the list no longer answers and must be drawn.
bool Auction::bid_for(std::int32_t i, std::int64_t eps, std::vector<std::int32_t> &losers) {
  if (!lists_.drawn(i)) return false;
  const std::int32_t *item = lists_.item(i);
  const std::int64_t *points = lists_.points(i), *price = market_.price.data();
  const int number = lists_.number(i);
  std::int64_t best = NO_VALUE, second = NO_VALUE;
  int where = -1;
  for (int c = 0; c < number; ++c) {
    const std::int64_t net = points[c] - price[item[c]];
    if (net > best) {
      second = best, best = net, where = c;
    } else if (net > second) {
      second = net;
      if (net == best && is_taken(item[where]) && !is_taken(item[c])) where = c;  // equally good, and nobody has to go
    }
  }
  const std::int64_t hidden = lists_.bound(i), outside = market_.outside[std::size_t(i)];
  if (hidden - best > eps - (eps + 1) / 2 && hidden > outside) return false;
  if (best < outside || where < 0) return true;  // better off without
  second = std::max(std::max(second, hidden), std::max(outside, best - range_));
  const std::int64_t j = item[where], first = market_.place_offset[std::size_t(j)];
  const std::int32_t loser = market_.place_owner[std::size_t(first)];
  if (loser >= 0) market_.mate_place[std::size_t(loser)] = -1, losers.push_back(loser);
  else ++counters_[0];
  market_.place_owner[std::size_t(first)] = i;
  // Whoever turns somebody out pays eps on top, so that prices get somewhere. A free place is progress enough, and
  // without eps the pair is tight: the exact finish has nothing to mend.
  market_.place_price[std::size_t(first)] = price[j] + (loser >= 0 ? best - second + eps : std::max<std::int64_t>(0, best - second));
  market_.mate[std::size_t(i)] = static_cast<std::int32_t>(j);
  settle(j);
  if (!is_changed_[std::size_t(j)]) is_changed_[std::size_t(j)] = 1, changed_.push_back(static_cast<std::int32_t>(j));
  return true;
}

void Auction::refine(std::int64_t most) {
  const std::int64_t finest = std::min(market_.oracle.finest(), transposed_.finest());
  const std::int64_t room = MOST_RANGE / std::max<std::int64_t>(1, range_ / parts_);
  const std::int64_t parts = std::max<std::int64_t>(1, std::min({most, finest, room}));
  if (parts == parts_) return;
  const auto recount = [&](std::int64_t &value) { value = value / parts_ * parts; };
  for (auto *prices : {&market_.price, &market_.place_price}) std::for_each(prices->begin(), prices->end(), recount);
  for (auto &value : market_.outside)
    if (value != NO_VALUE) recount(value);
  recount(range_);
  lists_.recount(parts_, parts), back_lists_.recount(parts_, parts);
  parts_ = parts;
}

void Auction::open(std::int64_t drop, std::int64_t eps, int keep) {
  const Counting counting(*this);
  margin_ = margin_of(eps);
  const std::int64_t n = market_.num_left(), m = market_.num_right();
  for (auto &price : market_.price) price = std::max<std::int64_t>(0, price - drop);
  market_.reprice();
  market_.oracle.set_prices(market_.price.data());
  is_changed_.assign(std::size_t(m), 0);
  changed_.clear();
  lists_.expire();
  has_lowered = false;
  std::vector<std::int32_t> waiting(static_cast<std::size_t>(n));
  std::iota(waiting.begin(), waiting.end(), 0);
  lists_.draw(waiting, market_.price.data(), keep, margin_, crew_, flag_);
}

std::int64_t Auction::best(std::int64_t i) const {
  std::int64_t best = market_.outside[std::size_t(i)];
  for (int c = 0; c < lists_.number(i); ++c)
    best = std::max(best, lists_.points(i)[c] - market_.price[std::size_t(lists_.item(i)[c])]);
  return best;
}

std::int64_t Auction::bid(std::int64_t eps, int keep, std::int64_t leave, std::int64_t spare, std::int64_t budget) {
  const Counting counting(*this);
  margin_ = margin_of(eps);
  const std::int64_t n = market_.num_left();
  std::vector<std::int32_t> waiting;
  // A stride that visits everybody once: neighbours want the same partners, so they should not bid in one batch.
  std::int64_t stride = n * 5 / 8 | 1;
  while (std::gcd(stride, n) != 1) stride += 2;
  for (std::int64_t step = 0, i64 = 0; step < n; ++step, i64 = (i64 + stride) % n) {
    const auto i = static_cast<std::int32_t>(i64);
    const std::int32_t place = market_.mate_place[std::size_t(i)], j = market_.mate[std::size_t(i)];
    if (place >= 0) {
      if (market_.oracle.points(i, j) - market_.price[std::size_t(j)] >= best(i) - eps) continue;
      market_.place_owner[std::size_t(place)] = -1;
      market_.mate_place[std::size_t(i)] = market_.mate[std::size_t(i)] = -1;
    }
    waiting.push_back(i);
  }
  counters_[0] = n - std::int64_t(waiting.size());
  const std::int64_t drawn = lists_.draws;
  forward(eps, keep, leave, spare, budget, std::move(waiting));
  const std::int64_t draws = lists_.draws - drawn;
  reverse(eps, keep);
  return draws;
}

void Auction::forward(std::int64_t eps, int keep, std::int64_t leave, std::int64_t spare, std::int64_t budget,
                      std::vector<std::int32_t> active) {
  std::deque<std::int32_t> waiting;
  std::vector<std::int32_t> losers, batch;
  const std::int64_t drawn = lists_.draws;
  for (;;) {
    // First come, first served; whoever is outbid joins the end of the queue.
    for (std::size_t next = 0; next < active.size(); ++next) {
      if ((next & 1023) == 0) flag_.check();
      if (std::int64_t(active.size() - next + waiting.size()) <= spare) return settle_up();
      losers.clear();
      if (!bid_for(active[next], eps, losers)) waiting.push_back(active[next]);
      active.insert(active.end(), losers.begin(), losers.end());
    }
    if (std::int64_t(waiting.size()) <= leave || lists_.draws - drawn > budget) break;
    market_.oracle.change_prices(market_.price.data(), changed_.data(), std::int64_t(changed_.size()));
    for (const std::int32_t j : changed_) is_changed_[std::size_t(j)] = 0;
    changed_.clear();
    const auto size = std::ptrdiff_t(std::min<std::size_t>(waiting.size(), BATCH));
    batch.assign(waiting.begin(), waiting.begin() + size);
    waiting.erase(waiting.begin(), waiting.begin() + size);
    lists_.draw(batch, market_.price.data(), keep, margin_, crew_, flag_);
    active = batch;
  }
  settle_up();
}

void Auction::settle_up() {
  for (std::size_t i = 0; i < market_.mate.size(); ++i)
    if (market_.mate_place[i] < 0) market_.mate[i] = -1;
}

// Puts `owner` (or nobody, -1) on a place whose price falls to `price`, and the place first in its heap.
void Auction::lower(std::int64_t place, std::int64_t price, std::int32_t owner) {
  const std::int64_t j = std::upper_bound(market_.place_offset.begin(), market_.place_offset.end(), place) -
                         market_.place_offset.begin() - 1;
  const std::int64_t first = market_.place_offset[std::size_t(j)];
  std::int64_t at = place - first;
  for (; at > 0; at = (at - 1) / 2) {
    const auto parent = std::size_t(first + (at - 1) / 2), here = std::size_t(first + at);
    if (market_.place_price[parent] <= price) break;
    market_.place_price[here] = market_.place_price[parent];
    const std::int32_t moved = market_.place_owner[here] = market_.place_owner[parent];
    if (moved >= 0) market_.mate_place[std::size_t(moved)] = std::int32_t(here);
  }
  market_.place_price[std::size_t(first + at)] = price;
  market_.place_owner[std::size_t(first + at)] = owner;
  if (owner >= 0) {
    market_.mate_place[std::size_t(owner)] = std::int32_t(first + at);
    market_.mate[std::size_t(owner)] = std::int32_t(j);
  }
  market_.price[std::size_t(j)] = market_.place_price[std::size_t(first)];
}

// An empty place of j with a price asks less, until somebody gains by coming or the price is zero. False: draw first.
bool Auction::offer(std::int32_t j, std::int64_t eps, std::vector<std::int32_t> &losers) {
  std::int64_t place = -1;
  for (std::int64_t p = market_.place_offset[std::size_t(j)]; p < market_.place_offset[std::size_t(j) + 1]; ++p)
    if (market_.place_owner[std::size_t(p)] < 0 && market_.place_price[std::size_t(p)] > 0) place = p;
  if (place < 0) return true;
  if (!back_lists_.drawn(j)) return false;
  std::int64_t best = NO_VALUE, second = NO_VALUE;
  std::int32_t who = -1;
  for (int c = 0; c < back_lists_.number(j); ++c) {
    const std::int32_t i = back_lists_.item(j)[c];
    if (market_.mate[std::size_t(i)] == j) continue;
    const std::int64_t gain = back_lists_.points(j)[c] - profit_[std::size_t(i)];
    if (gain > second) {
      if (gain > best) second = best, best = gain, who = i;
      else second = gain;
    }
  }
  const std::int64_t hidden = back_lists_.bound(j);
  if (who < 0 && back_lists_.number(j) > 0 && hidden > eps && hidden <= market_.price[std::size_t(j)]) {
    // The list holds nobody but those who are here already, and a new one might again. Nobody else gains more than
    // `hidden`, so this place may ask a step less than that; then those who are here hide nobody.
    lower(place, std::min(market_.place_price[std::size_t(place)], hidden - eps), -1);
    settle_profits(j);
    losers.push_back(j);
    return true;
  }
  if (hidden - best > eps - (eps + 1) / 2 && hidden > eps) return false;
  if (best <= eps) {
    lower(place, 0, -1);
    settle_profits(j);
    losers.push_back(j);  // another place of j may have to come down too
    return true;
  }
  second = std::max(second, hidden);
  const std::int64_t price = std::min(market_.place_price[std::size_t(place)], std::max<std::int64_t>(0, second - eps));
  const std::int32_t left = market_.mate_place[std::size_t(who)];
  if (left >= 0) {
    market_.place_owner[std::size_t(left)] = -1;
    losers.push_back(market_.mate[std::size_t(who)]);
  }
  lower(place, price, who);
  settle_profits(j);
  losers.push_back(j);
  return true;
}

// The price of j fell: whoever has a place there gains. Profits only rise.
void Auction::settle_profits(std::int32_t j) {
  for (std::int64_t p = market_.place_offset[std::size_t(j)]; p < market_.place_offset[std::size_t(j) + 1]; ++p) {
    const std::int32_t i = market_.place_owner[std::size_t(p)];
    if (i < 0) continue;
    profit_[std::size_t(i)] = market_.oracle.points(i, j) - market_.price[std::size_t(j)];
    back_changed_.push_back(i);
  }
}

void Auction::reverse(std::int64_t eps, int keep) {
  std::vector<std::int32_t> waiting, active, losers;
  for (std::int32_t j = 0; j < market_.num_right(); ++j)
    for (std::int64_t p = market_.place_offset[std::size_t(j)]; p < market_.place_offset[std::size_t(j) + 1]; ++p)
      if (market_.place_owner[std::size_t(p)] < 0 && market_.place_price[std::size_t(p)] > 0) {
        active.push_back(j);
        break;
      }
  if (active.empty()) return;
  has_lowered = true;
  profit_ = market_.outside;
  for (std::size_t i = 0; i < profit_.size(); ++i)
    if (market_.mate_place[i] >= 0)
      profit_[i] = market_.oracle.points(std::int64_t(i), market_.mate[i]) - market_.price[std::size_t(market_.mate[i])];
    else  // left for the next phase: it could have this much, so it comes for no less
      profit_[i] = std::max(best(std::int64_t(i)), lists_.bound(std::int64_t(i)));
  transposed_.set_prices(profit_.data());
  back_lists_.expire();
  back_changed_.clear();
  for (;;) {
    for (std::size_t next = 0; next < active.size(); ++next) {
      if ((next & 1023) == 0) flag_.check();
      losers.clear();
      if (!offer(active[next], eps, losers)) waiting.push_back(active[next]);
      active.insert(active.end(), losers.begin(), losers.end());
    }
    std::sort(waiting.begin(), waiting.end());
    waiting.erase(std::unique(waiting.begin(), waiting.end()), waiting.end());
    if (waiting.empty()) break;
    transposed_.change_prices(profit_.data(), back_changed_.data(), std::int64_t(back_changed_.size()));
    back_changed_.clear();
    back_lists_.draw(waiting, profit_.data(), std::min(keep, back_lists_.k), margin_, crew_, flag_);
    active.swap(waiting);
    waiting.clear();
  }
}

}  // namespace twin
