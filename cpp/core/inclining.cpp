// The slopes of the tree's nodes: planes through the schools of a node (once), and tilts fitted to prices (every phase). What
// they are good for is in slopes.hpp.

#include <algorithm>
#include <array>
#include <cmath>

#include "core/planting.hpp"

namespace twin {

namespace {

constexpr std::int64_t SAMPLE = 1024, VIEWPOINTS = 32;  // left schools looked through, and taken, to see a node from
constexpr float LARGEST_TOPS = 0x1p26f;                 // what leans stays within a few times as much, and fits 32 bits
constexpr double FAR_OFF = 0x1p24;                      // a place that is not known stands farther from the Earth's centre

using Vector = std::array<double, 3>;
double dot(const Vector &a, const Vector &b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
double length(const Vector &a) { return std::sqrt(dot(a, a)); }
Vector scaled(const Vector &a, double by) { return {a[0] * by, a[1] * by, a[2] * by}; }
Vector less(const Vector &a, const Vector &b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
Vector cross(const Vector &a, const Vector &b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

float tops_of(const Terms &t) {
  float tops = std::max(0.0f, t.distance.top);
  for (int c = 0; c < t.num_linear; ++c) tops += float(std::max(0, t.linear[c].top));
  return tops;
}

// What the columns of a pair add up to at most.
double caps_of(const Terms &t) {
  double caps = 0.0;
  for (int c = 0; c < t.num_linear; ++c) caps += std::max(0, std::min(t.linear[c].top, t.linear[c].cap));
  for (int c = 0; c < t.num_tags; ++c) caps += std::max(0.0, std::min(double(t.tags[c].cap), 64.0 * t.tags[c].each));
  if (t.has_distance) caps += std::max(0.0f, std::min(t.distance.top, t.distance.cap));
  if (t.has_dot) caps += std::max(0, t.dot.cap);
  return caps;
}

// A left school that looks at a node.
struct View {
  Vector at;
  double value[MAX_FUSED];
};

// Some of the left schools that may have partners of this class.
std::vector<View> views_of(const Terms &t, std::int32_t right_class) {
  std::vector<View> views;
  for (std::int64_t s = 0; s < SAMPLE && std::int64_t(views.size()) < VIEWPOINTS; ++s) {
    const std::int64_t i = (s * 619 % SAMPLE) * t.num_left / SAMPLE;
    if (t.table[t.left_class[i] * t.num_right_classes + right_class] == FORBIDDEN) continue;
    View view{{t.distance.left[0][i], t.distance.left[1][i], t.distance.left[2][i]}, {}};
    for (int c = 0; c < t.num_linear; ++c) view.value[c] = t.linear[c].left[i];
    views.push_back(view);
  }
  return views;
}

// A plane through the schools of a node: its centre, axes towards the left schools along the ground, across, and up.
struct Plane {
  Vector centre{}, along{}, across{}, up{};
  double tilt = 0.0, bend = 0.0;  // points that distance gives and takes, seen from the left schools together
  bool leans = true;              // all places are known, and it is so small that slopes can be bounds
};

// What distance pulls towards the left schools, in points a unit of length, where it is not nothing and not capped.
Vector pull_of(const Distance &d, const Vector &centre, const std::vector<View> &views) {
  Vector pull{};
  for (const View &view : views) {
    const Vector to = less(view.at, centre);
    const double r = length(to) + 1.0, t = r * r * double(ARC_SCALE);
    const double points = d.top - d.slope * r * (1.0 + t * (ARC_C1 + t * (ARC_C2 + t * ARC_C3)));
    if (points <= 0.0 || points >= d.cap) continue;
    const double steep = d.slope * (1.0 + t * (3.0 * ARC_C1 + t * (5.0 * ARC_C2 + t * 7.0 * ARC_C3)));
    for (std::size_t axis = 0; axis < 3; ++axis) pull[axis] += steep * to[axis] / r / double(views.size());
  }
  return pull;
}

Plane plane_of(const Distance &d, const std::vector<Vector> &places, const std::vector<View> &views) {
  Plane plane;
  Vector &centre = plane.centre;
  for (const Vector &at : places) {
    plane.leans = plane.leans && length(at) < FAR_OFF;
    for (std::size_t axis = 0; axis < 3; ++axis) centre[axis] += at[axis] / double(places.size());
  }
  double reach = 0.0;
  for (const Vector &at : places) reach = std::max(reach, length(less(at, centre)));
  plane.leans = plane.leans && length(centre) > 0.0 && STEEPEST * d.slope * reach < 2.0 * d.top;
  if (!plane.leans) return plane;
  plane.up = scaled(centre, 1.0 / length(centre));
  Vector pull = pull_of(d, centre, views);
  pull = less(pull, scaled(plane.up, dot(pull, plane.up)));
  plane.tilt = length(pull);
  if (plane.tilt <= 1e-6 * d.slope) {  // any direction is as good
    plane.tilt = 0.0, pull = std::abs(plane.up[0]) < 0.9 ? Vector{1, 0, 0} : Vector{0, 1, 0};
    pull = less(pull, scaled(plane.up, dot(pull, plane.up)));
  }
  plane.along = scaled(pull, 1.0 / length(pull));
  plane.across = cross(plane.up, plane.along);
  // The middle of the range along each axis is the centre.
  Vector shift{};
  for (const auto &axis : {plane.along, plane.across, plane.up}) {
    double low = 1e300, high = -1e300;
    for (const Vector &at : places) {
      const double v = dot(less(at, centre), axis);
      low = std::min(low, v), high = std::max(high, v);
    }
    for (std::size_t a = 0; a < 3; ++a) shift[a] += axis[a] * (low + high) / 2.0;
  }
  for (std::size_t a = 0; a < 3; ++a) centre[a] += shift[a];
  for (const View &view : views) {
    const Vector to = less(view.at, centre);
    const double r = length(to) + 1.0, ahead = std::abs(dot(to, plane.along)) / r, aside = std::abs(dot(to, plane.across)) / r;
    plane.bend += d.slope / (2.0 * (r + reach)) * ahead * (ahead - 2.0 * aside) / double(views.size());
  }
  plane.bend = std::max(0.0, plane.bend);
  return plane;
}

// What a linear column gives more, in points a unit, where it is not nothing and not capped.
double trend_of(const Linear &l, int column, double centre, const std::vector<View> &views) {
  double trend = 0.0;
  for (const View &view : views) {
    const double away = view.value[column] - centre, points = l.top - std::abs(away);
    if (points > 0.0 && points < l.cap) trend += (away > 0.0 ? 1.0 : away < 0.0 ? -1.0 : 0.0) / double(views.size());
  }
  return trend;
}

// Solves the normal equations a x = b, which are positive definite; `size` of them, the solution is left in b.
void eliminate(double (&a)[MAX_TILTS][MAX_TILTS], double (&b)[MAX_TILTS], int size) {
  for (int n = 0; n < size; ++n)
    for (int row = n + 1; row < size; ++row) {
      const double part = a[row][n] / a[n][n];
      for (int column = n; column < size; ++column) a[row][column] -= part * a[n][column];
      b[row] -= part * b[n];
    }
  for (int n = size; n-- > 0;) {
    for (int column = n + 1; column < size; ++column) b[n] -= a[n][column] * b[column];
    b[n] /= a[n][n];
  }
}

// Whether nothing counts for more than its points, so that bounds on points are bounds on what pairs count for.
bool is_below_points(const Terms &t) {
  if (t.curve == nullptr) return true;
  for (std::int32_t sum = 0; sum <= t.curve_last; ++sum)
    if (t.curve[sum] > sum) return false;
  return true;
}

}  // namespace

// Whether the bounds of slopes.hpp hold for these columns.
bool Tree::can_incline() const {
  const Terms &t = original_;
  return is_below_points(t) && t.has_distance && t.distance.centre <= 0.0f && t.distance.slope <= 1e6f && t.num_linear <= MAX_FUSED &&
         t.num_tags == 0 && !t.has_dot && t.num_left > 0 && tops_of(t) <= LARGEST_TOPS;
}

std::int32_t Tree::finest() const {
  const double tops = view_.has_slopes ? double(tops_of(original_)) : caps_of(original_);
  double largest = std::max(tops, double(largest_entry_));
  if (original_.curve != nullptr) {
    const double counted = std::max(1.0, double(original_.curve[original_.curve_last]));
    largest = view_.has_slopes ? std::max(largest, counted) : counted;
  }
  return static_cast<std::int32_t>(std::max(1.0, double(LARGEST_TOPS) / largest));
}

// What rounding can make of a slope: a dozen steps, on sums of up to seven tops.
std::int32_t Tree::rounding() const {
  const Terms &t = original_;
  return static_cast<std::int32_t>(4.0f + float(t.num_linear) + STEEPEST * t.distance.slope + tops_of(t) * 0x1p-17f);
}

// The slopes of `count` nodes of `width` places each.
void Tree::incline(Slopes &slopes, Ground &ground, std::int64_t count, std::int64_t width) {
  const Terms &t = view_.terms;
  const std::int64_t groups = (count + FAN - 1) / FAN;
  slopes.panel = array<float>(groups * FIELDS * FAN);
  slopes.numbers = reinterpret_cast<std::int32_t *>(slopes.panel);
  std::fill(slopes.panel, slopes.panel + groups * FIELDS * FAN, 0.0f);
  for (auto *slots : {&ground.along, &ground.across}) slots->assign(static_cast<std::size_t>(count * width), 0.0f);
  for (auto *slots : {&ground.bulge, &ground.offset}) slots->assign(static_cast<std::size_t>(count * width), 0);
  ground.general.assign(static_cast<std::size_t>(count), {});
  std::vector<Vector> places(static_cast<std::size_t>(width));
  std::vector<View> views;
  std::int32_t viewed = -1;
  for (std::int64_t node = 0; node < groups * FAN; ++node) {
    const auto field = [&](int f) -> float & { return slopes.panel[line_of(node / FAN, f) + node % FAN]; };
    const auto number = [&](int f) -> std::int32_t & { return slopes.numbers[line_of(node / FAN, f) + node % FAN]; };
    if (node >= count) {
      number(LOWEST) = number(LEANING) = PRICE_CAP;
      continue;
    }
    const std::int32_t right_class = block_class_[static_cast<std::size_t>(node * width / BLOCK)];  // the node may be empty
    if (right_class != viewed) views = views_of(t, right_class), viewed = right_class;
    auto &general = ground.general[static_cast<std::size_t>(node)];
    for (int c = 0; c < t.num_linear; ++c) {
      std::int32_t &low = number(LINEAR_LOW + c), &high = number(LINEAR_HIGH + c);
      low = high = t.linear[c].right[at(node * width)];
      for (std::int64_t n = 1; n < width; ++n) {
        const std::int32_t value = t.linear[c].right[at(node * width + n)];
        low = std::min(low, value), high = std::max(high, value);
      }
      general[std::size_t(2 + c)] = trend_of(t.linear[c], c, (double(low) + high) / 2.0, views);
    }
    for (std::int64_t n = 0; n < width; ++n)
      for (std::size_t axis = 0; axis < 3; ++axis)
        places[std::size_t(n)][axis] = t.distance.right[axis][at(node * width + n)];
    Plane plane = plane_of(t.distance, places, views);
    general[0] = plane.tilt;
    field(BEND) = static_cast<float>(plane.bend);
    // What the kernels compute with: rounded. Everything below is measured from the rounded centre.
    for (int a = 0; a < 3; ++a) {
      double &centre = plane.centre[std::size_t(a)];
      field(CENTRE_X + a) = static_cast<float>(centre), centre = field(CENTRE_X + a);
      field(ALONG_X + a) = static_cast<float>(plane.along[std::size_t(a)]);
      field(ACROSS_X + a) = static_cast<float>(plane.across[std::size_t(a)]);
    }
    double half_along = 0.0, half_across = 0.0, radius = 0.0;
    for (std::int64_t n = 0; n < width; ++n) {
      const Vector from = less(places[std::size_t(n)], plane.centre);
      half_along = std::max(half_along, std::abs(dot(from, plane.along)));
      half_across = std::max(half_across, std::abs(dot(from, plane.across)));
      radius = std::max(radius, length(from));
      const auto slot = static_cast<std::size_t>(node * width + n);
      if (!plane.leans) continue;
      ground.along[slot] = static_cast<float>(dot(from, plane.along));
      ground.across[slot] = static_cast<float>(dot(from, plane.across));
      ground.bulge[slot] = static_cast<std::int32_t>(std::ceil(STEEPEST * t.distance.slope * std::abs(dot(from, plane.up))));
    }
    // Half a unit for the rounding of the axes.
    field(HALF_ALONG) = plane.leans ? static_cast<float>(half_along + 1.0) : 1e30f;
    field(HALF_ACROSS) = plane.leans ? static_cast<float>(half_across + 1.0) : 1e30f;
    field(RADIUS) = static_cast<float>(radius * 1.000001 + 1.0);
  }
}

// Fits the tilt of a node to its prices, and measures what leans. Least squares over the schools that have a price: what
// nobody wants says nothing about slopes. They pull the tilt away from the general one, the fewer the less.
void Tree::lean(Slopes &slopes, Ground &ground, std::int64_t node, std::int64_t width) {
  const auto field = [&](int f) -> float & { return slopes.panel[line_of(node / FAN, f) + node % FAN]; };
  const auto number = [&](int f) { return slopes.numbers[line_of(node / FAN, f) + node % FAN]; };
  if (field(HALF_ALONG) >= 1e30f) return;
  const Terms &t = view_.terms;
  const int size = 2 + t.num_linear;
  const double parts = view_.parts;
  double general[MAX_TILTS], place[MAX_TILTS];
  for (int d = 0; d < size; ++d) general[d] = parts * ground.general[static_cast<std::size_t>(node)][std::size_t(d)];
  const auto locate = [&](std::int64_t n) {
    const std::int64_t slot = node * width + n;
    place[0] = ground.along[static_cast<std::size_t>(slot)], place[1] = ground.across[static_cast<std::size_t>(slot)];
    for (int c = 0; c < t.num_linear; ++c) place[2 + c] = double(t.linear[c].right[at(slot)]) - number(LINEAR_LOW + c);
  };
  double count = 0, price_sum = 0, sum[MAX_TILTS] = {}, square[MAX_TILTS][MAX_TILTS] = {}, tilt[MAX_TILTS] = {};
  for (std::int64_t n = 0; n < width; ++n) {
    double price = *price_at(node * width + n);
    if (price >= PRICE_CAP || price <= 0) continue;
    locate(n);
    for (int d = 0; d < size; ++d) price -= general[d] * place[d];
    count += 1, price_sum += price;
    for (int d = 0; d < size; ++d) {
      sum[d] += place[d], tilt[d] += place[d] * price;
      for (int e = 0; e < size; ++e) square[d][e] += place[d] * place[e];
    }
  }
  for (int d = 0; d < size && count > 0; ++d) {
    tilt[d] -= sum[d] * price_sum / count;
    for (int e = 0; e < size; ++e) square[d][e] -= sum[d] * sum[e] / count;
  }
  for (int d = 0; d < size; ++d) square[d][d] += square[d][d] * 1e-3 + 1.0;
  eliminate(square, tilt, size);
  for (int d = 0; d < size; ++d) {
    double steepest = parts * (d < 2 ? 2.0 * t.distance.slope : 1.0);
    // A node that reaches far beyond the points of a column is too long for float32.
    if (d >= 2 && double(number(LINEAR_HIGH + d - 2)) - number(LINEAR_LOW + d - 2) > 2.0 * t.linear[d - 2].top) steepest = 0.0;
    field(TILT_ALONG + d) = static_cast<float>(std::clamp(general[d] + tilt[d], -steepest, steepest));
  }
  for (std::int64_t n = 0; n < width; ++n) {
    locate(n);
    double rise = -parts * double(field(BEND)) * place[1] * place[1];
    for (int d = 0; d < size; ++d) rise += double(field(TILT_ALONG + d)) * place[d];
    const auto slot = static_cast<std::size_t>(node * width + n);
    ground.offset[slot] = -view_.parts * ground.bulge[slot] - static_cast<std::int32_t>(std::ceil(rise));
  }
}

}  // namespace twin
