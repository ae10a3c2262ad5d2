// The tree of tree.hpp: building it (planting.cpp), its slopes (inclining.cpp) and keeping its prices (pricing.cpp).

#pragma once
#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "core/tree.hpp"

namespace twin {

constexpr int MAX_TILTS = 2 + MAX_FUSED;  // along, across, and one for each linear column

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

  // Prices are counted in so many parts of a point from now on, at most `finest`. Every price has to be told anew.
  std::int32_t finest() const;
  void count_in(std::int32_t parts) { view_.parts = parts; }

  // New prices for every right school, or for those listed.
  void set_prices(const std::int64_t *price);
  void change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count);

  // Other pairs that searches pass over. They outlive the tree.
  void set_bans(const std::int64_t *offset, const std::int32_t *item) {
    view_.ban_offset = offset, view_.ban_item = item;
    ++epoch_;
  }

  // Another table for the same classes. Every price has to be told anew, and `finest` may have become less.
  void set_table(const std::int32_t *table);

 private:
  void split(std::int32_t *first, std::int32_t *last, std::vector<std::int32_t> &leaves);
  void lay_out(const std::vector<std::int32_t> &leaves);
  void measure(Boxes &boxes, std::int64_t count, std::int64_t width);
  // Slopes of one row of nodes, and of each slot in them: where it lies from the centre, how high the ground is there, and
  // its leaning price less its price.
  struct Ground {
    std::vector<float> along, across;
    std::vector<std::array<double, MAX_TILTS>> general;  // the tilt that most left schools would give, of each node
    std::vector<std::int32_t> bulge, offset;
  };
  bool can_incline() const;
  std::int32_t rounding() const;
  void incline(Slopes &slopes, Ground &ground, std::int64_t count, std::int64_t width);
  void lean(Slopes &slopes, Ground &ground, std::int64_t node, std::int64_t width);
  void refresh_leaf(std::int64_t leaf);
  void refresh_block(std::int64_t block);
  // Where the columns of a slot stand in the leaf panels.
  std::int64_t at(std::int64_t slot) const { return slot / LEAF * view_.stride + slot % LEAF; }
  std::int32_t *price_at(std::int64_t slot) const { return prices_of(view_, slot / LEAF) + slot % LEAF; }
  // Memory aligned to a cache line, owned by the tree.
  template <class T>
  T *array(std::int64_t count) {
    memory_.emplace_back(static_cast<std::size_t>(count) * sizeof(T) + 64);
    void *start = memory_.back().data();
    std::size_t space = memory_.back().size();
    return static_cast<T *>(std::align(64, static_cast<std::size_t>(count) * sizeof(T), start, space));
  }

  std::uint32_t epoch_ = 1;
  std::int64_t largest_entry_ = 1;  // of the table, above zero or below
  Terms original_;
  TreeView view_{};
  std::int64_t left_classes_ = 0;
  std::int32_t *block_base_ = nullptr;  // what the view sees
  std::vector<std::int32_t> block_class_;  // the right class of each block
  std::vector<std::vector<std::byte>> memory_;
  std::vector<std::int32_t> position_;  // of a right school in leaf order
  Ground leaf_ground_, block_ground_;
};

}  // namespace twin
