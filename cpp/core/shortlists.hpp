// Short lists of what is best in each row of a matrix, for augment.hpp.
//
// Problem     A row has thousands of columns, and the solver looks at a few of them again and again.
// Idea        The list of row i holds some columns with their points; no other has a net value above beyond(i). As prices only
//             rise, that stays true until the list is drawn anew.
// Two kinds   Lists of the best columns alone, from another place on in every row: what a matching of tight pairs needs. And
//             lists of the k best, drawn through the graph of the matrix (explicit.hpp) for all rows, or for one at a time.
// Traps       A list must be drawn at prices that are never undercut.

#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/crew.hpp"
#include "core/dense.hpp"
#include "core/explicit.hpp"

namespace twin {

template <class T>
class Shortlists {
 public:
  using Prices = std::vector<std::int64_t>;
  Shortlists(const T *points, std::int64_t n, std::int64_t m, const RowLoops<T> &loops, const std::string &isa);

  // The best columns of every row, and how good they are.
  void list_tight(const Prices &price, std::vector<std::int64_t> &best, Crew &crew, Flag flag);
  // Where draws begin.
  void set_prices(const Prices &price) { graph_.set_prices(price.data()); }
  // The best few columns of every row.
  void draw_all(Crew &crew, Flag flag);
  // A new list at these prices, as long as before, or at most twice as long (`longer`).
  void draw(std::int32_t i, bool longer, const Prices &price, Flag flag);
  // News for the next draw.
  void note_change(std::int32_t column) { changed_.push_back(column); }
  // All the news at once, where they are many.
  void catch_up(const Prices &price) {
    if (std::int64_t(changed_.size()) > m_) graph_.set_prices(price.data()), changed_.clear();
  }

  // The entries of row i are begin(i) .. end(i).
  std::size_t begin(std::int64_t i) const { return std::size_t(first_[std::size_t(i)]); }
  std::size_t end(std::int64_t i) const { return begin(i) + std::size_t(number_[std::size_t(i)]); }
  std::int32_t column(std::size_t entry) const { return item_[entry]; }
  std::int64_t points(std::size_t entry) const { return worth_[entry]; }
  std::int64_t net(std::size_t entry, const Prices &price) const { return worth_[entry] - price[std::size_t(item_[entry])]; }
  std::int64_t beyond(std::int64_t i) const { return beyond_[std::size_t(i)]; }
  std::int64_t best(std::int64_t i, const Prices &price) const;

  // Columns of a row, LANES side by side, in groups whose maxima are found together.
  std::int64_t segment() const { return segment_; }
  std::int64_t groups() const { return groups_; }

 private:
  std::int64_t group_at(std::int64_t column) const;

  const T *points_;
  const std::int64_t n_, m_, segment_, groups_;
  DenseGraph<T> graph_;
  const RowLoops<T> loops_;
  Crew alone_{1};
  std::vector<std::int64_t> worth_, beyond_, first_;
  std::vector<std::int32_t> item_, number_, width_, changed_;
};

// Rows that a thread takes at a time.
inline std::int64_t rows_at_once(std::int64_t m) { return m < (std::int64_t{1} << 18) ? (std::int64_t{1} << 18) / m : 1; }

}  // namespace twin
