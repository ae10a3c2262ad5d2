// The steps of upkeep.hpp.

#include "core/upkeep.hpp"

#include <algorithm>
#include <stdexcept>

namespace twin {

namespace {
const std::vector<std::int64_t> &no_places(std::int64_t count) {
  thread_local std::vector<std::int64_t> none;
  none.assign(std::size_t(count), 0);
  return none;
}
const std::vector<std::int64_t> &must_have(std::int64_t count) {
  thread_local std::vector<std::int64_t> outside;
  outside.assign(std::size_t(count), NO_VALUE);
  return outside;
}
}  // namespace

Upkeep::Upkeep(Oracle &graph, Oracle &transposed, int k, int threads, Flag flag)
    : n_(graph.num_left()), m_(graph.num_right()), crew_(threads), left_price_(std::size_t(n_), 0),
      market_(graph, no_places(m_).data(), must_have(n_).data()), forward_(market_, graph, left_price_, true, k, crew_, flag),
      backward_(market_, transposed, left_price_, false, k, crew_, flag) {}

void Upkeep::place(const std::int64_t *capacity, const std::int64_t *mate) {
  auto &offset = market_.place_offset;
  for (std::size_t j = 0; j < std::size_t(m_); ++j) offset[j + 1] = offset[j] + capacity[j];
  market_.place_owner.assign(std::size_t(offset.back()), -1);
  market_.place_price.assign(std::size_t(offset.back()), 0);
  std::vector<std::int64_t> next(offset.begin(), offset.end() - 1);
  for (std::size_t i = 0; i < std::size_t(n_); ++i) {
    const std::int64_t j = mate[i];
    market_.mate[i] = market_.mate_place[i] = -1;
    if (j < 0) continue;
    if (j >= m_ || next[std::size_t(j)] == offset[std::size_t(j) + 1])
      throw std::invalid_argument("a partner has no place left, or is none");
    const std::int64_t place = next[std::size_t(j)]++;
    market_.place_owner[std::size_t(place)] = std::int32_t(i);
    market_.mate[i] = std::int32_t(j), market_.mate_place[i] = std::int32_t(place);
  }
}

void Upkeep::go_to(const std::int64_t *capacity, const std::int64_t *price, const std::int64_t *left_price,
                   const std::int64_t *mate, const std::uint8_t *away) {
  place(capacity, mate);
  std::int64_t right_fall = 0, left_fall = 0;
  for (std::int32_t j = 0; j < m_; ++j)
    if (std::int64_t &old = market_.price[std::size_t(j)]; old != price[j]) {
      right_fall = std::max(right_fall, old - price[j]);
      old = price[j];
      forward_.moved(j);
    }
  for (std::int32_t i = 0; i < n_; ++i)
    if (std::int64_t &old = left_price_[std::size_t(i)]; old != left_price[i]) {
      left_fall = std::max(left_fall, old - left_price[i]);
      old = left_price[i];
      backward_.moved(i);
    }
  for (std::size_t i = 0; i < std::size_t(n_); ++i) market_.outside[i] = away[i] ? AWAY : NO_VALUE;
  forward_.fell(right_fall), backward_.fell(left_fall);
  if (market_.price == home_price_ && left_price_ == home_left_price_) {
    forward_.back_to(home_forward_), backward_.back_to(home_backward_);
  } else {
    home_price_ = market_.price, home_left_price_ = left_price_;
    home_forward_ = forward_.begin_epoch(true), home_backward_ = backward_.begin_epoch(true);
  }
  forward_.settle(), backward_.settle();
  fallen_left.clear(), fallen_right.clear(), fall = 0;
}

void Upkeep::lift(bool up) {
  const Crew::Shift shift{crew_};
  Paths &bidders = up ? forward_ : backward_, &items = up ? backward_ : forward_;
  bidders.lift();
  const Paths::Moves moves = bidders.settle();
  for (const std::int32_t b : moves.bidders) items.moved(b);
  items.fell(moves.most);
  fallen_left.clear(), fallen_right.clear();
  (up ? fallen_left : fallen_right) = moves.bidders;
  fall = up ? moves.most : 0;
}

void Upkeep::mend() {
  const Crew::Shift shift{crew_};
  const std::int64_t before = forward_.lists().draws + backward_.lists().draws;
  forward_.run(false);
  Paths::Moves moves = forward_.settle();
  for (const std::int32_t i : moves.bidders) backward_.moved(i);
  backward_.fell(moves.most);
  fallen_left = std::move(moves.bidders), fall = moves.most;
  if (market_.any_empty_priced()) {
    backward_.run(false);
    moves = backward_.settle();
    for (const std::int32_t j : moves.bidders) forward_.moved(j);
    forward_.fell(moves.most);
    fallen_right = std::move(moves.bidders);
  }
  searches += forward_.lists().draws + backward_.lists().draws - before;
}

}  // namespace twin
