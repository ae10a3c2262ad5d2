// The checker's plain pass, and its count of blocking pairs, against naive loops in 64 bits, on every instruction set and
// any number of threads. Linked with the checker alone: it shares nothing with the core but points.hpp.

#include "check/blocking.hpp"
#include "check/pass.hpp"
#include "world.hpp"

namespace twin::fuzz {
namespace {

std::vector<Banned> bans_of(const World &w) {
  std::vector<Banned> bans;
  for (std::int64_t i = 0; w.has_bans && i < w.n(); ++i)
    for (std::int64_t c = w.ban_offset[std::size_t(i)]; c < w.ban_offset[std::size_t(i) + 1]; ++c)
      bans.push_back({i, w.ban_item[std::size_t(c)]});
  return bans;
}

void pass(World &w, Draw &draw) {
  const std::int64_t top = draw.scale(WIDE);  // beyond what 32 bits hold, too
  std::vector<std::int64_t> price;
  for (std::int64_t j = 0; j < w.m(); ++j) price.push_back(draw.flip(3) ? 0 : draw.number(0, top));
  std::vector<std::uint8_t> witness;
  for (std::int64_t i = 0; i < w.n(); ++i) witness.push_back(draw.flip());
  const std::vector<Banned> bans = bans_of(w);
  std::vector<std::int64_t> best(std::size_t(w.n()), INT64_MIN);
  std::vector<std::uint8_t> reached(std::size_t(w.m()), 0);
  for (std::int64_t i = 0; i < w.n(); ++i)
    for (std::int64_t j = 0; j < w.m(); ++j)
      if (const std::int64_t points = w.points(i, j); points != NOT_ADMISSIBLE) {
        best[std::size_t(i)] = std::max(best[std::size_t(i)], points - price[std::size_t(j)]);
        if (witness[std::size_t(i)]) reached[std::size_t(j)] = 1;
      }
  const int threads = int(draw.number(1, 3));
  for (const std::string &isa : instruction_sets()) {
    std::vector<std::int64_t> best_net(std::size_t(w.n()), 7);
    std::vector<std::uint8_t> is_reached(std::size_t(w.m()), 7);
    std::int64_t progress = 0;
    const std::vector<Bonus> none;
    MUST_HOLD(run(Pass{w.terms, bans, none, price.data(), witness.data(), best_net.data(), is_reached.data(), nullptr, &progress},
                  kernels_for(isa), threads));
    MUST_HOLD(best_net == best && is_reached == reached && progress == w.n() * w.m());
  }
}

void contest(World &w, World &other, Draw &draw) {
  const std::int64_t kinds = draw.number(1, 3);
  w.terms.curve = nullptr, w.curve.clear(), other.terms.curve = nullptr, other.curve.clear();
  std::vector<std::int32_t> limit, mate, kind, own, worst, holder;
  const auto worth = [&] { return draw.number32(-w.most, w.most); };
  const bool has_own = draw.flip(3), has_key = !has_own && draw.flip();
  for (std::int64_t i = 0; i < w.n(); ++i) {
    const bool nobody = draw.flip(6), anybody = draw.flip(4);
    limit.push_back(nobody ? INT32_MAX : anybody ? INT32_MIN : worth());
    mate.push_back(nobody || anybody ? -1 : draw.number32(-1, w.m() - 1));
    kind.push_back(draw.number32(0, kinds - 1));
    own.push_back(draw.number32(-4, 4));
  }
  for (std::int64_t c = 0; c < kinds * w.m(); ++c) {
    const bool nobody = draw.flip(6), anybody = draw.flip(4);
    worst.push_back(nobody ? INT32_MAX : anybody ? INT32_MIN : has_own ? draw.number32(-4, 4) : worth());
    holder.push_back(nobody || anybody ? -1 : draw.number32(0, w.n() - 1));
  }
  const std::vector<Banned> bans = bans_of(w), key_bans = bans_of(other);
  std::vector<std::int64_t> count(std::size_t(w.n()), 0), nearest(std::size_t(w.m()), INT64_MIN);
  for (std::int64_t i = 0; i < w.n(); ++i)
    for (std::int64_t j = 0; j < w.m(); ++j) {
      const std::int64_t points = w.points(i, j);
      const auto mine = std::size_t(i), at = std::size_t(kind[std::size_t(i)] * w.m() + j);
      if (points == NOT_ADMISSIBLE) continue;
      if (points < limit[mine] || (points == limit[mine] && j >= mate[mine])) continue;  // i does not want j
      std::int64_t key = points;
      if (has_own) key = own[mine];
      if (has_key) key = other.points(i, j);
      if (has_key && key == NOT_ADMISSIBLE) continue;
      if (key > worst[at] || (key == worst[at] && i < holder[at])) ++count[mine];
      else nearest[std::size_t(j)] = std::max(nearest[std::size_t(j)], (key << 32) | std::int64_t(std::uint32_t(~std::int32_t(i))));
    }
  const int threads = int(draw.number(1, 3));
  for (const std::string &isa : instruction_sets()) {
    std::vector<std::int64_t> counted(std::size_t(w.n()), 7), rival(std::size_t(w.m()), 7);
    std::int64_t progress = 0;
    MUST_HOLD(run(Contest{w.terms, bans, limit.data(), mate.data(), kind.data(), worst.data(), holder.data(),
                          has_key ? &other.terms : nullptr, has_key ? &key_bans : nullptr, has_own ? own.data() : nullptr,
                          counted.data(), rival.data(), nullptr, &progress},
                  kernels_for(isa), threads));
    MUST_HOLD(counted == count && progress == w.n() * w.m());
    MUST_HOLD(rival == nearest);
  }
}

}  // namespace
}  // namespace twin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  using namespace twin::fuzz;
  Draw draw(data, size);
  const std::int64_t n = draw.size(1, 6, 300), m = draw.size(1, 24, 1300);
  World world, other;
  make(world, draw, n, m, std::int64_t{1} << 29);
  if (draw.flip()) {
    pass(world, draw);
  } else {
    make(other, draw, n, m, std::int64_t{1} << 29);
    contest(world, other, draw);
  }
  return 0;
}
