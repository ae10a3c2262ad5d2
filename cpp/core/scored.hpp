// A scored graph: features and criteria, evaluated on the fly and searched through the tree of tree.hpp.

#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/oracle.hpp"
#include "core/planting.hpp"

namespace twin {

const Kernels &kernels_of(const std::string &isa);  // "auto", "portable", "avx2", "avx512"
std::string best_isa();

// Single pairs that are worth more than their columns say: those of left node i are item[offset[i] .. offset[i + 1]).
struct Bonus {
  std::vector<std::int64_t> offset;  // empty: there are none
  std::vector<std::int32_t> item, points;
};

class ScoredGraph final : public Oracle {
 public:
  // `terms` points into arrays that outlive the graph; right columns are copied into leaf order. `ban_offset` and
  // `ban_item` list the banned right nodes of each left node (nullptr: none).
  ScoredGraph(const Terms &terms, const std::int64_t *ban_offset, const std::int32_t *ban_item, const std::string &isa);

  std::int64_t num_left() const override { return original_.num_left; }
  std::int64_t num_right() const override { return original_.num_right; }
  std::int32_t finest() const override;
  void count_in(std::int32_t parts) override { tree_.count_in(parts); }
  void set_prices(const std::int64_t *price) override { tree_.set_prices(price); }
  void change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count) override {
    tree_.change_prices(price, changed, count);
  }
  // Another table for the same classes, which outlives the graph. Every price has to be told anew.
  void set_table(const std::int32_t *table) {
    original_.table = table;
    tree_.set_table(table);
  }
  // The tree knows nothing of them: it passes over these pairs as over banned ones, and whoever asks gets them besides. A
  // banned pair has no bonus. `most` is the largest.
  void set_bonus(Bonus bonus, std::int32_t most);
  // Other banned pairs, which outlive the graph.
  void set_bans(const std::int64_t *offset, const std::int32_t *item) {
    ban_offset_ = offset, ban_item_ = item;
    set_bonus(std::move(bonus_), most_bonus_);
  }
  void search(const std::int32_t *rows, std::int64_t count, int k, const std::int64_t *floor, std::int64_t margin,
              Lists lists, Crew &crew, Flag flag) override;
  std::int64_t points(std::int64_t i, std::int64_t j) const override;
  void row(std::int64_t i, std::int64_t *points) const override;

  // Best net value of every left node by plain evaluation of every admissible class, for the tests and researchers.
  void scan(std::int64_t *net, Crew &crew, Flag flag) const;
  std::vector<std::int32_t> order() const { return tree_.order(); }
  std::int64_t visited() const { return visited_; }

 private:
  Terms original_;
  const Kernels &kernels_;
  Tree tree_;
  std::int64_t visited_ = 0;
  const std::int64_t *ban_offset_;
  const std::int32_t *ban_item_;
  Bonus bonus_;
  std::int32_t most_bonus_ = 0;
  std::vector<std::int64_t> apart_offset_;  // banned pairs and those with a bonus
  std::vector<std::int32_t> apart_item_;
  // Calls use(right node, points in parts) for each pair with a bonus that is admissible.
  template <class Use>
  void each_bonus(std::int64_t i, Use use) const;
  std::int64_t with_bonus(std::int64_t i, std::int64_t j, std::int32_t bonus) const;
  void add_bonus(std::int64_t i, int k, std::int64_t floor, std::int64_t to, Lists lists) const;
  // The pools of tree.hpp, one for each left node that was searched since somebody asks for them, until somebody asks
  // without; good as long as the epoch is the tree's. There are as many as left nodes, and most of the memory of a large
  // market is in them: so each is one stretch that is no longer than it must be.
  enum : std::size_t { EPOCH, EDGE, TOP, WIDTH, ENDS, LEAVES = ENDS + BANDS };
  using Remembered = std::unique_ptr<std::int32_t[]>;
  Pool recall(const Remembered &kept) const;
  void remember(const Pool &pool, Remembered &kept) const;
  std::vector<Remembered> remembered_;
  // Many rows are visited so that those of one class and region follow each other: they read the same leaves, which are in
  // the cache then. A million rows take six tenths of the time.
  void put_near_together(const std::int32_t *rows, std::int64_t count);
  static constexpr std::int64_t MANY_ROWS = 4096;
  std::vector<std::int32_t> near_, visit_;  // rank of each left node in that order; rows of a search in it
};

}  // namespace twin
