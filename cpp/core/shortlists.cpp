// The lists of shortlists.hpp.

#include "core/shortlists.hpp"

#include <algorithm>
#include <numeric>

namespace twin {

namespace {
constexpr std::int32_t LISTED = 24;    // columns in the first list of a row
constexpr std::int32_t LONGEST = 256;  // and in the longest
}  // namespace

template <class T>
Shortlists<T>::Shortlists(const T *points, std::int64_t n, std::int64_t m, const RowLoops<T> &loops, const std::string &isa)
    : points_(points), n_(n), m_(m), segment_(std::clamp<std::int64_t>(m / 128, 4, 16) * LANES),
      groups_((m + segment_ - 1) / segment_ * LANES), graph_(points, n, m, 0, isa), loops_(loops) {}

// The group of a column, were a segment's columns handed out to its groups one after the other.
template <class T>
std::int64_t Shortlists<T>::group_at(std::int64_t column) const {
  const std::int64_t segment = column / segment_, first = segment * segment_;
  const std::int64_t length = std::min(segment_, m_ - first);
  return segment * LANES + (column - first) * std::min(LANES, length) / length;
}

// Rows with many best columns do not all list the same few: they begin in a group in proportion to its columns. Where one
// more ties than a list holds, nothing else can exceed it.
template <class T>
void Shortlists<T>::list_tight(const Prices &price, std::vector<std::int64_t> &best, Crew &crew, Flag flag) {
  item_.resize(std::size_t(n_ * LISTED)), worth_.resize(item_.size());
  number_.resize(std::size_t(n_)), width_.assign(std::size_t(n_), LISTED);
  first_.resize(std::size_t(n_)), beyond_.resize(std::size_t(n_));
  crew.run(n_, rows_at_once(m_), [&](int, std::int64_t begin, std::int64_t end) {
    std::vector<std::int64_t> group(static_cast<std::size_t>(groups_));
    for (std::int64_t i = begin; i < end; ++i) {
      flag.check();
      const T *row = points_ + i * m_;
      loops_.maxima(row, price.data(), m_, segment_, group.data());
      const std::int64_t most = *std::max_element(group.begin(), group.end());
      std::int64_t second = NO_VALUE, g = group_at(i * m_ / n_);
      std::int32_t number = 0;
      for (std::int64_t turn = 0; turn < groups_ && second < most; ++turn, g = g + 1 < groups_ ? g + 1 : 0) {
        if (group[std::size_t(g)] != most) {
          second = std::max(second, group[std::size_t(g)]);
          continue;
        }
        const std::int64_t stop = std::min((g / LANES + 1) * segment_, m_);
        for (std::int64_t j = g / LANES * segment_ + g % LANES; j < stop && second < most; j += LANES) {
          const std::int64_t net = row[j] - price[std::size_t(j)];
          if (net < most || number == LISTED) {
            second = std::max(second, net);
          } else {
            item_[std::size_t(i * LISTED + number)] = static_cast<std::int32_t>(j);
            worth_[std::size_t(i * LISTED + number++)] = row[j];
          }
        }
      }
      first_[std::size_t(i)] = i * LISTED, number_[std::size_t(i)] = number;
      best[std::size_t(i)] = most, beyond_[std::size_t(i)] = second;
    }
  });
}

template <class T>
void Shortlists<T>::draw_all(Crew &crew, Flag flag) {
  std::vector<std::int32_t> rows(static_cast<std::size_t>(n_));
  std::iota(rows.begin(), rows.end(), 0);
  const std::vector<std::int64_t> floor(std::size_t(n_), NO_VALUE);
  graph_.search(rows.data(), n_, LISTED, floor.data(), ONCE,
                {item_.data(), worth_.data(), number_.data(), beyond_.data()}, crew, flag);
}

template <class T>
void Shortlists<T>::draw(std::int32_t i, bool longer, const Prices &price, Flag flag) {
  graph_.change_prices(price.data(), changed_.data(), std::int64_t(changed_.size()));
  changed_.clear();
  std::int32_t &width = width_[std::size_t(i)];
  if (longer && width < LONGEST) {
    width = std::min(2 * width, LONGEST);
    first_[std::size_t(i)] = std::int64_t(item_.size());
    item_.resize(item_.size() + std::size_t(width)), worth_.resize(item_.size());
  }
  const std::int64_t floor = NO_VALUE;
  const std::size_t at = begin(i);
  graph_.search(&i, 1, width, &floor, ONCE, {&item_[at], &worth_[at], &number_[std::size_t(i)], &beyond_[std::size_t(i)]},
                alone_, flag);
}

template <class T>
std::int64_t Shortlists<T>::best(std::int64_t i, const Prices &price) const {
  std::int64_t best = NO_VALUE;
  for (std::size_t c = begin(i), last = end(i); c < last; ++c) best = std::max(best, net(c, price));
  return best;
}

template class Shortlists<std::int32_t>;
template class Shortlists<std::int64_t>;

}  // namespace twin
