// Deferred acceptance: left nodes propose, right nodes keep the best of them for the time being (Gale and Shapley 1962).
//
// Problem     Left nodes rank right nodes by points. Right nodes rank left nodes by points of another graph, of equal points
//             the lower number first. Find the matching without blocking pairs that is best for every left node.
// Idea        Whoever has no partner proposes to the next of its list; a right node without a free place turns out the last of
//             those that it keeps. What a right node keeps only gets better, so nobody need propose twice. In which order
//             they propose changes nothing at the end.
// Lists       Short at first. Of a longer one only those partners stay who would accept now: the others never will. Who has
//             used up the first has every partner evaluated, on both sides, in one go: that costs what a long search would.
// Cost        Long where left nodes want the same partners, and these rank otherwise: then a left node goes through hundreds.

#pragma once
#include <cstdint>
#include <deque>
#include <vector>

#include "core/oracle.hpp"

namespace twin {

struct DeferredTask {
  const std::int64_t *places;  // of each right node
  const std::uint8_t *wants;   // whether a left node takes part
  std::int64_t lowest, highest;  // points of admissible pairs
};

class Deferred {
 public:
  // `ranks` is the graph by whose points right nodes rank, with the same numbers on the same sides.
  Deferred(DeferredTask task, Oracle &wishes, Oracle &ranks, std::int64_t *mate, Crew &crew, Flag flag, std::int64_t *counter);
  ~Deferred() { wishes_.count_in(1); }
  Deferred(const Deferred &) = delete;
  Deferred &operator=(const Deferred &) = delete;
  void run();

 private:
  // A partner, by what it is worth, and how it ranks the left node.
  struct Wish {
    std::int64_t points, rank;
    std::int32_t item;
    bool operator<(const Wish &other) const { return points != other.points ? points > other.points : item < other.item; }
  };
  struct Kept {
    std::int64_t rank;
    std::int32_t left;
    bool operator<(const Kept &other) const { return rank != other.rank ? rank > other.rank : left < other.left; }  // the last on top
  };
  struct Row {
    std::vector<Wish> list;
    std::size_t next = 0;
    bool is_new = true;        // nothing was drawn yet
    std::size_t kept = 0;      // how many partners the next list may hold
    bool is_whole = false;     // there is nobody beyond the list
    Wish last{INT64_MAX, 0, -1};  // the last one that was looked at
  };

  // Whether somebody is ranked above the last one that a right node would have to keep.
  bool accepts(std::int64_t j, const Kept &one) const { return one < last_[std::size_t(j)]; }
  void set_last(std::int64_t j, const Kept &one) { last_[std::size_t(j)] = one, last_rank_[std::size_t(j)] = one.rank; }
  void propose(std::int64_t i);
  void draw(const std::vector<std::int32_t> &rows);
  void search(const std::vector<std::int32_t> &rows);
  void look_at_all(std::int32_t i);
  std::int64_t turn(std::int64_t j) const { return j * parts_ / m_; }

  DeferredTask task_;
  Oracle &wishes_, &ranks_;
  const std::int64_t n_, m_;
  std::int64_t *mate_;
  Crew &crew_;
  const Flag flag_;
  std::int64_t *counter_;
  std::int64_t parts_, floor_;
  std::vector<std::int64_t> price_;
  std::vector<Row> row_;
  std::vector<std::vector<Kept>> kept_;
  std::vector<Kept> last_;  // of each right node that is full; whoever is admissible is above it elsewhere
  std::vector<std::int64_t> last_rank_;
  std::vector<std::int32_t> free_;
  std::deque<std::int32_t> waiting_;  // the lower number first, which wins ties: so fewer are turned out again
};

}  // namespace twin
