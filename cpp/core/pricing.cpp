// The prices of the tree of planting.hpp, and what its nodes know of them.

#include <algorithm>
#include <stdexcept>

#include "core/planting.hpp"

namespace twin {

static std::int32_t priced(std::int64_t price) {
  if (price > PRICE_CAP || price < -PRICE_CAP / 2)
    throw std::overflow_error("a price left the exact range of 2^30 points");
  return static_cast<std::int32_t>(price);
}

void Tree::set_prices(const std::int64_t *price) {
  ++epoch_;
  for (std::int64_t j = 0; j < original_.num_right; ++j)
    *price_at(position_[static_cast<std::size_t>(j)]) = priced(price[j]);
  if (view_.has_slopes) {
    for (std::int64_t leaf = 0; leaf < view_.num_blocks * FAN; ++leaf) lean(view_.leaf_slopes, leaf_ground_, leaf, LEAF);
    for (std::int64_t block = 0; block < view_.num_blocks; ++block) lean(view_.block_slopes, block_ground_, block, BLOCK);
  }
  for (std::int64_t leaf = 0; leaf < view_.num_blocks * FAN; ++leaf) refresh_leaf(leaf);
  for (std::int64_t block = 0; block < view_.num_blocks; ++block) refresh_block(block);
}

void Tree::change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count) {
  bool fallen = false;
  for (std::int64_t c = 0; c < count; ++c) {
    const std::int64_t slot = position_[static_cast<std::size_t>(changed[c])], leaf = slot / LEAF, block = slot / BLOCK;
    const std::int32_t now = priced(price[changed[c]]), before = *price_at(slot);
    *price_at(slot) = now;
    if (now < before) fallen = true;
    refresh_leaf(leaf);
    if (!view_.has_slopes) {
      if (now < view_.blocks.price[block] || before == view_.blocks.price[block]) refresh_block(block);
      continue;
    }
    std::int32_t *lowest = view_.block_slopes.numbers + line_of(block / FAN, LOWEST) + block % FAN;
    std::int32_t *leaning = lowest + FAN;
    const std::int32_t offset = block_ground_.offset[static_cast<std::size_t>(slot)];
    if (before == *lowest || before + offset == *leaning) {
      refresh_block(block);
    } else {
      *lowest = std::min(*lowest, now), *leaning = std::min(*leaning, now + offset);
    }
  }
  if (fallen) ++epoch_;
}

// The lowest price of a leaf, and its lowest leaning price.
void Tree::refresh_leaf(std::int64_t leaf) {
  const std::int32_t *price = prices_of(view_, leaf);
  if (!view_.has_slopes) {
    view_.leaves.price[leaf] = *std::min_element(price, price + LEAF);
    return;
  }
  const std::int32_t *offset = leaf_ground_.offset.data() + leaf * LEAF;
  std::int32_t lowest = PRICE_CAP, leaning = PRICE_CAP;
  for (std::int64_t n = 0; n < LEAF; ++n)
    lowest = std::min(lowest, price[n]), leaning = std::min(leaning, price[n] + offset[n]);
  std::int32_t *line = view_.leaf_slopes.numbers + line_of(leaf / FAN, LOWEST) + leaf % FAN;
  line[0] = lowest, line[FAN] = leaning;
}

void Tree::refresh_block(std::int64_t block) {
  if (!view_.has_slopes) {
    const std::int32_t *first = view_.leaves.price + block * FAN;
    view_.blocks.price[block] = *std::min_element(first, first + FAN);
    return;
  }
  std::int32_t lowest = PRICE_CAP, leaning = PRICE_CAP;
  for (std::int64_t leaf = block * FAN; leaf < (block + 1) * FAN; ++leaf) {
    const std::int32_t *price = prices_of(view_, leaf), *offset = block_ground_.offset.data() + leaf * LEAF;
    for (std::int64_t n = 0; n < LEAF; ++n)
      lowest = std::min(lowest, price[n]), leaning = std::min(leaning, price[n] + offset[n]);
  }
  std::int32_t *line = view_.block_slopes.numbers + line_of(block / FAN, LOWEST) + block % FAN;
  line[0] = lowest, line[FAN] = leaning;
}

}  // namespace twin
