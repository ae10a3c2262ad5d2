// The repair of repair.hpp.

#include "core/repair.hpp"

#include <algorithm>
#include <queue>

namespace twin {

Repair::Repair(const RepairTask &task, const std::int32_t *mate, Flag flag)
    : t_(task), flag_(flag), mate_(std::size_t(task.num_left), -1), mine_(std::size_t(task.num_left), -1),
      load_(std::size_t(task.num_right), 0), holders_(std::size_t(task.num_right)), count_(std::size_t(task.num_quotas), 0),
      none_(task.right_kinds), backward_(std::size_t(task.num_right)), distance_(std::size_t(task.num_right), FAR), via_(std::size_t(task.num_right)) {
  cost_.assign(std::size_t(t_.left_kinds) * std::size_t(none_), 0);
  for (std::int32_t a = 0; a < t_.left_kinds; ++a)
    for (std::int32_t b = 0; b < none_; ++b)
      members(a, b, [&](std::size_t q) { cost_[std::size_t(a) * std::size_t(none_) + std::size_t(b)] += t_.price[q]; });
  for (std::int32_t i = 0; i < t_.num_left; ++i)
    for (std::int64_t c = t_.offset[i]; c < t_.offset[i + 1]; ++c) {
      backward_[std::size_t(t_.item[c])].push_back({i, c});
      if (t_.item[c] == mate[i]) place(i, c);
    }
}

template <class Visit>
void Repair::members(std::int32_t left_kind, std::int32_t right_kind, const Visit &visit) const {
  if (right_kind == none_) return;
  const std::int64_t cell = std::int64_t{left_kind} * none_ + right_kind;
  for (std::int64_t m = t_.member_offset[cell]; m < t_.member_offset[cell + 1]; ++m) visit(std::size_t(t_.member[m]));
}

bool Repair::holds(std::int32_t left_kind, std::int32_t right_kind, std::size_t quota) const {
  bool found = false;
  members(left_kind, right_kind, [&](std::size_t q) { found |= q == quota; });
  return found;
}

// -- What links cost ------------------------------------------------------------------------------------------------------

// What quotas ask for a change of kind; FAR: it is barred.
std::int64_t Repair::toll(std::int32_t left_kind, std::int32_t from, std::int32_t into) const {
  if (from == into) return 0;
  std::int64_t sum = 0;
  members(left_kind, into, [&](std::size_t q) {
    if (holds(left_kind, from, q)) return;
    if (count_[q] >= t_.high[q]) sum = FAR;
    else if (count_[q] >= t_.low[q] && t_.price[q] < 0 && sum < FAR) sum -= t_.price[q];
  });
  members(left_kind, from, [&](std::size_t q) {
    if (holds(left_kind, into, q)) return;
    if (count_[q] <= t_.low[q]) sum = FAR;
    else if (count_[q] <= t_.high[q] && t_.price[q] > 0 && sum < FAR) sum += t_.price[q];
  });
  return sum;
}

// By how much less a pair pays than its left node asks for.
std::int64_t Repair::loss(std::int32_t i, std::int64_t pair) const {
  if (pair < 0) return t_.alone[i] == NO_VALUE ? FAR : t_.left_price[i] - t_.alone[i];
  const std::size_t cell = std::size_t(t_.left_kind[i]) * std::size_t(none_) + std::size_t(kind(pair));
  return t_.left_price[i] - (t_.points[pair] - cost_[cell] - t_.right_price[t_.item[pair]]);
}

// What it costs that a left node goes to a place in somebody else's interest.
std::int64_t Repair::link_cost(std::int32_t i, std::int64_t pair) const {
  const std::int64_t missing = loss(i, pair);
  if (missing >= FAR) return FAR;
  const std::int64_t asked = toll(t_.left_kind[i], kind(mine_[std::size_t(i)]), kind(pair));
  return asked >= FAR ? FAR : std::max<std::int64_t>(0, missing) + asked;
}

// -- Labels ---------------------------------------------------------------------------------------------------------------

// What it costs that one more comes to each place: nothing where there is room, or somebody who is there goes on.
void Repair::measure_chains() {
  chain_.assign(std::size_t(t_.num_right), FAR);
  std::priority_queue<Label> open;
  const auto offer = [&](std::int32_t place, std::int64_t cost) {
    if (cost >= chain_[std::size_t(place)]) return;
    chain_[std::size_t(place)] = cost;
    open.push({cost, place});
  };
  for (std::int32_t j = 0; j < t_.num_right; ++j)
    if (has_room(j)) offer(j, 0);
  for (std::int32_t i = 0; i < t_.num_left; ++i)
    if (mate_[std::size_t(i)] >= 0) offer(mate_[std::size_t(i)], link_cost(i, -1));
  while (!open.empty()) {
    const auto [cost, place] = open.top();
    open.pop();
    if (cost > chain_[std::size_t(place)]) continue;
    for (const auto &[i, pair] : backward_[std::size_t(place)]) {
      const std::int32_t from = mate_[std::size_t(i)];
      if (from < 0 || from == place) continue;
      const std::int64_t link = link_cost(i, pair);
      if (link < FAR) offer(from, cost + link);
    }
  }
}

// What it costs that one goes from each place: its price, or somebody comes from elsewhere.
void Repair::measure_draughts() {
  draught_.assign(t_.right_price, t_.right_price + t_.num_right);
  std::priority_queue<Label> open;
  for (std::int32_t j = 0; j < t_.num_right; ++j)
    if (load_[std::size_t(j)] > 0) open.push({draught_[std::size_t(j)], j});
  while (!open.empty()) {
    const auto [cost, place] = open.top();
    open.pop();
    if (cost > draught_[std::size_t(place)]) continue;
    for (const std::int32_t i : holders_[std::size_t(place)])
      for (std::int64_t c = t_.offset[i]; c < t_.offset[i + 1]; ++c) {
        const std::int32_t j = t_.item[c];
        const std::int64_t link = j == place ? FAR : link_cost(i, c);
        if (link >= FAR || cost + link >= draught_[std::size_t(j)]) continue;
        draught_[std::size_t(j)] = cost + link;
        open.push({cost + link, j});
      }
  }
}

std::vector<Repair::Move> Repair::moves(std::int64_t k) {
  measure_chains();
  flag_.check();
  measure_draughts();
  flag_.check();
  const auto width = std::size_t(none_ + 1);
  std::vector<std::vector<Move>> found(std::size_t(t_.left_kinds) * width * width);
  std::vector<Move> best(width);
  for (std::int32_t i = 0; i < t_.num_left; ++i) {
    const std::int64_t mine = mine_[std::size_t(i)];
    const std::int64_t before = mine < 0 ? std::min<std::int64_t>(loss(i, -1), 0) : loss(i, mine) - draught_[std::size_t(mate_[std::size_t(i)])];
    for (auto &move : best) move = {-1, -1, FAR};
    const auto offer = [&](std::int64_t pair) {
      const std::int64_t chain = pair < 0 ? 0 : chain_[std::size_t(t_.item[pair])], missing = loss(i, pair);
      if (chain >= FAR || missing >= FAR) return;
      Move &move = best[std::size_t(kind(pair))];
      if (missing + chain - before < move.cost) move = {i, pair, missing + chain - before};
    };
    if (mine >= 0) offer(-1);
    for (std::int64_t c = t_.offset[i]; c < t_.offset[i + 1]; ++c)
      if (kind(c) != kind(mine)) offer(c);
    for (std::size_t into = 0; into < width; ++into)
      if (best[into].left >= 0)
        found[(std::size_t(t_.left_kind[i]) * width + std::size_t(kind(mine))) * width + into].push_back(best[into]);
  }
  std::vector<Move> out;
  for (auto &list : found) {
    const auto cheaper = [](const Move &a, const Move &b) { return a.cost != b.cost ? a.cost < b.cost : a.left < b.left; };
    const std::size_t kept = std::min(list.size(), std::size_t(k));
    std::partial_sort(list.begin(), list.begin() + std::ptrdiff_t(kept), list.end(), cheaper);
    out.insert(out.end(), list.begin(), list.begin() + std::ptrdiff_t(kept));
  }
  return out;
}

// -- Making moves ---------------------------------------------------------------------------------------------------------

void Repair::place(std::int32_t i, std::int64_t pair) {
  std::int64_t &mine = mine_[std::size_t(i)];
  for (const bool out : {true, false}) {
    if (!out) mine = pair, mate_[std::size_t(i)] = pair < 0 ? -1 : t_.item[pair];
    if (mine < 0) continue;
    const auto j = std::size_t(t_.item[mine]);
    load_[j] += out ? -1 : 1;
    if (out) holders_[j].erase(std::find(holders_[j].begin(), holders_[j].end(), i));
    else holders_[j].push_back(i);
    members(t_.left_kind[i], kind(mine), [&](std::size_t q) { count_[q] += out ? -1 : 1; });
  }
}

// Lets whoever is one too many at a place go on, by the cheapest chain, but for the one who came; false: there is none.
bool Repair::settle(std::int32_t into, std::int32_t root) {
  if (load_[std::size_t(into)] <= t_.places[into]) return true;
  std::priority_queue<Label> open;
  const auto offer = [&](std::int32_t j, std::int64_t cost, Link link) {
    if (cost >= distance_[std::size_t(j)]) return;
    if (distance_[std::size_t(j)] == FAR) touched_.push_back(j);
    distance_[std::size_t(j)] = cost, via_[std::size_t(j)] = link;
    open.push({cost, j});
  };
  std::int64_t least = FAR;  // of staying without
  std::int32_t stays = -1, end = -1;
  offer(into, 0, {});
  while (!open.empty()) {
    const auto [cost, place] = open.top();
    open.pop();
    if (cost > distance_[std::size_t(place)]) continue;
    if (cost >= least) break;
    if (has_room(place)) {
      end = place;
      break;
    }
    for (const std::int32_t i : holders_[std::size_t(place)]) {
      if (i == root) continue;
      if (const std::int64_t link = link_cost(i, -1); link < FAR && cost + link < least) least = cost + link, stays = i;
      for (std::int64_t c = t_.offset[i]; c < t_.offset[i + 1]; ++c)
        if (const std::int64_t link = link_cost(i, c); link < FAR && t_.item[c] != place) offer(t_.item[c], cost + link, {i, c});
    }
  }
  const bool found = end >= 0 || stays >= 0;
  if (found && end < 0) end = mate_[std::size_t(stays)], place(stays, -1);
  for (; found && end != into;) {
    const auto [i, pair] = via_[std::size_t(end)];
    end = mate_[std::size_t(i)];
    place(i, pair);
  }
  for (const std::int32_t j : touched_) distance_[std::size_t(j)] = FAR;
  touched_.clear();
  return found;
}

// Fills a place that is left empty and costs something, by the cheapest draught, if that is cheaper.
void Repair::draw(std::int32_t out, std::int32_t root) {
  if (load_[std::size_t(out)] >= t_.places[out] || t_.right_price[out] == 0) return;
  std::priority_queue<Label> open;
  const auto offer = [&](std::int32_t j, std::int64_t cost, Link link) {
    if (cost >= distance_[std::size_t(j)]) return;
    if (distance_[std::size_t(j)] == FAR) touched_.push_back(j);
    distance_[std::size_t(j)] = cost, via_[std::size_t(j)] = link;
    open.push({cost, j});
  };
  std::int64_t least = t_.right_price[out];
  std::int32_t end = out;
  offer(out, 0, {});
  while (!open.empty()) {
    const auto [cost, place] = open.top();
    open.pop();
    if (cost >= least) break;
    if (cost > distance_[std::size_t(place)]) continue;
    if (cost + t_.right_price[place] < least) least = cost + t_.right_price[place], end = place;
    for (const auto &[i, pair] : backward_[std::size_t(place)]) {
      const std::int32_t from = mate_[std::size_t(i)];
      if (from < 0 || from == place || i == root) continue;
      if (const std::int64_t link = link_cost(i, pair); link < FAR) offer(from, cost + link, {i, pair});
    }
  }
  // Whoever left `end` last went to the place that it was reached from, and so on, back to `out`.
  while (end != out) {
    const auto [i, pair] = via_[std::size_t(end)];
    place(i, pair);
    end = t_.item[pair];
  }
  for (const std::int32_t j : touched_) distance_[std::size_t(j)] = FAR;
  touched_.clear();
}

void Repair::make(const std::int32_t *left, const std::int64_t *pair, std::int64_t count) {
  for (std::int64_t n = 0; n < count; ++n) {
    if ((n & 63) == 0) flag_.check();
    const std::int32_t i = left[n], out = mate_[std::size_t(i)];
    const std::int64_t before = mine_[std::size_t(i)];
    if (before == pair[n]) continue;
    place(i, pair[n]);
    if (pair[n] >= 0 && !settle(t_.item[pair[n]], i)) {
      place(i, before);
      continue;
    }
    if (out >= 0) draw(out, i);
  }
}

}  // namespace twin
