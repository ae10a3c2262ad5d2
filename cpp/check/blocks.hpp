// The right side in an order that keeps alike schools together, cut into blocks that know bounds on what is inside.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels.hpp"

namespace twin {

// A block has up to so many right schools of one class, and a group so many blocks of it.
constexpr std::int64_t IN_BLOCK = 64, IN_GROUP = LANES;

// What a policy counts about the schools of one side, as numbers that are one point apart where the points are.
class Features {
 public:
  static Features of_left(const Terms &terms, bool by_distance);
  static Features of_right(const Terms &terms, bool by_distance, const std::int64_t *price);
  // The schools by class, and within a class halved again and again along the feature that moves points most.
  // An order like any other where `cancel` is set before the end.
  std::vector<std::int64_t> ordered(const std::int32_t *of_class, std::uint8_t *cancel) const;

 private:
  Features(std::int64_t count) : count_(count) {}
  template <class Value>
  void add(const Value *values, double scale, double cap);
  void halve(std::int64_t *from, std::int64_t *to, std::uint8_t *cancel) const;

  std::int64_t count_;
  std::vector<std::vector<float>> value_;  // a vector for each feature
  std::vector<float> cap_;
};

// Whether boxes bound the distance: it falls, and all its numbers are finite and of a sane size.
bool has_falling_distance(const Terms &terms);

class Blocks {
 public:
  Blocks(const Terms &terms, const std::int64_t *price, std::uint8_t *cancel);

  std::vector<std::int64_t> order;  // right schools; the k-th of the pass is order[k]
  Terms terms;                      // right columns in this order
  std::vector<std::int64_t> first;  // of each block, and the end of the last
  std::vector<std::int64_t> group;  // first block of each group, and the end of the last
  std::vector<std::int64_t> block_price, group_price;  // the lowest
  Boxes blocks{}, groups{};

  std::int64_t num_blocks() const { return static_cast<std::int64_t>(first.size()) - 1; }
  std::int64_t num_groups() const { return static_cast<std::int64_t>(group.size()) - 1; }

 private:
  void arrange(const Terms &given);
  void cut();
  void bound(const std::int64_t *price, const std::vector<std::int64_t> &ends, Boxes &boxes,
             std::vector<std::int64_t> &lowest);
  template <class Value>
  Value *room(std::int64_t count);
  template <class Value>
  const Value *moved(const Value *values, std::int64_t width = 1);

  std::vector<std::unique_ptr<std::uint64_t[]>> memory_;
};

}  // namespace twin
