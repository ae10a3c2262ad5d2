// The plain pass's inner loops for one instruction set, TM_LEVEL. Plain loops over raw pointers, no standard library.

#include "kernels.hpp"

namespace twin::TM_LEVEL {
namespace {

template <class Offer>
void offers(const std::int32_t *__restrict table_row, const std::int32_t *__restrict right_class,
            const Offer *__restrict price, std::int64_t count, Offer *__restrict offer) {
  for (std::int64_t k = 0; k < count; ++k) {
    const std::int32_t entry = table_row[right_class[k]];
    const Offer value = static_cast<Offer>(entry == FORBIDDEN ? 0 : entry) - price[k];
    offer[k] = entry == FORBIDDEN ? Limits<Offer>::none : value;
  }
}

template <class Offer, class Points>
Offer greatest(std::int64_t count, const Offer *offer, const Points points) {
  Offer best = Limits<Offer>::none;
  for (std::int64_t k = 0; k < count; ++k) {
    const Offer net = offer[k] + points(k);
    best = net > best ? net : best;
  }
  return best;
}

template <class Offer>
Offer best(const Terms &terms, std::int64_t i, std::int64_t first, std::int64_t count, const Offer *offer,
           std::int32_t *scratch) {
  Offer result = Limits<Offer>::none;
  if (sizeof(Offer) == sizeof(std::int32_t) && all_fused(terms)) {
    with_fused(terms, i, first, [&](const auto pair) { result = greatest(count, offer, pair); });
  } else {
    score(terms, i, first, count, 0, scratch);
    result = greatest(count, offer, [=](std::int64_t k) { return scratch[k]; });
  }
  return result;
}

template <class Offer>
Offer best_on_curve(const Terms &terms, std::int64_t i, std::int64_t first, std::int64_t count, const Offer *entry,
                    const Offer *price, std::int32_t *scratch) {
  Terms straight = terms;
  straight.curve = nullptr;
  score(straight, i, first, count, 0, scratch);
  Offer result = Limits<Offer>::none;
  for (std::int64_t k = 0; k < count; ++k) {
    if (entry[k] == Limits<Offer>::none) continue;
    const Offer net = on_curve(terms, static_cast<std::int32_t>(entry[k]) + scratch[k]) - price[k];
    result = net > result ? net : result;
  }
  return result;
}

std::int32_t points(const Terms &terms, std::int64_t i, std::int64_t j, std::int32_t base) {
  std::int32_t result = 0;
  score(terms, i, j, 1, base, &result);
  return result;
}

template <class Offer>
constexpr Loops<Offer> loops = {offers<Offer>, best<Offer>, best_on_curve<Offer>};

#define TM_STRING(x) #x
#define TM_NAME(x) TM_STRING(x)

}  // namespace

extern const Kernels check_kernels = {TM_NAME(TM_LEVEL), loops<std::int32_t>, loops<std::int64_t>, points};

}  // namespace twin::TM_LEVEL
