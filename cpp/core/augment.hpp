// Assignment on a matrix of points: every row gets a column of its own, and the points add up to the most.
//
// Problem     n rows, m >= n columns, whole points a[i][j]. Rows have prices u, columns p >= 0 (0 where a column stays
//             free), and u[i] + p[j] >= a[i][j] throughout. Where pairs have u[i] + p[j] = a[i][j], both sides are optimal.
// Idea        Each row's price is as low as it can be for given p, so only p is kept. Cheap steps pair most rows, and
//             shortest augmenting paths the others (Jonker and Volgenant):
//             1. Start prices, where n = m. All columns will be used, so p may start anywhere, and is moved to be >= 0 at
//                the end. Two guesses, and the one with the lower bound (over a sample of rows) is taken: the best points in
//                each column; and prices at which neighbours do not exchange partners, rows and columns paired in the order
//                of their sums. Where everybody ranks alike, as in costs i * j (a Monge matrix, up to the order of its
//                sides), neighbours are all there is to prove, and without this start every path is as long as it can be.
//             2. The largest matching of pairs that are tight at these prices, found in alternating trees that never come
//                back to a column in the same pass. Where points have few values this leaves next to nothing to do.
//             3. Bids: a row takes its best column and raises the price until its second best is as good; whoever was there
//                bids next. In between, step 2 again. Where many rows stay alone all the same (places in the plane), first
//                bids that raise by a step more, as in an auction, and pairs that are not tight after that are dissolved.
//             4. From each row that is still alone, Dijkstra. Rows are known by short lists of what were their best columns, and
//                what no other column exceeds: as prices only rise, that stays true, and a list is drawn anew only when a
//                path gets as long as that. Where lists would cost more than whole rows, labels are raised in whole rows,
//                side by side, and columns at the same distance are taken together. Either ends at the first free column.
// Invariants  Prices only rise. Between the parts of step 3 and after every path pairs are tight; a column that is taken once
//             stays taken (but for steps, which are taken where n = m only, and every column will be). So a run that
//             is stopped has a bound: row prices that were right once only get too high.
// Cost        A pass over the matrix for the prices, one for the tight pairs, and one for the lists if step 2 leaves more than
//             a few alone. Then a bid looks at one list and a path at one for each row it touches.
// Traps       Bids with a step where n < m: a column that is left again would have a price and nobody to pay it.
//             A list (shortlists.hpp) drawn during a path is drawn at the prices of a path that ended there.
// Range       The reader of the points makes sure that their spread times (n + m + 2) stays below 2^60. Start prices and
//             paths are within n times the spread of 0 and of a free column, so prices stay below 2^61 and labels below 3/2 of
//             that, which is FAR; the price of a column that is done is twice as high, and sums fit.
// Literature  R. Jonker, A. Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment
//             problems", Computing 38, 1987; R. Burkard, B. Klinz, R. Rudolf, "Perspectives of Monge properties in
//             optimization", Discrete Appl. Math. 70, 1996; A. Pothen, C.-J. Fan, ACM TOMS 16, 1990 (step 2).

#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/shortlists.hpp"

namespace twin {

template <class T>
class Augment {
 public:
  // All points are from `low` to `high`. `points` outlives this.
  Augment(const T *points, std::int64_t n, std::int64_t m, std::int64_t low, std::int64_t high, const std::string &isa);

  // Solves, or throws Cancelled. Either way the results are what the solver's user can have. *matched is kept up to date.
  void run(Crew &crew, Flag flag, std::int64_t *matched);

  std::vector<std::int64_t> mate, left_price, right_price;

 private:
  struct Offer {
    std::int64_t best, second;
    std::int32_t column;
  };

  const T *row(std::int64_t i) const { return points_ + i * m_; }
  void pair(std::int32_t i, std::int32_t j);
  void solve(Crew &crew, Flag flag);
  void start(Crew &crew, Flag flag);
  std::vector<std::int64_t> sorted_start(const std::vector<std::int64_t> &row_sum,
                                         const std::vector<std::int64_t> &column_sum) const;
  double sampled_bound(const std::vector<std::int64_t> &price) const;
  void match_tight(Flag flag);
  bool reach_tight(std::int32_t root, std::int32_t pass);
  Offer offer(std::int64_t i) const;
  void bid(std::int64_t step, std::int64_t bids, Flag flag);
  void bid_and_match(Flag flag);
  std::int64_t first_step() const;
  void loosen(Flag flag);
  void push(std::int64_t key, std::int32_t node);
  void reach(std::int32_t i, std::int64_t base);
  bool listed_path(std::int32_t root, Flag flag);
  void whole_path(std::int32_t root, Flag flag);
  void augment(std::int32_t root, std::int32_t end, std::int64_t distance);
  void settle();
  void complete();

  const T *points_;
  const std::int64_t n_, m_, high_, spread_;
  RowLoops<T> loops_;
  Shortlists<T> lists_;
  std::int64_t *matched_ = nullptr;
  std::vector<std::int64_t> &price_ = right_price;
  bool known_ = false;
  std::int64_t slack_ = 0;  // what pairs may lack to be tight: the step of the bids that made them
  std::vector<std::int64_t> best_, gain_;  // at least u[i], once known; points of the row's pair
  std::vector<std::int32_t> owner_, next_, seen_;
  // A path: labels, their rows, and columns that have their final distance; the price of those in open_price_ is raised.
  std::vector<std::int64_t> distance_, via_, open_price_, base_, group_, done_distance_;
  std::vector<std::int32_t> done_, touched_;
  std::vector<std::pair<std::int64_t, std::int32_t>> heap_;
  std::int64_t end_distance_ = 0, work_ = 0;
  std::int32_t end_ = -1;
};

}  // namespace twin
