// A market that stays optimal while nodes come and go, places and bonuses change and earlier states come back: after each change
// it is worth what the Hungarian method finds from nothing, and its prices prove it.

#include <memory>
#include <stdexcept>

#include "core/scored.hpp"
#include "core/upkeep.hpp"
#include "optimum.hpp"
#include "world.hpp"

namespace twin::fuzz {
namespace {

struct State {
  std::vector<std::int64_t> capacity, price, left_price, mate;
  std::vector<std::uint8_t> away;
};

class Life {
 public:
  Life(Draw &draw, std::int64_t n, std::int64_t m) : draw_(draw), n_(std::size_t(n)), m_(std::size_t(m)) {
    make(world_, draw, n, m, std::int64_t{1} << draw.number(4, 26));
    exchange(back_, world_);
    graph_ = scored(world_), transposed_ = scored(back_);
    bonus_.assign(n_ * m_, 0);
    keeper_ = std::make_unique<Upkeep>(*graph_, *transposed_, int(draw.number(1, 8)), draw.flip(16) ? 2 : 1, Flag{});
    for (std::size_t j = 0; j < m_; ++j) now_.capacity.push_back(draw.size(0, 2, 4));
    for (std::size_t j = 0; j < m_; ++j) now_.price.push_back(draw.flip() ? 0 : draw.number(0, world_.most));
    for (std::size_t i = 0; i < n_; ++i) now_.away.push_back(draw.flip(8));
    now_.left_price.assign(n_, draw.flip() ? 0 : -world_.most), now_.mate.assign(n_, -1);
    home_ = now_;
  }

  void live() {
    for (std::int64_t changes = draw_.size(1, 6, 24); changes > 0; --changes) {
      const State before = now_;
      change();
      obey(now_);
      keeper_->go_to(now_.capacity.data(), now_.price.data(), now_.left_price.data(), now_.mate.data(), now_.away.data());
      const std::int64_t best = most();
      try {
        keeper_->mend();
      } catch (const std::runtime_error &) {
        MUST_HOLD(best <= -NEVER / 2);
        now_ = before;
        continue;
      }
      look(best);
      if (draw_.flip(3)) {
        keeper_->lift(draw_.flip());
        const std::vector<std::int64_t> mate = now_.mate;
        look(best);
        MUST_HOLD(mate == now_.mate);
      }
      if (draw_.flip(4)) home_ = now_;
    }
  }

 private:
  std::unique_ptr<ScoredGraph> scored(World &w) {
    return std::make_unique<ScoredGraph>(w.terms, w.has_bans ? w.ban_offset.data() : nullptr,
                                         w.has_bans ? w.ban_item.data() : nullptr, "auto");
  }
  std::int64_t points(std::size_t i, std::size_t j) const {
    const std::int64_t plain = world_.points(std::int64_t(i), std::int64_t(j));
    return plain == NOT_ADMISSIBLE ? plain : plain + bonus_[i * m_ + j];
  }

  void change() {
    const auto i = std::size_t(draw_.number(0, std::int64_t(n_) - 1)), j = std::size_t(draw_.number(0, std::int64_t(m_) - 1));
    switch (draw_.number(0, 5)) {
      case 0: now_.away[i] = 1, now_.mate[i] = -1; break;
      case 1: now_.away[i] = 0; break;
      case 2: ++now_.capacity[j]; break;
      case 3:
        if (now_.capacity[j] == 0) break;
        --now_.capacity[j];
        for (std::int64_t &mate : now_.mate)
          if (load(j) > now_.capacity[j] && mate == std::int64_t(j)) mate = -1;
        break;
      case 4: now_ = home_; break;
      default: worth_more(i, j);
    }
  }
  std::int64_t load(std::size_t j) const { return std::count(now_.mate.begin(), now_.mate.end(), std::int64_t(j)); }

  void worth_more(std::size_t i, std::size_t j) {
    if (points(i, j) == NOT_ADMISSIBLE || world_.terms.curve != nullptr) return;
    bonus_[i * m_ + j] = draw_.flip(4) ? 0 : draw_.number(0, world_.most / 4);
    Bonus mine, theirs;
    std::int64_t most = 0;
    const auto list = [&](Bonus &bonus, std::size_t rows, std::size_t columns, auto value) {
      bonus.offset.push_back(0);
      for (std::size_t a = 0; a < rows; ++a) {
        for (std::size_t b = 0; b < columns; ++b)
          if (const std::int64_t more = value(a, b); more > 0) {
            bonus.item.push_back(std::int32_t(b)), bonus.points.push_back(std::int32_t(more));
            most = std::max(most, more);
          }
        bonus.offset.push_back(std::int64_t(bonus.item.size()));
      }
    };
    list(mine, n_, m_, [&](std::size_t a, std::size_t b) { return bonus_[a * m_ + b]; });
    list(theirs, m_, n_, [&](std::size_t a, std::size_t b) { return bonus_[b * m_ + a]; });
    graph_->set_bonus(std::move(mine), std::int32_t(most)), transposed_->set_bonus(std::move(theirs), std::int32_t(most));
    keeper_->expire_left(std::int32_t(i)), keeper_->expire_right(std::int32_t(j));
  }

  // Left prices that obey all pairs; whoever is not worth them loses the partner.
  void obey(State &state) const {
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = 0; j < m_; ++j)
        if (points(i, j) != NOT_ADMISSIBLE) state.left_price[i] = std::max(state.left_price[i], points(i, j) - state.price[j]);
      if (const std::int64_t j = state.mate[i]; j >= 0 && points(i, std::size_t(j)) != state.left_price[i] + state.price[std::size_t(j)])
        state.mate[i] = -1;
    }
  }

  // The slow twin: everybody who is there in a place, from nothing.
  std::int64_t most() const {
    std::vector<std::vector<std::int64_t>> cost;
    for (std::size_t i = 0; i < n_; ++i) {
      if (now_.away[i]) continue;
      cost.emplace_back(n_, NEVER);
      for (std::size_t j = 0; j < m_; ++j)
        cost.back().insert(cost.back().end(), std::size_t(now_.capacity[j]), points(i, j) == NOT_ADMISSIBLE ? NEVER : -points(i, j));
    }
    return -cheapest(cost);
  }

  // What was kept is optimal, and what is said of prices that fell is so.
  void look(std::int64_t best) {
    const Market &market = keeper_->market();
    const State before = now_;
    now_.price = market.price, now_.left_price = keeper_->left_price();
    std::int64_t objective = 0, bound = 0;
    for (std::size_t i = 0; i < n_; ++i) {
      const std::int64_t j = now_.mate[i] = market.mate_place[i] < 0 ? -1 : market.mate[i];
      MUST_HOLD((j < 0) == bool(now_.away[i]));
      if (j >= 0) {
        MUST_HOLD(points(i, std::size_t(j)) != NOT_ADMISSIBLE);
        objective += points(i, std::size_t(j)), bound += now_.left_price[i];
      }
      for (std::size_t c = 0; c < m_; ++c)
        if (points(i, c) != NOT_ADMISSIBLE) MUST_HOLD(now_.left_price[i] + now_.price[c] >= points(i, c));
      const auto &fallen = keeper_->fallen_left;
      MUST_HOLD(now_.left_price[i] >= before.left_price[i] - keeper_->fall);
      MUST_HOLD(now_.left_price[i] >= before.left_price[i] ||
                std::find(fallen.begin(), fallen.end(), std::int32_t(i)) != fallen.end());
    }
    for (std::size_t j = 0; j < m_; ++j) {
      const auto &fallen = keeper_->fallen_right;
      MUST_HOLD(now_.price[j] >= 0 && load(j) <= now_.capacity[j]);
      MUST_HOLD(now_.price[j] == 0 || load(j) == now_.capacity[j]);
      MUST_HOLD(now_.price[j] >= before.price[j] || std::find(fallen.begin(), fallen.end(), std::int32_t(j)) != fallen.end());
      bound += now_.capacity[j] * now_.price[j];
    }
    MUST_HOLD(objective == bound && objective == best);
  }

  Draw &draw_;
  const std::size_t n_, m_;
  World world_, back_;
  std::vector<std::int64_t> bonus_;
  std::unique_ptr<ScoredGraph> graph_, transposed_;
  std::unique_ptr<Upkeep> keeper_;
  State now_, home_;
};

}  // namespace
}  // namespace twin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  using namespace twin::fuzz;
  Draw draw(data, size);
  const std::int64_t n = draw.size(1, 6, 24), m = draw.size(1, 8, 30);
  Life(draw, n, m).live();
  return 0;
}
