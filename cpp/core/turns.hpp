// Pairs that are taken in turn, each for good: greedy, and serial dictatorship.
//
// Problem     Greedy: of all pairs whose left node is free, whose right node has a place and whose quotas have room, take the
//             one with the most points (of equal points the lower left node's, then its lower right node), until there is
//             none. Serial: the same, left node by left node, in an order that is given.
// Idea        What is full stays full, so the best pair of a left node only gets worse. A heap holds one pair for each: the
//             best of its list that is still open. The one on top is taken, or makes way for the next of its list.
// Lists       Who has come to the end of a list waits, in a heap of its own, with the most points that any other partner can
//             have. When nobody else can come before the first who waits, that one and those behind it get new lists, which
//             pass by what is full.
// Exactness   A pair is taken only if no open pair, listed or not, comes before it.
// Cost        About two short searches for each left node.

#pragma once
#include <cstdint>
#include <vector>

#include "core/wishlists.hpp"

namespace twin {

struct TurnsTask {
  const std::int64_t *places;   // of each right node
  const std::uint8_t *wants;    // whether a left node takes part
  const std::int64_t *order;    // of each left node: its place in the order, from 0; nullptr: greedy
  // Quotas of the pairs between two kinds: member_offset[left kind * right_kinds + right kind] ...
  const std::int32_t *left_kind, *right_kind;
  std::int32_t left_kinds, right_kinds;
  const std::int64_t *member_offset;
  const std::int32_t *member;
  std::vector<std::int64_t> room;  // of each quota
};

class Turns {
 public:
  Turns(TurnsTask task, Wishlists &lists, std::int64_t num_left, std::int64_t num_right, std::int64_t *mate, Flag flag,
        std::int64_t *counter);
  void run();

 private:
  struct Turn {
    std::int64_t key;  // points, less than zero, or place
    std::int32_t left;
    bool operator<(const Turn &other) const { return key != other.key ? key > other.key : left > other.left; }  // a heap's top comes first
  };
  std::int64_t key(std::int64_t i, std::int64_t points) const { return task_.order ? task_.order[i] : -points; }
  std::int64_t cell(std::int64_t i, std::int64_t j) const {
    return std::int64_t{task_.left_kind[i]} * task_.right_kinds + task_.right_kind[j];
  }
  bool is_open(std::int64_t i, std::int64_t j) const { return !is_full_[std::size_t(j)] && !is_closed_[std::size_t(cell(i, j))]; }
  void queue(std::int64_t i);
  void take(std::int64_t i, std::int64_t j);
  void draw();

  TurnsTask task_;
  Wishlists &lists_;
  const std::int64_t n_, m_;
  std::int64_t *mate_;
  const Flag flag_;
  std::int64_t *counter_;
  std::vector<std::int64_t> places_;
  std::vector<std::uint8_t> is_full_, is_closed_;
  std::vector<Turn> ready_, waiting_;
  bool any_closed_ = false, has_drawn_ = false;
};

}  // namespace twin
