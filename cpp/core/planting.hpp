// The tree of tree.hpp: building it (planting.cpp) and keeping its prices (pricing.cpp).

#pragma once
#include <cstddef>
#include <vector>

#include "core/tree.hpp"

namespace twin {

class Tree {
 public:
  // `terms` points into arrays that outlive the tree; right columns are copied into leaf order.
  Tree(const Terms &terms, const std::int64_t *ban_offset, const std::int32_t *ban_item);

  const TreeView &view() const { return view_; }
  std::int32_t price(std::int64_t j) const { return *price_at(position_[static_cast<std::size_t>(j)]); }

  // The right schools in leaf order.
  std::vector<std::int32_t> order() const;

  // Changes whenever a price falls.
  std::uint32_t epoch() const { return epoch_; }

  // New prices for every right school, or for those listed.
  void set_prices(const std::int64_t *price);
  void change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count);

 private:
  void split(std::int32_t *first, std::int32_t *last, std::vector<std::int32_t> &leaves);
  void lay_out(const std::vector<std::int32_t> &leaves);
  void measure(Boxes &boxes, std::int64_t count, std::int64_t width);
  // Slopes of one row of nodes, and of each slot in them: where it lies from the centre, how high the ground is there, and
  // its leaning price less its price.
  struct Ground {
    std::vector<float> along, across, general;  // general: the tilt that most left schools would give, of each node
    std::vector<std::int32_t> bulge, offset;
  };
  void incline(Slopes &slopes, Ground &ground, std::int64_t count, std::int64_t width);
  void lean(Slopes &slopes, Ground &ground, std::int64_t node, std::int64_t width);
  void refresh_leaf(std::int64_t leaf);
  void refresh_block(std::int64_t block);
  std::int32_t *price_at(std::int64_t slot) const { return prices_of(view_, slot / LEAF) + slot % LEAF; }
  template <class T>
  T *array(std::int64_t count);

  std::uint32_t epoch_ = 1;
  const Terms original_;
  TreeView view_{};
  std::vector<std::vector<std::byte>> memory_;
  std::vector<std::int32_t> position_;  // of a right school in leaf order
  Ground leaf_ground_, block_ground_;
};

}  // namespace twin
