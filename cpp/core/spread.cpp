// The spread graph of spread.hpp.

#include "core/spread.hpp"

#include <algorithm>

namespace twin {

// The graph below is told first: it refuses prices that do not fit.
void Spread::set_prices(const std::int64_t *price) {
  below_.set_prices(price);
  price_.assign(price, price + num_right());
}

void Spread::change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count) {
  below_.change_prices(price, changed, count);
  for (std::int64_t c = 0; c < count; ++c) price_[std::size_t(changed[c])] = std::int32_t(price[changed[c]]);
}

void Spread::search(const std::int32_t *rows, std::int64_t count, int k, const std::int64_t *floor, std::int64_t margin,
                    Lists lists, Crew &crew, Flag flag) {
  ++searches, rows_searched += count;
  if (count < least_) return below_.search(rows, count, k, floor, margin, lists, crew, flag);
  flag.check();
  ++rounds, rows_asked += count;
  floor_.resize(std::size_t(count));
  std::transform(floor, floor + count, floor_.begin(), [](std::int64_t value) {
    return std::int32_t(std::clamp<std::int64_t>(value, INT32_MIN, INT32_MAX));
  });
  ask_({rows, count, k, floor_, price_, parts_}, lists);
  flag.check();
}

}  // namespace twin
