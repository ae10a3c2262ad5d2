// The steps of augment.hpp.

#include "core/augment.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <numeric>

namespace twin {

namespace {
constexpr std::int64_t SAMPLE = 64;     // rows that a start is judged by
constexpr std::int64_t BIDS = 8;        // bids per row without a step; twice as many with one
constexpr std::int64_t WORTHWHILE = 8;  // a round that pairs less than one in so many of those alone is the last
constexpr std::int64_t CROWD = 14;      // more than one row in so many alone: bids with a step are worth their while
constexpr std::int64_t FEW = 64;        // until one in so many is
// The first step is so many times the usual distance from the best partner to the fourth, at most the spread over
// COARSEST (so that prices stay in range), and the next one is SHRINK times smaller.
constexpr std::int64_t FIRST_STEP = 8, COARSEST = 16, SHRINK = 8;
// What a path over lists costs, in columns of a whole row that is looked at; and how many rows it may cost more.
// Columns of a matrix that no cache holds take so much longer.
constexpr std::int64_t ENTRY = 4, PUSH = 32, DRAW = 8, MORE_ROWS = 64, CACHED_BYTES = 1 << 24, UNCACHED = 3;
constexpr int MOST_SKIPPED = 64;
constexpr std::int64_t FAR = 3 * (std::int64_t{1} << 60);       // beyond every distance
constexpr std::int64_t CLOSED = 3 * (std::int64_t{1} << 61);    // the price of a column that has its distance

template <class T>
const RowLoops<T> &loops_of(const std::string &isa) {
  if constexpr (sizeof(T) == 4) return dense_kernels_of(isa).narrow;
  else return dense_kernels_of(isa).wide;
}
}  // namespace

template <class T>
Augment<T>::Augment(const T *points, std::int64_t n, std::int64_t m, std::int64_t low, std::int64_t high,
                    const std::string &isa)
    : mate(std::size_t(n), -1), left_price(std::size_t(n), high), right_price(std::size_t(m), 0), points_(points), n_(n),
      m_(m), high_(high), spread_(high - low), loops_(loops_of<T>(isa)), lists_(points, n, m, loops_, isa),
      best_(std::size_t(n)), gain_(std::size_t(n)), owner_(std::size_t(m), -1), group_(std::size_t(lists_.groups())) {}

template <class T>
void Augment<T>::run(Crew &crew, Flag flag, std::int64_t *matched) {
  matched_ = matched;
  try {
    solve(crew, flag);
  } catch (const Cancelled &) {
    settle();
    complete();
    throw;
  }
  settle();
}

template <class T>
void Augment<T>::solve(Crew &crew, Flag flag) {
  if (n_ == m_ && n_ > 1) start(crew, flag);
  lists_.list_tight(price_, best_, crew, flag);
  known_ = true;
  match_tight(flag);
  if (*matched_ == n_) return;
  lists_.set_prices(price_);
  if ((n_ - *matched_) * FEW > n_) lists_.draw_all(crew, flag);  // few need a list later on: those are drawn on demand
  bid_and_match(flag);
  if (n_ == m_ && (n_ - *matched_) * CROWD > n_)
    for (std::int64_t step = first_step(); step > 0 && (n_ - *matched_) * FEW > n_; step /= SHRINK) {
      bid(step, 2 * BIDS * n_, flag);
      loosen(flag);
      match_tight(flag);
      bid_and_match(flag);
    }
  distance_.assign(std::size_t(m_), FAR), via_.resize(std::size_t(m_)), base_.resize(std::size_t(n_));
  open_price_ = price_;
  int skipped = 0, skip = 0;  // where lists are no help they are not tried for a while
  for (std::int32_t i = 0; i < n_; ++i) {
    if (mate[std::size_t(i)] >= 0) continue;
    if (skipped < skip) {
      ++skipped;
    } else if (listed_path(i, flag)) {
      skip = 0;
      continue;
    } else {
      skipped = 0, skip = std::min(2 * skip + 1, MOST_SKIPPED);
    }
    whole_path(i, flag);
  }
}

template <class T>
void Augment<T>::pair(std::int32_t i, std::int32_t j) {
  mate[std::size_t(i)] = j, owner_[std::size_t(j)] = i;
  gain_[std::size_t(i)] = row(i)[j];
}

// -- 1. Start prices ---------------------------------------------------------------------------------------------------

template <class T>
void Augment<T>::start(Crew &crew, Flag flag) {
  const auto n = std::size_t(n_);
  std::vector<std::int64_t> most(n, INT64_MIN), column_sum(n, 0), row_sum(n);
  std::mutex mutex;
  crew.run(n_, rows_at_once(m_), [&](int, std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> mine(n, INT64_MIN), sum(n, 0);
    for (std::int64_t i = first; i < last; ++i) {
      flag.check();
      row_sum[std::size_t(i)] = loops_.survey(row(i), m_, mine.data(), sum.data());
    }
    const std::lock_guard<std::mutex> lock(mutex);
    for (std::size_t j = 0; j < n; ++j) most[j] = std::max(most[j], mine[j]), column_sum[j] += sum[j];
  });
  std::vector<std::int64_t> sorted = sorted_start(row_sum, column_sum);
  price_ = sampled_bound(sorted) < sampled_bound(most) ? std::move(sorted) : std::move(most);
}

// Rows and columns in the order of their sums, paired up (or down, whichever brings more points), and the prices at which
// neighbours do not want to exchange partners.
template <class T>
std::vector<std::int64_t> Augment<T>::sorted_start(const std::vector<std::int64_t> &row_sum,
                                                   const std::vector<std::int64_t> &column_sum) const {
  std::vector<std::int32_t> rows(row_sum.size()), columns(row_sum.size());
  std::iota(rows.begin(), rows.end(), 0), std::iota(columns.begin(), columns.end(), 0);
  const auto by = [](const std::vector<std::int64_t> &sum) {
    return [&sum](std::int32_t a, std::int32_t b) {
      return sum[std::size_t(a)] != sum[std::size_t(b)] ? sum[std::size_t(a)] < sum[std::size_t(b)] : a < b;
    };
  };
  std::sort(rows.begin(), rows.end(), by(row_sum));
  std::sort(columns.begin(), columns.end(), by(column_sum));
  std::int64_t up = 0, down = 0;
  for (std::size_t k = 0; k < rows.size(); ++k)
    up += row(rows[k])[columns[k]], down += row(rows[k])[columns[rows.size() - 1 - k]];
  if (down > up) std::reverse(columns.begin(), columns.end());
  std::vector<std::int64_t> price(row_sum.size(), 0);
  for (std::size_t k = 0; k + 1 < rows.size(); ++k) {
    const T *here = row(rows[k]), *next = row(rows[k + 1]);
    const std::int64_t least = std::int64_t{here[columns[k + 1]]} - here[columns[k]];
    const std::int64_t most = std::int64_t{next[columns[k + 1]]} - next[columns[k]];
    price[std::size_t(columns[k + 1])] = price[std::size_t(columns[k])] + least + (most - least) / 2;
  }
  return price;
}

template <class T>
double Augment<T>::sampled_bound(const std::vector<std::int64_t> &price) const {
  std::vector<std::int64_t> group(static_cast<std::size_t>(lists_.groups()));
  const std::int64_t rows = std::min(n_, SAMPLE);
  double left = 0, right = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    loops_.maxima(row(r * n_ / rows), price.data(), m_, lists_.segment(), group.data());
    left += double(*std::max_element(group.begin(), group.end()));
  }
  for (const std::int64_t p : price) right += double(p);
  return left * double(n_) / double(rows) + right;
}

// -- 2. Tight pairs ----------------------------------------------------------------------------------------------------

template <class T>
void Augment<T>::match_tight(Flag flag) {
  next_.resize(std::size_t(n_)), seen_.assign(std::size_t(m_), 0);
  std::int32_t pass = 0;
  for (bool found = true; found;) {
    found = false, ++pass;
    std::fill(next_.begin(), next_.end(), 0);
    for (std::int32_t i = 0; i < n_; ++i)
      if (mate[std::size_t(i)] < 0) {
        flag.check();
        if (reach_tight(i, pass)) found = true, ++*matched_;
      }
  }
}

// Goes down as deep as it gets, to a free column first; columns seen in this pass lead nowhere new.
template <class T>
bool Augment<T>::reach_tight(std::int32_t root, std::int32_t pass) {
  std::vector<std::int32_t> &rows = done_;
  const auto tight = [&](std::int32_t i, std::size_t c) { return lists_.net(c, price_) == best_[std::size_t(i)]; };
  rows.assign(1, root);
  while (!rows.empty()) {
    const std::int32_t i = rows.back();
    const std::size_t first = lists_.begin(i), last = lists_.end(i);
    std::int32_t &next = next_[std::size_t(i)], end = -1;
    for (std::size_t c = next == 0 ? first : last; c < last && end < 0; ++c)
      if (owner_[std::size_t(lists_.column(c))] < 0 && tight(i, c)) end = lists_.column(c);
    if (end >= 0) {
      for (auto at = rows.rbegin(); at != rows.rend(); ++at) {  // each row takes the column that the one below leaves
        const auto before = static_cast<std::int32_t>(mate[std::size_t(*at)]);
        pair(*at, end);
        end = before;
      }
      return true;
    }
    while (first + std::size_t(next) < last) {
      const std::size_t c = first + std::size_t(next++), j = std::size_t(lists_.column(c));
      if (seen_[j] == pass || !tight(i, c)) continue;
      seen_[j] = pass;
      rows.push_back(owner_[j]);
      break;
    }
    if (rows.back() == i) rows.pop_back();
  }
  return false;
}

// -- 3. Bids -----------------------------------------------------------------------------------------------------------

// The best listed column of a row, a free one among equals, and what no other column exceeds.
template <class T>
typename Augment<T>::Offer Augment<T>::offer(std::int64_t i) const {
  Offer found{NO_VALUE, lists_.beyond(i), -1};
  for (std::size_t c = lists_.begin(i), end = lists_.end(i); c < end; ++c) {
    const std::int32_t j = lists_.column(c);
    const std::int64_t net = lists_.net(c, price_);
    if (net > found.best) {
      found.second = std::max(found.second, found.best);
      found.best = net, found.column = j;
    } else {
      found.second = std::max(found.second, net);
      if (net == found.best && owner_[std::size_t(j)] < 0) found.column = j;
    }
  }
  return found;
}

template <class T>
void Augment<T>::bid(std::int64_t step, std::int64_t bids, Flag flag) {
  slack_ = std::max(slack_, step);
  std::vector<std::int32_t> alone, losers;
  for (std::int32_t i = 0; i < n_; ++i)
    if (mate[std::size_t(i)] < 0) alone.push_back(i);
  for (int round = 0; !alone.empty() && (round < 2 || step > 0) && bids > 0; ++round) {
    losers.clear();
    for (std::int32_t i : alone)
      while (i >= 0) {
        flag.check();
        Offer found = offer(i);
        if (found.best < lists_.beyond(i)) lists_.draw(i, false, price_, flag), found = offer(i);
        const std::int32_t j = found.column, before = owner_[std::size_t(j)];
        const std::int64_t rise = found.best - found.second + step;
        if (before >= 0 && (rise == 0 || bids-- <= 0)) {  // as good elsewhere, where nobody may be
          losers.push_back(i);
          break;
        }
        if (rise > 0 && m_ > 1) price_[std::size_t(j)] += rise, lists_.note_change(j);
        pair(i, j);
        if (before < 0) {
          ++*matched_;
        } else {
          mate[std::size_t(before)] = -1;
          if (step > 0) {
            losers.push_back(before);
            break;
          }
        }
        i = before;
      }
    alone.swap(losers);
  }
}

// Bids without a step, and the largest matching of the pairs that they leave tight, for as long as that gets on.
template <class T>
void Augment<T>::bid_and_match(Flag flag) {
  for (std::int64_t before = -n_; (*matched_ - before) * WORTHWHILE > n_ - *matched_;) {
    before = *matched_;
    bid(0, BIDS * n_, flag);
    loosen(flag);
    match_tight(flag);
  }
}

template <class T>
std::int64_t Augment<T>::first_step() const {
  std::vector<std::int64_t> steps, net;
  for (std::int64_t i = 0; i < n_; i += 1 + n_ / 256) {
    net.clear();
    for (std::size_t c = lists_.begin(i), end = lists_.end(i); c < end; ++c) net.push_back(lists_.net(c, price_));
    std::sort(net.begin(), net.end(), std::greater<>());
    steps.push_back(net[0] - net[std::min<std::size_t>(3, net.size() - 1)]);
  }
  std::nth_element(steps.begin(), steps.begin() + std::ptrdiff_t(steps.size() / 2), steps.end());
  return std::min(FIRST_STEP * std::min(steps[steps.size() / 2], spread_), spread_ / COARSEST);
}

// Dissolves the pairs that are not tight.
template <class T>
void Augment<T>::loosen(Flag flag) {
  for (std::int32_t i = 0; i < n_; ++i) {
    flag.check();
    const auto at = std::size_t(i);
    if (lists_.best(i, price_) < lists_.beyond(i)) lists_.draw(i, false, price_, flag);
    best_[at] = lists_.best(i, price_);
    if (mate[at] >= 0 && gain_[at] - price_[std::size_t(mate[at])] < best_[at])
      owner_[std::size_t(mate[at])] = -1, mate[at] = -1, --*matched_;
  }
  slack_ = 0;
}

// -- 4. Paths ----------------------------------------------------------------------------------------------------------

template <class T>
void Augment<T>::push(std::int64_t key, std::int32_t node) {
  heap_.push_back({key, node});
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
}

// Labels the listed columns of a row that is reached at base - u[i]; the others wait until the list no longer answers.
template <class T>
void Augment<T>::reach(std::int32_t i, std::int64_t base) {
  for (std::size_t c = lists_.begin(i), end = lists_.end(i); c < end; ++c) {
    const std::int32_t j = lists_.column(c);
    const std::int64_t key = base - lists_.net(c, price_);
    std::int64_t &distance = distance_[std::size_t(j)];
    if (key >= end_distance_ || key >= distance) continue;
    if (distance == FAR) touched_.push_back(j);
    distance = key, via_[std::size_t(j)] = i;
    if (owner_[std::size_t(j)] < 0) end_distance_ = key, end_ = j;
    else push(key, j), work_ += PUSH;
  }
  work_ += ENTRY * std::int64_t(lists_.end(i) - lists_.begin(i));
  const std::int64_t beyond = lists_.beyond(i);
  if (beyond != NO_VALUE && base - beyond < end_distance_) base_[std::size_t(i)] = base, push(base - beyond, -1 - i);
}

// False, with nothing changed: lists had to be drawn more often than looking at whole rows would cost.
template <class T>
bool Augment<T>::listed_path(std::int32_t root, Flag flag) {
  done_.clear(), done_distance_.clear(), heap_.clear(), touched_.clear();
  end_ = -1, end_distance_ = FAR;
  work_ = 0;
  const std::int64_t row_work = n_ * m_ * std::int64_t(sizeof(T)) > CACHED_BYTES ? UNCACHED * m_ : m_;
  reach(root, 0);
  bool stuck = false;
  while (!stuck && !heap_.empty() && heap_.front().first < end_distance_) {
    const auto [key, node] = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    heap_.pop_back();
    if (node >= 0) {
      if (key != distance_[std::size_t(node)]) continue;
      flag.check();
      done_.push_back(node), done_distance_.push_back(key);
      const std::int32_t i = owner_[std::size_t(node)];
      reach(i, key + gain_[std::size_t(i)] - price_[std::size_t(node)]);
    } else {
      // The new list is drawn at the prices that a path that ended here would leave. Whatever comes after has higher
      // ones, so what is not in the list stays as bad as it is now.
      const std::int32_t i = -1 - node;
      for (std::size_t k = 0; k < done_.size(); ++k) {
        const std::int32_t j = done_[k];
        open_price_[std::size_t(j)] = price_[std::size_t(j)] + key - done_distance_[k];
        lists_.note_change(j);
      }
      lists_.draw(i, true, open_price_, flag);
      const std::int64_t base = base_[std::size_t(i)];
      work_ += DRAW * row_work;
      stuck = lists_.beyond(i) != NO_VALUE && base - lists_.beyond(i) <= key;
      if (!stuck) reach(i, base);
    }
    stuck = stuck || work_ > row_work * (std::int64_t(done_.size()) + MORE_ROWS);
  }
  if (!stuck) {
    augment(root, end_, end_distance_);
    for (const std::int32_t j : touched_) distance_[std::size_t(j)] = FAR;
    return true;
  }
  for (const std::int32_t j : done_) open_price_[std::size_t(j)] = price_[std::size_t(j)], lists_.note_change(j);
  for (const std::int32_t j : touched_) distance_[std::size_t(j)] = FAR;
  return false;
}

// The same with whole rows, and columns at the same distance together.
template <class T>
void Augment<T>::whole_path(std::int32_t root, Flag flag) {
  done_.clear(), done_distance_.clear();
  const std::int64_t segment = lists_.segment(), groups = lists_.groups();
  std::size_t looked = 0;
  std::int64_t distance = 0;  // from the root's row; what its price is does not matter
  std::int32_t end = -1;
  loops_.relax(row(root), open_price_.data(), 0, root, m_, segment, distance_.data(), via_.data(), group_.data());
  for (bool first = true;; first = false) {
    const std::int64_t least = *std::min_element(group_.begin(), group_.end());
    if (first || looked == done_.size() || least == distance) {
      distance = least;
      for (std::int64_t g = 0; g < groups && end < 0; ++g)
        if (group_[std::size_t(g)] == least) {
          const std::int64_t begin = g / LANES * segment, stop = std::min(begin + segment, m_);
          for (std::int64_t j = begin + g % LANES; j < stop && end < 0; j += LANES) {
            const auto at = std::size_t(j);
            if (distance_[at] != least) continue;
            if (owner_[at] < 0) {
              end = static_cast<std::int32_t>(j);
            } else {
              done_.push_back(static_cast<std::int32_t>(j)), done_distance_.push_back(least);
              distance_[at] = FAR, open_price_[at] = CLOSED;
            }
          }
        }
      if (end >= 0) break;
    }
    flag.check();
    const auto j = std::size_t(done_[looked++]);
    const std::int32_t i = owner_[j];
    loops_.relax(row(i), open_price_.data(), distance + gain_[std::size_t(i)] - price_[j], i, m_, segment,
                 distance_.data(), via_.data(), group_.data());
  }
  augment(root, end, distance);
  std::fill(distance_.begin(), distance_.end(), FAR);
}

template <class T>
void Augment<T>::augment(std::int32_t root, std::int32_t end, std::int64_t distance) {
  for (std::size_t k = 0; k < done_.size(); ++k) {
    const auto j = std::size_t(done_[k]);
    price_[j] += distance - done_distance_[k];
    open_price_[j] = price_[j];
    lists_.note_change(done_[k]);
  }
  lists_.catch_up(price_);
  for (std::int32_t j = end, i = -1; i != root;) {
    i = static_cast<std::int32_t>(via_[std::size_t(j)]);
    const auto before = static_cast<std::int32_t>(mate[std::size_t(i)]);
    pair(i, j);
    j = before;
  }
  ++*matched_;
}

// -- Results -----------------------------------------------------------------------------------------------------------

template <class T>
void Augment<T>::settle() {
  const std::int64_t low = n_ == m_ && m_ > 0 ? *std::min_element(price_.begin(), price_.end()) : 0;
  for (std::int64_t &price : price_) price -= low;
  for (std::int64_t i = 0; i < n_; ++i) {
    const auto at = std::size_t(i);
    left_price[at] = known_ ? best_[at] + low : high_;
    if (mate[at] >= 0) left_price[at] = std::min(left_price[at], gain_[at] - price_[std::size_t(mate[at])] + slack_);
  }
}

// Gives the rows that are alone when the run is stopped a column each.
template <class T>
void Augment<T>::complete() {
  constexpr std::size_t TRIED = 256;
  std::vector<std::int32_t> room;
  for (std::int32_t j = 0; j < m_; ++j)
    if (owner_[std::size_t(j)] < 0) room.push_back(j);
  for (std::int32_t i = 0; i < n_; ++i) {
    if (mate[std::size_t(i)] >= 0) continue;
    std::size_t best = room.size() - 1;
    for (std::size_t c = room.size(); c-- > (room.size() > TRIED ? room.size() - TRIED : 0);)
      if (row(i)[room[c]] > row(i)[room[best]]) best = c;
    pair(i, room[best]);
    room[best] = room.back(), room.pop_back();
  }
}

template class Augment<std::int32_t>;
template class Augment<std::int64_t>;

}  // namespace twin
