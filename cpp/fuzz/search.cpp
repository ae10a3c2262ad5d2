// The tree search against a plain scan, under any sequence of prices, parts of a point, floors and pools, on every
// instruction set: lists hold the best partners, of tied ones those of the lowest index, and the bound is that of the last.

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "core/scored.hpp"
#include "core/discounted.hpp"
#include "world.hpp"

namespace twin::fuzz {
namespace {

std::vector<std::string> instruction_sets() {
  std::vector<std::string> found{"portable"};
  if (best_isa() != "portable") found.push_back("avx2");
  if (best_isa() == "avx512") found.push_back("avx512");
  return found;
}

struct Answer {
  std::vector<std::int32_t> item, number;
  std::vector<std::int64_t> points, bound;
  bool operator==(const Answer &) const = default;
};

class Asking {
 public:
  Asking(World &world, Draw &draw) : w_(world), draw_(draw), price_(std::size_t(world.m()), 0), off_(price_) {
    for (const std::string &isa : instruction_sets())
      graphs_.push_back(std::make_unique<ScoredGraph>(w_.terms, w_.has_bans ? w_.ban_offset.data() : nullptr,
                                                      w_.has_bans ? w_.ban_item.data() : nullptr, isa));
    for (auto &graph : graphs_) discounted_.push_back(std::make_unique<Discounted>(*graph, false));
    top_ = draw.scale(std::int64_t{1} << 28);
  }

  void go() {
    for (std::int64_t turn = draw_.number(1, 6); turn > 0; --turn) {
      if (draw_.flip(3)) recount();
      if (draw_.flip(6)) new_table();
      if (draw_.flip(3)) all_prices();
      else some_prices();
      search();
      if (draw_.flip(4)) scan();
    }
  }

 private:
  void recount() {
    parts_ = draw_.number32(1, std::min(graphs_[0]->finest(), 64));
    for (auto &graph : graphs_) MUST_HOLD(graph->finest() == graphs_[0]->finest());
    for (auto &graph : discounted_) graph->count_in(parts_);
    off_.assign(off_.size(), 0);  // within range in these parts
    all_prices();
  }
  // Prices of groups are taken off tables, and there may be more of them than points; not where there is a curve.
  void new_table() {
    if (!w_.curve.empty()) return;
    for (std::int32_t &entry : w_.table)
      if (entry != FORBIDDEN && draw_.flip()) entry = draw_.number32(-entry, entry < 0 ? -entry : entry);
    for (auto &graph : graphs_) graph->set_table(w_.table.data());
    parts_ = std::min(parts_, graphs_[0]->finest());
    for (auto &graph : discounted_) graph->count_in(parts_);
    all_prices();
  }
  std::int64_t new_price() { return draw_.flip(3) ? 0 : draw_.number(draw_.flip(16) ? -top_ : 0, top_); }
  void all_prices() {
    for (auto &price : price_) price = new_price();
    if (draw_.flip(4))
      for (auto &off : off_) off = draw_.number(-top_ / parts_, top_ / parts_) / 2;
    for (auto &graph : discounted_) {
      graph->take_off(off_.data());
      graph->set_prices(price_.data());
    }
  }
  void some_prices() {
    std::vector<std::int32_t> changed;
    const bool rise = draw_.flip();
    for (std::int64_t count = draw_.size(0, 4, 40); count > 0; --count) {
      const auto j = draw_.number32(0, w_.m() - 1);
      auto &price = price_[std::size_t(j)];
      price = rise ? std::min(price + draw_.number(0, 1 + top_ / 64), std::int64_t{1} << 29) : new_price();
      changed.push_back(j);
    }
    for (auto &graph : discounted_) graph->change_prices(price_.data(), changed.data(), std::int64_t(changed.size()));
  }
  std::int64_t points(std::int64_t i, std::int64_t j) const {
    const std::int64_t points = w_.points(i, j);
    return points == NOT_ADMISSIBLE ? NOT_ADMISSIBLE : (points - off_[std::size_t(j)]) * parts_;
  }

  void search() {
    std::vector<std::int32_t> rows;
    for (std::int32_t i = 0; i < w_.n(); ++i)
      if (draw_.flip()) rows.push_back(i);
    const int k = int(draw_.size(1, 12, 70));
    const std::size_t count = rows.size();
    std::vector<std::int64_t> floor(count, NO_VALUE);
    for (auto &value : floor)
      if (draw_.flip(3)) value = draw_.flip(32) ? std::int64_t{1} << 33 : draw_.number(-top_, parts_ * w_.most);
    const std::int64_t margin = draw_.flip() ? draw_.scale(1 << 20) : ONCE;
    std::vector<Answer> answers;
    for (auto &graph : discounted_) {
      Answer a{std::vector<std::int32_t>(count * std::size_t(k), -1), std::vector<std::int32_t>(count),
               std::vector<std::int64_t>(count * std::size_t(k)), std::vector<std::int64_t>(count)};
      Crew crew(1);
      graph->search(rows.data(), std::int64_t(count), k, floor.data(), margin,
                    {a.item.data(), a.points.data(), a.number.data(), a.bound.data()}, crew, {});
      answers.push_back(std::move(a));
    }
    for (const Answer &answer : answers) MUST_HOLD(answer == answers[0]);
    const Answer &a = answers[0];
    for (std::size_t r = 0; r < count; ++r) {
      const std::int64_t i = rows[r], bound = a.bound[r];
      MUST_HOLD(a.number[r] >= 0 && a.number[r] <= k);
      std::set<std::int64_t> listed;
      for (std::size_t c = r * std::size_t(k); c < r * std::size_t(k) + std::size_t(a.number[r]); ++c) {
        const std::int64_t j = a.item[c];
        MUST_HOLD(j >= 0 && j < w_.m() && listed.insert(j).second);
        MUST_HOLD(points(i, j) != NOT_ADMISSIBLE && points(i, j) == a.points[c]);
        const std::int64_t net = a.points[c] - price_[std::size_t(j)];
        MUST_HOLD(net > floor[r] && net >= bound);
      }
      // The best k above the floor, of those tied with the last the ones of the lowest index: whatever was asked before.
      std::vector<std::pair<std::int64_t, std::int64_t>> best;
      for (std::int64_t j = 0; j < w_.m(); ++j)
        if (points(i, j) != NOT_ADMISSIBLE && points(i, j) - price_[std::size_t(j)] > floor[r])
          best.emplace_back(price_[std::size_t(j)] - points(i, j), j);
      std::sort(best.begin(), best.end());
      MUST_HOLD(std::size_t(a.number[r]) == std::min(best.size(), std::size_t(k)));
      for (std::size_t c = 0; c < listed.size(); ++c) MUST_HOLD(listed.contains(best[c].second));
      const std::int64_t least = floor[r] < NO_NET ? NO_VALUE : std::min<std::int64_t>(floor[r], INT32_MAX);
      MUST_HOLD(bound == (a.number[r] < k ? least : -best[std::size_t(k) - 1].first));
    }
  }

  void scan() {
    for (auto &graph : graphs_) {
      std::vector<std::int64_t> net(std::size_t(w_.n())), row(std::size_t(w_.m()));
      Crew crew(1);
      graph->scan(net.data(), crew, {});
      for (std::int64_t i = 0; i < w_.n(); ++i) {
        std::int64_t best = NO_VALUE;
        graph->row(i, row.data());
        for (std::int64_t j = 0; j < w_.m(); ++j) {
          const std::int64_t worth = w_.points(i, j), off = off_[std::size_t(j)] * parts_;
          MUST_HOLD(row[std::size_t(j)] == (worth == NOT_ADMISSIBLE ? NO_VALUE : worth * parts_));
          MUST_HOLD(graph->points(i, j) == row[std::size_t(j)]);
          if (worth != NOT_ADMISSIBLE) best = std::max(best, worth * parts_ - off - price_[std::size_t(j)]);
        }
        MUST_HOLD(net[std::size_t(i)] == best);
      }
    }
  }

  World &w_;
  Draw &draw_;
  std::vector<std::unique_ptr<ScoredGraph>> graphs_;
  std::vector<std::unique_ptr<Discounted>> discounted_;
  std::vector<std::int64_t> price_, off_;
  std::int64_t top_ = 1;
  std::int32_t parts_ = 1;
};

}  // namespace
}  // namespace twin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  using namespace twin::fuzz;
  Draw draw(data, size);
  const std::int64_t n = draw.size(1, 6, 24), m = draw.size(1, 24, 700);
  World world;
  make(world, draw, n, m, std::int64_t{1} << 29);
  Asking(world, draw).go();
  return 0;
}
