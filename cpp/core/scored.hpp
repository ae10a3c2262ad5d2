// A scored graph: features and criteria, evaluated on the fly and searched through the tree of tree.hpp.

#pragma once
#include <string>
#include <vector>

#include "core/oracle.hpp"
#include "core/tree.hpp"

namespace twin {

const Kernels &kernels_of(const std::string &isa);  // "auto", "portable", "avx2", "avx512"
std::string best_isa();

class ScoredGraph final : public Oracle {
 public:
  // `terms` points into arrays that outlive the graph; right columns are copied into leaf order. `ban_offset` and
  // `ban_item` list the banned right nodes of each left node (nullptr: none).
  ScoredGraph(const Terms &terms, const std::int64_t *ban_offset, const std::int32_t *ban_item, const std::string &isa);

  std::int64_t num_left() const override { return original_.num_left; }
  std::int64_t num_right() const override { return original_.num_right; }
  void set_prices(const std::int64_t *price) override;
  void change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count) override;
  void search(const std::int32_t *rows, std::int64_t count, int k, const std::int64_t *floor, Lists lists, Crew &crew,
              Flag flag) override;
  std::int64_t points(std::int64_t i, std::int64_t j) const override;

  // Best net value of every left node by plain evaluation of every admissible class, for the tests and researchers.
  void scan(std::int64_t *net, Crew &crew, Flag flag) const;
  std::int64_t visited() const { return visited_; }

 private:
  void split(std::int32_t *first, std::int32_t *last, std::vector<std::int32_t> &leaves);
  void lay_out(const std::vector<std::int32_t> &leaves);
  void measure(Boxes &boxes, std::int64_t count, std::int64_t width);
  void refresh_leaf(std::int64_t leaf);
  template <class T>
  T *array(std::int64_t count);

  Terms original_;
  const Kernels &kernels_;
  TreeView view_{};
  std::vector<std::vector<std::byte>> memory_;
  std::vector<std::int32_t> position_;  // of a right node in leaf order
  std::int32_t *price_ = nullptr, *item_ = nullptr, *block_class_ = nullptr;
  std::int64_t visited_ = 0;
};

}  // namespace twin
