// The two passes of paths.hpp.

#include "core/paths.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace twin {

namespace {
constexpr std::int64_t FAR = INT64_MAX / 4;
constexpr std::int64_t MOST_AT_ONCE = 1 << 21;  // arcs drawn in one go
constexpr std::int64_t WINDOW = 2;  // points that a list which has grown goes below its end, at least
constexpr std::int64_t CHUNK = 16;  // lists that a thread looks through or writes in one go
constexpr std::int64_t STALE = 16;  // points
}

Paths::Paths(Market &market, Oracle &oracle, std::vector<std::int64_t> &left_potential, bool forward, int k, Crew &crew,
             Flag flag)
    : market_(market), oracle_(oracle), forward_(forward), crew_(crew), flag_(flag),
      left_potential_(left_potential), bidder_potential_(forward ? left_potential : market.price),
      item_potential_(forward ? market.price : left_potential), lists_(oracle, k) {
  const auto bidders = std::size_t(oracle.num_left()), items = std::size_t(oracle.num_right());
  list_.resize(bidders), scanned_.assign(bidders, 0);
  tight_of_.resize(bidders), bidder_level_.resize(bidders), item_level_.resize(items);
  is_changed_.assign(items, 0), has_risen_.assign(items, 0), has_fallen_.assign(bidders, 0);
  item_distance_.resize(items), from_.resize(items), item_seen_.assign(items, 0), item_done_.assign(items, 0);
  bidder_distance_.resize(bidders), via_.resize(bidders), bidder_seen_.assign(bidders, 0), root_used_.assign(bidders, 0);
  tell();
}

void Paths::tell() {
  oracle_.set_prices(item_potential_.data());
  for (const std::int32_t b : changed_) is_changed_[std::size_t(b)] = 0;
  changed_.clear();
}

void Paths::draw_all(int keep) {
  std::vector<std::int32_t> rows;
  for (std::int32_t b = 0; b < oracle_.num_left(); ++b)
    if (!lists_.drawn(b) || lists_.bound(b) > best(b)) rows.push_back(b);
  lists_.draw(rows, item_potential_.data(), keep, ONCE, crew_, flag_);
}

std::int64_t Paths::best(std::int64_t bidder) const {
  std::int64_t best = NO_VALUE;
  for (int c = 0; c < lists_.number(bidder); ++c)
    best = std::max(best, lists_.points(bidder)[c] - item_potential_[std::size_t(lists_.item(bidder)[c])]);
  return best;
}

void Paths::write(std::int32_t bidder, int k, const std::int32_t *item, const std::int64_t *points, std::int64_t number,
                  std::int64_t bound) {
  auto &list = list_[std::size_t(bidder)];
  if (!list) list = std::make_unique<List>();
  std::vector<std::pair<std::int64_t, std::int32_t>> order;  // (minus what it is worth, item), to be sorted
  order.reserve(std::size_t(number));
  for (std::int64_t c = 0; c < number; ++c) order.emplace_back(item_potential_[std::size_t(item[c])] - points[c], item[c]);
  std::sort(order.begin(), order.end());
  // (an empty list has no top)
  const std::int64_t top = number > 0 ? -order.front().first : 0;
  list->k = k, list->bound = bound, list->top = top, list->epoch = epoch_;
  list->item.clear(), list->below.clear(), list->points.clear();
  list->item.reserve(order.size()), list->points.reserve(order.size());
  list->below.reserve(order.size() / List::STRIDE + 1);
  for (const auto &[minus, b] : order) {
    if (list->item.size() % List::STRIDE == 0)
      list->below.push_back(std::int32_t(std::min<std::int64_t>(top + minus, INT32_MAX)));
    list->item.push_back(b);
    list->points.push_back(item_potential_[std::size_t(b)] - minus);
  }
}

bool Paths::in_need(std::int64_t bidder) const {
  const auto b = std::size_t(bidder);
  if (!forward_) return market_.price[b] >= grain_ && vacant_[b] > 0;
  return market_.mate_place[b] < 0 && (market_.outside[b] == NO_VALUE || left_potential_[b] - market_.outside[b] >= grain_);
}

bool Paths::is_free(std::int32_t item) const {
  if (!sure_.empty()) {
    bool sure = false;
    each_owner(item, [&](std::int32_t owner) { sure = sure || sure_[std::size_t(owner)]; });
    if (sure) return true;
  }
  const auto b = std::size_t(item);
  return forward_ ? vacant_[b] > 0 : market_.mate_place[b] < 0 && market_.outside[b] != AWAY;
}

bool Paths::may_stay(std::int32_t bidder) const {
  const auto b = std::size_t(bidder);
  return forward_ ? market_.outside[b] != NO_VALUE && left_potential_[b] - market_.outside[b] < grain_ : market_.price[b] < grain_;
}

void Paths::count_vacant() {
  vacant_.assign(market_.price.size(), 0);
  for (std::size_t j = 0; j < vacant_.size(); ++j)
    for (std::int64_t p = market_.place_offset[j]; p < market_.place_offset[j + 1]; ++p)
      vacant_[j] += market_.place_owner[std::size_t(p)] < 0;
}

std::int64_t Paths::run(bool together, std::int64_t spare, std::int64_t budget, std::int64_t draw_steps) {
  count_vacant();
  for (std::int32_t b = 0; b < oracle_.num_left(); ++b) {
    if ((b & 1023) == 0) flag_.check();
    if (!list_[std::size_t(b)] && lists_.drawn(b))
      write(b, lists_.k, lists_.item(b), lists_.points(b), lists_.number(b), lists_.bound(b));
  }
  std::vector<std::int32_t> sources;
  for (std::int32_t b = 0; b < oracle_.num_left(); ++b)
    if (in_need(b)) sources.push_back(b);
  const auto needs = std::int64_t(sources.size()), drawn = lists_.draws;
  std::vector<std::int32_t> now;
  const auto reach = [&](const std::vector<std::int32_t> &from) {
    if (!measure(from)) throw std::runtime_error("no augmenting path: coverage was promised and is not there");
  };
  while (!sources.empty()) {
    if (std::int64_t(sources.size()) <= spare || steps + draw_steps * (lists_.draws - drawn) > budget) return needs;
    if (!together) {
      // A node that is served leaves the end of the row.
      now.assign(1, sources.back());
      reach(now);
      move_potentials();
      augment();
      while (!sources.empty() && !in_need(sources.back())) sources.pop_back();
      continue;
    }
    reach(sources);
    move_potentials();
    augment();
    std::erase_if(sources, [&](std::int32_t b) { return !in_need(b); });
    serve(sources);
  }
  finished = true;
  return needs;
}

void Paths::push(std::int64_t key, std::int64_t node) {
  heap_.push_back({key, node});
  std::push_heap(heap_.begin(), heap_.end(), Later{});
}

// A path of this length could end at this node.
void Paths::end_at(std::int64_t key, std::int64_t node) {
  if (key > end_key_) return;
  if (key < end_key_) end_key_ = key, ends_.clear();
  ends_.push_back(node);
}

// Looks along the arcs of an open bidder, as far as this distance.
void Paths::scan(std::int32_t bidder, std::int64_t distance) {
  const std::int64_t base = bidder_distance_[std::size_t(bidder)], potential = bidder_potential_[std::size_t(bidder)];
  const auto &list = list_[std::size_t(bidder)];
  if (!list || list->bound == Candidates::UNKNOWN) return push(distance, -1 - std::int64_t{bidder});
  std::size_t &c = scanned_[std::size_t(bidder)];
  for (; c < list->item.size() && base + whole(potential - most(*list, c)) <= distance; ++c) {
    const auto b = std::size_t(list->item[c]);
    const std::int64_t key = base + whole(potential + item_potential_[b] - list->points[c]);
    if (key > end_key_ || (item_seen_[b] == round_ && item_distance_[b] <= key)) continue;
    item_seen_[b] = round_, item_distance_[b] = key, from_[b] = bidder;
    if (is_free(list->item[c])) end_at(key, list->item[c]);
    else if (key < end_key_) push(key, list->item[c]);
  }
  const std::int64_t rest = next(*list, c);
  if (rest == NO_VALUE) return;
  if (const std::int64_t key = base + whole(potential - rest); key < end_key_) push(key, -1 - std::int64_t{bidder});
}

void Paths::open(std::int32_t bidder, std::int64_t distance, std::int32_t via) {
  const auto a = std::size_t(bidder);
  if (bidder_seen_[a] == round_) return;
  bidder_seen_[a] = round_, bidder_distance_[a] = distance, via_[a] = via;
  bidders_.push_back(bidder);
  ++steps;
  const std::int64_t least = forward_ ? market_.outside[a] : 0;
  if (least != NO_VALUE) end_at(distance + whole(bidder_potential_[a] - least), -1 - std::int64_t{bidder});
  if (!forward_)
    // Whoever has a place here stays tight: their potentials rise as this price falls.
    for (std::int64_t p = market_.place_offset[a]; p < market_.place_offset[a + 1]; ++p) {
      const std::int32_t owner = market_.place_owner[std::size_t(p)];
      if (owner < 0 || item_done_[std::size_t(owner)] == round_) continue;
      item_seen_[std::size_t(owner)] = item_done_[std::size_t(owner)] = round_;
      item_distance_[std::size_t(owner)] = distance;
      items_.push_back(owner);
    }
  scanned_[a] = 0;
  forget_stale(bidder);
  scan(bidder, distance);
}

// A list that ends too early for what has fallen since is drawn again when it is next asked, as long as it was.
void Paths::forget_stale(std::int32_t bidder) {
  auto &list = list_[std::size_t(bidder)];
  if (!list || list->bound == NO_VALUE || drift_[list->epoch] <= STALE) return;
  list->item.clear(), list->below.clear(), list->points.clear();
  list->bound = Candidates::UNKNOWN;
}

// What a list of k that is drawn again need not go below: the k-th best is no worse than the worst of k that are known, and
// a list that has grown is drawn for what ties at its end and as much farther as it went before.
std::int64_t Paths::floor_of(std::int32_t bidder, int k) const {
  const auto &old = list_[std::size_t(bidder)];
  if (!old || old->bound == Candidates::UNKNOWN) return NO_VALUE;
  std::int64_t floor = NO_VALUE;
  if (old->item.size() == std::size_t(k)) {
    std::int64_t worst = INT64_MAX;
    for (std::size_t c = 0; c < old->item.size(); ++c)
      worst = std::min(worst, old->points[c] - item_potential_[std::size_t(old->item[c])]);
    floor = worst - 1;
  }
  if (k > lists_.k && old->bound != NO_VALUE) {
    const std::int64_t went = std::max({WINDOW, grain_, old->top - old->bound});
    floor = std::max(floor, bound(*old) - went - 1);
  }
  return floor;
}

// Draws the lists again at today's potentials, and sixteen times as long where that does not bring their ends down.
void Paths::lengthen(std::vector<std::int32_t> &bidders) {
  oracle_.change_prices(item_potential_.data(), changed_.data(), std::int64_t(changed_.size()));
  for (const std::int32_t b : changed_) is_changed_[std::size_t(b)] = 0;
  changed_.clear();
  std::vector<std::int32_t> asked(bidders), rows, again, item, number;
  std::vector<std::int64_t> points, bound, floor;
  std::vector<std::uint8_t> is_short;
  const auto longer = [&](int k) { return int(std::min<std::int64_t>(16 * std::int64_t{k}, std::max<std::int64_t>(k + 1, oracle_.num_right()))); };
  const auto length = [&](std::int32_t b) { return list_[std::size_t(b)] ? list_[std::size_t(b)]->k : lists_.k; };
  while (!asked.empty()) {
    // Lists of one length are drawn together, some at a time.
    int k = length(asked.front());
    for (const std::int32_t b : asked) k = std::min(k, length(b));
    rows.clear(), again.clear();
    for (const std::int32_t b : asked) (length(b) == k && std::int64_t(rows.size()) * k < MOST_AT_ONCE ? rows : again).push_back(b);
    floor.resize(rows.size());
    crew_.run(std::int64_t(rows.size()), CHUNK, [&](int, std::int64_t first, std::int64_t last) {
      for (auto r = std::size_t(first); r < std::size_t(last); ++r) floor[r] = floor_of(rows[r], k);
    });
    // Where k are known that are no worse than the end, a list of k ends there again.
    std::size_t count = 0;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto &old = list_[std::size_t(rows[r])];
      if (old && floor[r] >= this->bound(*old) - 1) old->k = longer(k), again.push_back(rows[r]);
      else rows[count] = rows[r], floor[count++] = floor[r];
    }
    const auto width = std::size_t(k);
    item.resize(count * width), points.resize(count * width), number.resize(count);
    bound.resize(count), is_short.resize(count);
    oracle_.search(rows.data(), std::int64_t(count), k, floor.data(), ONCE,
                   {item.data(), points.data(), number.data(), bound.data()}, crew_, flag_);
    lists_.draws += std::int64_t(count);
    crew_.run(std::int64_t(count), CHUNK, [&](int, std::int64_t first, std::int64_t last) {
      for (auto r = std::size_t(first); r < std::size_t(last); ++r) {
        if ((r & 63) == 0) flag_.check();
        const auto &old = list_[std::size_t(rows[r])];
        is_short[r] = old && bound[r] >= this->bound(*old);
        write(rows[r], k, item.data() + r * width, points.data() + r * width, number[r], bound[r]);
      }
    });
    for (std::size_t r = 0; r < count; ++r) {
      scanned_[std::size_t(rows[r])] = 0;
      if (!is_short[r]) continue;
      list_[std::size_t(rows[r])]->k = longer(k);
      again.push_back(rows[r]);
    }
    asked.swap(again);
  }
}

// Dijkstra from all sources at once, as far as the nearest end.
bool Paths::measure(const std::vector<std::int32_t> &sources) {
  ++round_;
  heap_.clear(), bidders_.clear(), items_.clear(), ends_.clear();
  end_key_ = FAR;
  for (const std::int32_t b : sources) open(b, 0, -1);
  std::vector<std::int32_t> short_lists;
  std::int64_t distance = 0;
  for (std::int64_t pops = 0;; ++pops) {
    if ((pops & 1023) == 0) flag_.check();
    if (!short_lists.empty() && (heap_.empty() || heap_.front().key > distance)) {
      // Everything else at this distance is done: the lists that end here are drawn together.
      lengthen(short_lists);
      for (const std::int32_t b : short_lists) scan(b, distance);
      short_lists.clear();
      continue;
    }
    if (heap_.empty()) break;
    std::pop_heap(heap_.begin(), heap_.end(), Later{});
    const Entry entry = heap_.back();
    heap_.pop_back();
    if (entry.key >= end_key_) break;
    distance = entry.key;
    if (entry.node < 0) {
      const auto bidder = static_cast<std::int32_t>(-1 - entry.node);
      const auto &list = list_[std::size_t(bidder)];
      if (list && next(*list, scanned_[std::size_t(bidder)]) > bound(*list)) scan(bidder, distance);
      else short_lists.push_back(bidder);
      continue;
    }
    const auto b = std::size_t(entry.node);
    if (item_done_[b] == round_) continue;
    item_done_[b] = round_;
    items_.push_back(static_cast<std::int32_t>(b));
    each_owner(static_cast<std::int32_t>(b), [&](std::int32_t bidder) { open(bidder, distance, static_cast<std::int32_t>(b)); });
  }
  return end_key_ != FAR;
}

void Paths::lift() {
  count_vacant();
  sure_.assign(list_.size(), 0);
  const auto has_partner = [&](std::size_t b) {
    return forward_ ? market_.mate_place[b] >= 0 : market_.price[b] > 0 && vacant_[b] == 0;
  };
  for (std::size_t b = 0; b < list_.size(); ++b) {
    if (sure_[b] || !has_partner(b)) continue;
    if (!measure({std::int32_t(b)})) continue;  // there is none: nothing is moved
    move_potentials();
    for (const std::int64_t end : ends_) {
      const auto last = static_cast<std::int32_t>(end < 0 ? -1 - end : -1);
      if (end < 0) sure_[std::size_t(last)] = 1;
      for (std::int32_t item = end < 0 ? via_[std::size_t(last)] : std::int32_t(end); item >= 0;) {
        const std::int32_t root = from_[std::size_t(item)];
        sure_[std::size_t(root)] = 1;
        item = via_[std::size_t(root)];
      }
    }
  }
  sure_.clear();
}

void Paths::move_potentials() {
  if (at_home_ && end_key_ > 0) begin_epoch();
  for (const std::int32_t a : bidders_) {
    const std::int64_t fall = end_key_ - bidder_distance_[std::size_t(a)];
    if (fall <= 0) continue;
    bidder_potential_[std::size_t(a)] -= fall;
    if (!has_fallen_[std::size_t(a)]) has_fallen_[std::size_t(a)] = 1, fell_.push_back(a);
  }
  fallen_ += end_key_;  // sources are at distance 0
  for (const std::int32_t b : items_) {
    const std::int64_t rise = end_key_ - item_distance_[std::size_t(b)];
    if (rise <= 0) continue;
    item_potential_[std::size_t(b)] += rise;
    moved(b);
    if (!has_risen_[std::size_t(b)]) has_risen_[std::size_t(b)] = 1, rose_.push_back(b);
  }
}

Paths::Moves Paths::settle() {
  for (const std::int32_t a : fell_) has_fallen_[std::size_t(a)] = 0;
  for (const std::int32_t b : rose_) has_risen_[std::size_t(b)] = 0;
  return {std::exchange(fell_, {}), std::exchange(rose_, {}), std::exchange(fallen_, 0)};
}

// One path from each tree that has come to an end; trees of different roots share nothing.
void Paths::augment() {
  std::vector<std::pair<std::int32_t, std::int32_t>> joins;  // (bidder, item), from the end of the path to its start
  std::vector<std::int32_t> lefts;
  for (const std::int64_t end : ends_) {
    const auto last = static_cast<std::int32_t>(end < 0 ? -1 - end : -1);
    std::int32_t root = last;
    joins.clear(), lefts.clear();
    if (end < 0 && forward_) lefts.push_back(last);
    for (std::int32_t item = end < 0 ? via_[std::size_t(last)] : std::int32_t(end); item >= 0; item = via_[std::size_t(root)])
      root = from_[std::size_t(item)], joins.emplace_back(root, item);
    if (root_used_[std::size_t(root)] == round_) continue;
    root_used_[std::size_t(root)] = round_;
    for (auto [a, b] : joins) lefts.push_back(forward_ ? a : b);
    for (const std::int32_t left : lefts) leave(left);
    for (auto [a, b] : joins) forward_ ? join(a, b) : join(b, a);
  }
}

void Paths::leave(std::int32_t left) {
  const std::int32_t place = market_.mate_place[std::size_t(left)];
  if (place < 0) return;
  market_.place_owner[std::size_t(place)] = -1;
  ++vacant_[std::size_t(market_.mate[std::size_t(left)])];
  market_.mate_place[std::size_t(left)] = market_.mate[std::size_t(left)] = -1;
}

void Paths::join(std::int32_t left, std::int32_t right) {
  std::int64_t place = market_.place_offset[std::size_t(right)];
  while (market_.place_owner[std::size_t(place)] >= 0) ++place;
  market_.place_owner[std::size_t(place)] = left;
  --vacant_[std::size_t(right)];
  market_.mate_place[std::size_t(left)] = static_cast<std::int32_t>(place);
  market_.mate[std::size_t(left)] = right;
}

}  // namespace twin
