// Random terms, and what a pair is worth by them, evaluated one pair at a time in 64 bits: the slow twin of points.hpp, of
// which only the types and the constants are used.

#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "draw.hpp"
#include "points.hpp"

namespace twin::fuzz {

constexpr std::int64_t NOT_ADMISSIBLE = INT64_MIN;

struct World {
  Terms terms{};
  std::vector<std::int32_t> left_class, right_class, table, curve;
  std::array<std::vector<std::int32_t>, MAX_COLUMNS> left_linear, right_linear;
  std::array<std::vector<float>, 3> left_place, right_place;
  std::array<std::vector<std::uint64_t>, MAX_COLUMNS> left_tags, right_tags;
  std::vector<std::int8_t> left_vector, right_vector;
  std::vector<std::int64_t> ban_offset;
  std::vector<std::int32_t> ban_item;
  std::int64_t most = 1;  // points of any pair, above zero or below
  bool has_bans = false;

  World() = default;
  World(const World &) = delete;
  World &operator=(const World &) = delete;

  std::int64_t n() const { return terms.num_left; }
  std::int64_t m() const { return terms.num_right; }
  bool banned(std::int64_t i, std::int64_t j) const {
    const auto at = [&](std::int64_t row) { return ban_item.begin() + ban_offset[std::size_t(row)]; };
    return has_bans && std::find(at(i), at(i + 1), j) != at(i + 1);
  }

  std::int64_t points(std::int64_t i, std::int64_t j) const {
    const Terms &t = terms;
    const std::int64_t entry = t.table[t.left_class[i] * t.num_right_classes + t.right_class[j]];
    if (entry == FORBIDDEN || banned(i, j)) return NOT_ADMISSIBLE;
    const auto column = [](std::int64_t cap, std::int64_t worth) { return std::min(cap, std::max<std::int64_t>(0, worth)); };
    std::int64_t sum = entry;
    for (int c = 0; c < t.num_linear; ++c)
      sum += column(t.linear[c].cap, t.linear[c].top - std::abs(std::int64_t{t.linear[c].left[i]} - t.linear[c].right[j]));
    for (int c = 0; c < t.num_tags; ++c)
      sum += column(t.tags[c].cap, std::int64_t{t.tags[c].each} * std::popcount(t.tags[c].left[i] & t.tags[c].right[j]));
    if (t.has_dot) {
      std::int64_t product = t.dot.offset;
      for (std::int64_t w = 0; w < t.dot.width; ++w)
        product += std::int64_t{t.dot.left[i * t.dot.width + w]} * t.dot.right[j * t.dot.width + w];
      sum += column(t.dot.cap, (product * t.dot.gain) >> t.dot.shift);
    }
    if (t.has_distance) {
      const Distance &d = t.distance;
      float chord[3];
      for (int a = 0; a < 3; ++a) chord[a] = d.left[a][i] - d.right[a][j];
      const float q = (chord[0] * chord[0] + chord[1] * chord[1]) + chord[2] * chord[2], s = q * ARC_SCALE;
      const float arc = std::sqrt(q) * (1.0f + s * (ARC_C1 + s * (ARC_C2 + s * ARC_C3)));
      const float worth = d.top - d.slope * std::fabs(arc - d.centre);
      sum += std::int64_t(std::min(d.cap, std::max(0.0f, worth)));
    }
    return t.curve == nullptr ? sum : t.curve[std::clamp<std::int64_t>(sum, 0, t.curve_last)];
  }

  // Points the terms into the vectors.
  void tie() {
    Terms &t = terms;
    t.left_class = left_class.data(), t.right_class = right_class.data(), t.table = table.data();
    for (int c = 0; c < t.num_linear; ++c)
      t.linear[c].left = left_linear[std::size_t(c)].data(), t.linear[c].right = right_linear[std::size_t(c)].data();
    for (int c = 0; c < t.num_tags; ++c)
      t.tags[c].left = left_tags[std::size_t(c)].data(), t.tags[c].right = right_tags[std::size_t(c)].data();
    for (std::size_t a = 0; a < 3; ++a)
      t.distance.left[a] = left_place[a].data(), t.distance.right[a] = right_place[a].data();
    t.dot.left = left_vector.data(), t.dot.right = right_vector.data();
    t.curve = curve.empty() ? nullptr : curve.data();
    t.curve_last = curve.empty() ? 0 : std::int32_t(curve.size() - 1);
  }
};

// Anything that the Python side would hand over: no column, and no pair, is worth more than `most`.
inline void make(World &w, Draw &draw, std::int64_t n, std::int64_t m, std::int64_t most) {
  Terms &t = w.terms;
  t.num_left = n, t.num_right = m;
  const std::int64_t span = draw.scale(most / 16), left_classes = draw.number(1, 4), right_classes = draw.size(1, 3, 9);
  t.num_right_classes = right_classes;
  std::int64_t sum = 1;
  for (std::int64_t c = 0; c < left_classes * right_classes; ++c)
    w.table.push_back(draw.flip(4) ? FORBIDDEN : draw.number32(draw.flip(4) ? -span : 0, span));
  sum += span;
  const auto fill = [&](auto &values, std::int64_t count, auto value) {
    for (std::int64_t k = 0; k < count; ++k) values.push_back(value());
  };
  fill(w.left_class, n, [&] { return draw.number32(0, left_classes - 1); });
  fill(w.right_class, m, [&] { return draw.number32(0, right_classes - 1); });
  t.num_linear = int(draw.number(0, 4));
  for (int c = 0; c < t.num_linear; ++c) {
    // Coordinates may be far larger than what they are worth; 2^29 is what an unknown one stands at.
    const std::int64_t reach = draw.scale(std::int64_t{1} << 28), side = draw.flip() ? 1 : -1;
    const auto coordinate = [&](std::int64_t unknown) {
      return draw.flip(16) ? std::int32_t(unknown) : draw.number32(-reach, reach);
    };
    fill(w.left_linear[std::size_t(c)], n, [&] { return coordinate(-side * (1 << 29)); });
    fill(w.right_linear[std::size_t(c)], m, [&] { return coordinate(side * (1 << 29)); });
    t.linear[c].top = draw.number32(0, std::min<std::int64_t>(4 * span, 1 << 28));
    t.linear[c].cap = draw.number32(0, span);
    sum += t.linear[c].cap;
  }
  if ((t.has_distance = draw.flip())) {
    const std::int64_t reach = draw.scale(1 << 22);
    const bool ground = draw.flip();  // on the globe, not anywhere
    const auto fill_places = [&](std::array<std::vector<float>, 3> &places, std::int64_t count, float unknown) {
      const std::int64_t centre[3] = {draw.number(-reach, reach), draw.number(-reach, reach), 1 << 21};
      for (std::int64_t k = 0; k < count; ++k) {
        const bool known = !draw.flip(24);
        double at[3], length = 0.0;
        for (int a = 0; a < 3; ++a) {
          at[a] = double(centre[a] + draw.number(-reach, reach));
          length += at[a] * at[a];
        }
        const double by = ground && length > 0.0 ? double(1 << 22) / std::sqrt(length) : 1.0;
        for (std::size_t a = 0; a < 3; ++a) places[a].push_back(known ? float(std::round(at[a] * by)) : unknown);
      }
    };
    fill_places(w.left_place, n, draw.flip() ? -0x1p26f : 0x1p26f);
    fill_places(w.right_place, m, !w.left_place[0].empty() && w.left_place[0][0] > 0x1p25f ? -0x1p26f : 0x1p26f);
    t.distance.top = float(draw.number(1, 2 * span));
    t.distance.cap = float(draw.number(0, span));
    t.distance.slope = t.distance.top / float(1 + draw.number(0, 4 * reach));
    t.distance.centre = draw.flip(4) ? float(draw.number(0, 2 * reach)) : 0.0f;
    sum += span;
  }
  // Half of the worlds have what the common policies have, and with it a tree of slopes.
  t.num_tags = draw.flip() ? 0 : int(draw.number(0, 2));
  for (int c = 0; c < t.num_tags; ++c) {
    const auto set = [&] { return std::uint64_t(draw.number(INT64_MIN, INT64_MAX)) & std::uint64_t(draw.number(INT64_MIN, INT64_MAX)); };
    fill(w.left_tags[std::size_t(c)], n, set);
    fill(w.right_tags[std::size_t(c)], m, set);
    t.tags[c].each = draw.number32(0, span), t.tags[c].cap = draw.number32(0, span);
    sum += t.tags[c].cap;
  }
  if ((t.has_dot = t.num_tags > 0 && draw.flip())) {
    t.dot.width = draw.number(1, 12);
    const auto part = [&] { return std::int8_t(draw.number(-128, 127)); };
    fill(w.left_vector, n * t.dot.width, part);
    fill(w.right_vector, m * t.dot.width, part);
    t.dot.offset = draw.number(-(1 << 20), 1 << 20), t.dot.gain = draw.number(0, std::int64_t{1} << 36);
    t.dot.shift = draw.number32(0, 40), t.dot.cap = draw.number32(0, span);
    sum += t.dot.cap;
  }
  if (draw.flip(4)) {
    std::int64_t entry = 0;
    const std::int64_t step = draw.scale(span), last = draw.size(1, 16, 400);
    const bool below = draw.flip();  // no entry above its sum
    for (std::int64_t k = 0; k < last; ++k) {
      entry = std::min(entry + draw.number(0, step), below ? k : span);
      w.curve.push_back(std::int32_t(entry));
    }
    sum = std::max(sum, std::int64_t{w.curve.back()});
  }
  w.has_bans = draw.flip();
  w.ban_offset.push_back(0);
  for (std::int64_t i = 0; i < n; ++i) {
    if (w.has_bans)
      for (std::int64_t j = draw.number(0, 8); j < m; j += draw.size(1, 8, m)) w.ban_item.push_back(std::int32_t(j));
    w.ban_offset.push_back(std::int64_t(w.ban_item.size()));
  }
  w.most = std::min(sum, most);
  w.tie();
}

// The same pairs with sides exchanged.
inline void exchange(World &to, const World &from) {
  to.terms = from.terms, to.most = from.most, to.has_bans = from.has_bans, to.curve = from.curve;
  to.terms.num_left = from.m(), to.terms.num_right = from.n();
  to.left_class = from.right_class, to.right_class = from.left_class;
  const std::int64_t columns = from.terms.num_right_classes, rows = std::int64_t(from.table.size()) / columns;
  to.terms.num_right_classes = rows;
  for (std::int64_t c = 0; c < columns; ++c)
    for (std::int64_t r = 0; r < rows; ++r) to.table.push_back(from.table[std::size_t(r * columns + c)]);
  to.left_linear = from.right_linear, to.right_linear = from.left_linear;
  to.left_place = from.right_place, to.right_place = from.left_place;
  to.left_tags = from.right_tags, to.right_tags = from.left_tags;
  to.left_vector = from.right_vector, to.right_vector = from.left_vector;
  to.ban_offset.push_back(0);
  for (std::int64_t j = 0; j < from.m(); ++j) {
    for (std::int64_t i = 0; i < from.n(); ++i)
      if (from.banned(i, j)) to.ban_item.push_back(std::int32_t(i));
    to.ban_offset.push_back(std::int64_t(to.ban_item.size()));
  }
  to.tie();
}

}  // namespace twin::fuzz
