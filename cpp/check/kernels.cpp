// The passes' inner loops for one instruction set, TM_LEVEL. Plain loops over raw pointers, no standard library.

#include "kernels.hpp"

#include "bounds.hpp"

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

void entries(const std::int32_t *__restrict table_row, const std::int32_t *__restrict right_class, std::int64_t count,
             std::int32_t *__restrict out) {
  for (std::int64_t k = 0; k < count; ++k) out[k] = table_row[right_class[k]];
}

void add_points(const Terms &terms, std::int64_t i, std::int64_t first, std::int64_t count, std::int32_t *__restrict entry,
                std::int32_t *__restrict scratch) {
  score(terms, i, first, count, 0, scratch);
  for (std::int64_t k = 0; k < count; ++k) entry[k] = entry[k] == FORBIDDEN ? FORBIDDEN : entry[k] + scratch[k];
}

// Hands `use` a function of the points of a pair and k, the key that the right school has for i.
template <class Use>
void with_key(const Rivals &rivals, const Use use) {
  const std::int32_t own = rivals.own, *key = rivals.key;
  if (rivals.by == Rivals::POINTS) use([](std::int64_t, std::int32_t points) { return points; });
  else if (rivals.by == Rivals::OWN) use([=](std::int64_t, std::int32_t) { return own; });
  else use([=](std::int64_t k, std::int32_t) { return key[k]; });
}

// The same with the numeric points of a pair; the common policies' in one loop.
template <class Use>
void with_points(const Terms &terms, std::int64_t i, std::int64_t first, std::int64_t count, std::int32_t *scratch,
                 const Use use) {
  if (all_fused(terms)) {
    with_fused(terms, i, first, use);
  } else {
    score(terms, i, first, count, 0, scratch);
    use([=](std::int64_t k) { return scratch[k]; });
  }
}

std::int64_t blocking(const Terms &terms, std::int64_t i, std::int64_t first, std::int64_t count,
                      const std::int32_t *__restrict entry, std::int32_t limit, const Rivals &rivals,
                      std::int32_t *scratch) {
  const std::int32_t *__restrict worst = rivals.worst, *__restrict holder = rivals.holder;
  const auto me = static_cast<std::int32_t>(i);
  std::int32_t total = 0;
  with_points(terms, i, first, count, scratch, [&](const auto pair) {
    with_key(rivals, [&](const auto key) {
      std::int32_t found = 0;
      for (std::int64_t k = 0; k < count; ++k) {
        const std::int32_t points = static_cast<std::int32_t>(static_cast<std::uint32_t>(entry[k]) + static_cast<std::uint32_t>(pair(k)));
        found += static_cast<std::int32_t>(entry[k] != FORBIDDEN) & static_cast<std::int32_t>(points > limit) &
                 static_cast<std::int32_t>(key(k, points) > worst[k] - static_cast<std::int32_t>(me < holder[k]));
      }
      total = found;
    });
  });
  return total;
}

void nearest(const Terms &terms, std::int64_t i, std::int64_t first, std::int64_t count, const std::int32_t *__restrict entry,
             std::int32_t limit, const Rivals &rivals, std::int32_t *scratch, std::int64_t *__restrict most) {
  const std::int32_t *__restrict worst = rivals.worst, *__restrict holder = rivals.holder;
  const auto me = static_cast<std::int32_t>(i);
  with_points(terms, i, first, count, scratch, [&](const auto pair) {
    with_key(rivals, [&](const auto key) {
      for (std::int64_t k = 0; k < count; ++k) {
        const std::int32_t points = static_cast<std::int32_t>(static_cast<std::uint32_t>(entry[k]) + static_cast<std::uint32_t>(pair(k)));
        const std::int32_t mine = key(k, points);
        const bool wanted = (entry[k] != FORBIDDEN) & (mine != FORBIDDEN) & (points > limit) &
                            (mine <= worst[k] - static_cast<std::int32_t>(me < holder[k]));
        const std::int64_t packed = static_cast<std::int64_t>(static_cast<std::uint64_t>(static_cast<std::int64_t>(mine)) << 32) |
                                    static_cast<std::int64_t>(static_cast<std::uint32_t>(~me));
        const std::int64_t value = wanted ? packed : INT64_MIN;
        most[k] = value > most[k] ? value : most[k];
      }
    });
  });
}

template <class Offer>
constexpr Loops<Offer> loops = {offers<Offer>, best<Offer>, best_on_curve<Offer>, promising<Offer>};

#define TM_STRING(x) #x
#define TM_NAME(x) TM_STRING(x)

}  // namespace

extern const Kernels check_kernels = {TM_NAME(TM_LEVEL), loops<std::int32_t>, loops<std::int64_t>, points,
                                      entries, add_points, blocking, nearest};

}  // namespace twin::TM_LEVEL
