// twinmatch._check: the verification passes, arrays in, arrays out. Everything that the loops read is checked here
// first, so that no input, however wrong, is read out of bounds or overflows.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/detail/nb_list.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "blocking.hpp"
#include "pruned.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <class T, int Dimensions>
using In = nb::ndarray<const T, nb::numpy, nb::ndim<Dimensions>, nb::c_contig, nb::device::cpu>;
template <class T>
using Shared = nb::ndarray<T, nb::numpy, nb::shape<1>, nb::device::cpu>;
template <class T>
using Out = nb::ndarray<nb::numpy, T, nb::ndim<1>>;

using LinearIn = std::tuple<In<std::int32_t, 1>, In<std::int32_t, 1>, std::int64_t, std::int64_t>;
using DistanceIn = std::tuple<In<float, 2>, In<float, 2>, double, double, double, double>;
using TagsIn = std::tuple<In<std::uint64_t, 1>, In<std::uint64_t, 1>, std::int64_t, std::int64_t>;
using DotIn =
    std::tuple<In<std::int8_t, 2>, In<std::int8_t, 2>, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;

// A list of at most MAX_COLUMNS entries, kept in place: while arguments are read nothing may be allocated, because an
// exception there would end the process.
template <class T>
class Few {
 public:
  using value_type = T;
  void clear() { size_ = 0; }
  void push_back(T one) {
    if (size_ < MAX) one_[size_] = std::move(one);
    ++size_;
  }
  std::size_t size() const { return size_; }  // of the list that was given, which may be longer
  const T *begin() const { return one_.data(); }
  const T *end() const { return one_.data() + std::min(size_, MAX); }

 private:
  static constexpr std::size_t MAX = twin::MAX_COLUMNS;
  std::array<T, MAX> one_;
  std::size_t size_ = 0;
};

}  // namespace

template <class T>
struct nanobind::detail::type_caster<Few<T>> : list_caster<Few<T>, T> {};

namespace {

constexpr std::int64_t REACH = std::int64_t{1} << 30;  // of a single number, so that sums of two fit 32 bits

void require(bool condition, const char *what) {
  if (!condition) throw std::invalid_argument(what);
}

bool within(const std::int32_t *values, std::int64_t count, std::int64_t low, std::int64_t high) {
  return std::all_of(values, values + count, [=](std::int32_t value) { return low <= value && value <= high; });
}

using BonusIn = std::tuple<In<std::int64_t, 2>, In<std::int32_t, 1>>;

// The terms of a pair, checked, with the arrays that they point into kept alive.
class CheckedTerms {
 public:
  CheckedTerms(In<std::int32_t, 1> left_class, In<std::int32_t, 1> right_class, In<std::int32_t, 2> table,
               Few<LinearIn> linears, std::optional<DistanceIn> distance, Few<TagsIn> tags,
               std::optional<DotIn> dot, In<std::int64_t, 2> bans, std::optional<In<std::int32_t, 1>> curve,
               std::optional<BonusIn> rewards)
      : left_class_(left_class), right_class_(right_class), table_(table), linears_(linears),
        distance_(std::move(distance)), tags_(tags), dot_(std::move(dot)), curve_(curve) {
    terms.num_left = static_cast<std::int64_t>(left_class.shape(0));
    terms.num_right = static_cast<std::int64_t>(right_class.shape(0));
    terms.num_right_classes = static_cast<std::int64_t>(table.shape(1));
    terms.left_class = left_class.data(), terms.right_class = right_class.data(), terms.table = table.data();
    require(within(terms.left_class, terms.num_left, 0, static_cast<std::int64_t>(table.shape(0)) - 1),
            "left_class names a row that the table does not have");
    require(within(terms.right_class, terms.num_right, 0, terms.num_right_classes - 1),
            "right_class names a column that the table does not have");
    std::int64_t most = 0;
    for (std::size_t k = 0; k < table.size(); ++k) {
      const std::int32_t entry = terms.table[k];
      require(entry == twin::FORBIDDEN || entry >= -REACH, "a table entry is below -2**30 and not FORBIDDEN");
      most = std::max<std::int64_t>(most, entry);
    }
    take_linears(most);
    take_distance(most);
    take_tags(most);
    take_dot(most);
    require(most <= INT32_MAX, "the most points of a pair do not fit 32 bits");
    take_banned(bans);
    if (rewards) take_bonus(*rewards, most);
    if (!curve_) return;
    require(curve_->size() > 0 && static_cast<std::int64_t>(curve_->size()) <= REACH, "a curve has no entries, or too many");
    require(within(curve_->data(), static_cast<std::int64_t>(curve_->size()), 0, INT32_MAX), "an entry of the curve is below 0");
    terms.curve = curve_->data(), terms.curve_last = static_cast<std::int32_t>(curve_->size() - 1);
  }

  twin::Terms terms{};
  std::vector<twin::Banned> banned;
  std::vector<twin::Bonus> bonus;

 private:
  void take_linears(std::int64_t &most) {
    require(linears_.size() <= twin::MAX_COLUMNS, "more than 8 linear columns");
    for (const auto &[left, right, top, cap] : linears_) {
      require(is_left(left.shape(0)) && is_right(right.shape(0)), "a linear column has not one number per school");
      require(within(left.data(), terms.num_left, -REACH / 2, REACH / 2) &&
                  within(right.data(), terms.num_right, -REACH / 2, REACH / 2),
              "a linear column leaves -2**29 .. 2**29");
      require(-REACH <= top && top <= REACH && 0 <= cap && cap <= REACH,
              "a linear column's top or cap is out of range");
      const std::int64_t reached = std::min(cap, std::max<std::int64_t>(top, 0));  // a tighter cap, the same points
      terms.linear[terms.num_linear++] = {left.data(), right.data(), static_cast<std::int32_t>(top),
                                          static_cast<std::int32_t>(reached)};
      most += reached;
    }
  }

  void take_distance(std::int64_t &most) {
    terms.has_distance = distance_.has_value();
    if (!distance_) return;
    const auto &[left, right, top, slope, centre, cap] = *distance_;
    require(left.shape(0) == 3 && right.shape(0) == 3 && is_left(left.shape(1)) && is_right(right.shape(1)),
            "the distance has not three coordinates per school");
    require(0 <= cap && cap <= REACH, "the distance's cap is out of range");
    twin::Distance &d = terms.distance;
    for (int axis = 0; axis < 3; ++axis) {
      d.left[axis] = left.data() + axis * terms.num_left;
      d.right[axis] = right.data() + axis * terms.num_right;
    }
    d.top = static_cast<float>(top), d.slope = static_cast<float>(slope);
    d.centre = static_cast<float>(centre), d.cap = static_cast<float>(cap);
    if (d.slope >= 0) d.cap = std::min(d.cap, std::max(d.top, 0.0f));  // a tighter cap, the same points
    most += static_cast<std::int64_t>(d.cap);
  }

  void take_tags(std::int64_t &most) {
    require(tags_.size() <= twin::MAX_COLUMNS, "more than 8 tag columns");
    for (const auto &[left, right, each, cap] : tags_) {
      require(is_left(left.shape(0)) && is_right(right.shape(0)), "a tag column has not one set per school");
      require(0 <= each && each <= INT32_MAX / 64 && 0 <= cap && cap <= REACH,
              "a tag column's points or cap are out of range");
      const std::int64_t reached = std::min(cap, 64 * each);
      terms.tags[terms.num_tags++] = {left.data(), right.data(), static_cast<std::int32_t>(each),
                                      static_cast<std::int32_t>(reached)};
      most += reached;
    }
  }

  void take_dot(std::int64_t &most) {
    terms.has_dot = dot_.has_value();
    if (!dot_) return;
    const auto &[left, right, offset, gain, shift, cap] = *dot_;
    require(is_left(left.shape(0)) && is_right(right.shape(0)) && left.shape(1) == right.shape(1) &&
                left.shape(1) <= 65536,
            "the vectors are not one per school, or not of one length up to 65536");
    require(-2 * REACH <= offset && offset <= 2 * REACH && -REACH <= gain && gain <= REACH && 0 <= shift &&
                shift <= 62 && 0 <= cap && cap <= REACH,
            "the vectors' offset, gain, shift or cap is out of range");
    terms.dot = {left.data(), right.data(), static_cast<std::int64_t>(left.shape(1)), offset, gain,
                 static_cast<std::int32_t>(shift), static_cast<std::int32_t>(cap)};
    most += cap;
  }

  void take_banned(const In<std::int64_t, 2> &pairs) {
    require(pairs.shape(1) == 2, "banned is not (k, 2)");
    for (std::size_t k = 0; k < pairs.shape(0); ++k) {
      const twin::Banned pair{pairs.data()[2 * k], pairs.data()[2 * k + 1]};
      require(0 <= pair.left && pair.left < terms.num_left && 0 <= pair.right && pair.right < terms.num_right,
              "banned names a school that is not there");
      banned.push_back(pair);
    }
    std::sort(banned.begin(), banned.end());
  }

  void take_bonus(const BonusIn &given, std::int64_t most) {
    const auto &[pairs, points] = given;
    require(pairs.shape(1) == 2 && pairs.shape(0) == points.shape(0), "bonus is not (k, 2) pairs and k numbers");
    for (std::size_t k = 0; k < pairs.shape(0); ++k) {
      const twin::Bonus pair{pairs.data()[2 * k], pairs.data()[2 * k + 1], points.data()[k]};
      require(0 <= pair.left && pair.left < terms.num_left && 0 <= pair.right && pair.right < terms.num_right,
              "bonus names a school that is not there");
      require(pair.points >= 0, "a bonus is below 0");
      require(most + pair.points <= INT32_MAX, "the most points of a pair do not fit 32 bits");
      if (!std::binary_search(banned.begin(), banned.end(), twin::Banned{pair.left, pair.right})) bonus.push_back(pair);
    }
    std::sort(bonus.begin(), bonus.end());
    for (std::size_t k = 1; k < bonus.size(); ++k)
      require(bonus[k - 1].left != bonus[k].left || bonus[k - 1].right != bonus[k].right, "a pair has two bonuses");
  }

  bool is_left(std::size_t count) const { return static_cast<std::int64_t>(count) == terms.num_left; }
  bool is_right(std::size_t count) const { return static_cast<std::int64_t>(count) == terms.num_right; }

  In<std::int32_t, 1> left_class_, right_class_;
  In<std::int32_t, 2> table_;
  Few<LinearIn> linears_;
  std::optional<DistanceIn> distance_;
  Few<TagsIn> tags_;
  std::optional<DotIn> dot_;
  std::optional<In<std::int32_t, 1>> curve_;
};

template <class T>
Out<T> owned(std::unique_ptr<T[]> data, std::size_t count) {
  nb::capsule owner(data.get(), [](void *p) noexcept { delete[] static_cast<T *>(p); });
  T *raw = data.release();  // the capsule's from now on
  return Out<T>(raw, {count}, owner);
}

void require_prices(const twin::Terms &terms, const In<std::int64_t, 1> &price) {
  require(static_cast<std::int64_t>(price.shape(0)) == terms.num_right, "right_price has not one price per right school");
  require(std::all_of(price.data(), price.data() + price.size(),
                      [](std::int64_t one) { return 0 <= one && one <= twin::WIDE; }),
          "a price is below 0 or above 2**62");
}

using Result = std::pair<Out<std::int64_t>, Out<std::uint8_t>>;

// Checks what every pass is given, and lets `run` make it.
template <class Run>
std::optional<Result> passed(const CheckedTerms &checked, const In<std::int64_t, 1> &right_price,
                             const In<std::uint8_t, 1> &witness, int threads, const std::string &isa,
                             std::optional<Shared<std::uint8_t>> &cancel, std::optional<Shared<std::int64_t>> &progress,
                             Run run) {
  const twin::Terms &terms = checked.terms;
  const auto num_left = static_cast<std::size_t>(terms.num_left), num_right = static_cast<std::size_t>(terms.num_right);
  require_prices(terms, right_price);
  require(witness.shape(0) == num_left, "witness has not one mark per left school");
  require(threads >= 1, "threads must be at least 1");
  const twin::Kernels &kernels = twin::kernels_for(isa);
  std::unique_ptr<std::int64_t[]> best_net(new std::int64_t[num_left]);
  std::unique_ptr<std::uint8_t[]> reached(new std::uint8_t[num_right]);
  const twin::Pass pass{terms,          checked.banned, checked.bonus, right_price.data(),
                        witness.data(), best_net.get(), reached.get(),
                        cancel ? cancel->data() : nullptr, progress ? progress->data() : nullptr};
  bool finished = false;
  {
    nb::gil_scoped_release released;
    finished = run(pass, kernels);
  }
  if (!finished) return std::nullopt;
  return Result{owned(std::move(best_net), num_left), owned(std::move(reached), num_right)};
}

std::optional<Result> plain_pass(const CheckedTerms &checked, In<std::int64_t, 1> right_price,
                                 In<std::uint8_t, 1> witness, int threads, const std::string &isa,
                                 std::optional<Shared<std::uint8_t>> cancel,
                                 std::optional<Shared<std::int64_t>> progress) {
  return passed(checked, right_price, witness, threads, isa, cancel, progress,
                [&](const twin::Pass &pass, const twin::Kernels &kernels) { return twin::run(pass, kernels, threads); });
}

using PrunedResult = std::tuple<Out<std::int64_t>, Out<std::uint8_t>, std::int64_t, std::int64_t>;

std::optional<PrunedResult> pruned_pass(const CheckedTerms &checked, In<std::int64_t, 1> right_price,
                                        In<std::uint8_t, 1> witness, In<std::int64_t, 1> floor, int threads,
                                        const std::string &isa, std::optional<Shared<std::uint8_t>> cancel,
                                        std::optional<Shared<std::int64_t>> progress) {
  require(static_cast<std::int64_t>(floor.shape(0)) == checked.terms.num_left, "floor has not one number per left school");
  std::int64_t evaluated = 0, blocks = 0;
  auto found = passed(checked, right_price, witness, threads, isa, cancel, progress,
                      [&](const twin::Pass &pass, const twin::Kernels &kernels) {
                        return twin::run(twin::Pruned{pass, floor.data(), &evaluated, &blocks}, kernels, threads);
                      });
  if (!found) return std::nullopt;
  return PrunedResult{std::move(found->first), std::move(found->second), evaluated, blocks};
}

using Blocking = std::pair<Out<std::int64_t>, std::optional<Out<std::int64_t>>>;

std::optional<Blocking> blocking_pass(const CheckedTerms &checked, In<std::int32_t, 1> limit, In<std::int32_t, 1> mate,
                                      In<std::int32_t, 1> kind, In<std::int32_t, 2> worst, In<std::int32_t, 2> holder,
                                      const CheckedTerms *key_terms, std::optional<In<std::int32_t, 1>> own, bool nearest,
                                      int threads, const std::string &isa, std::optional<Shared<std::uint8_t>> cancel,
                                      std::optional<Shared<std::int64_t>> progress) {
  const twin::Terms &terms = checked.terms;
  const auto num_left = static_cast<std::size_t>(terms.num_left), num_right = static_cast<std::size_t>(terms.num_right);
  require(!terms.curve && !(key_terms && key_terms->terms.curve), "points on a curve block nobody");
  require(checked.bonus.empty() && !(key_terms && !key_terms->bonus.empty()), "pairs with a bonus block nobody");
  require(limit.shape(0) == num_left && mate.shape(0) == num_left && kind.shape(0) == num_left,
          "limit, mate and kind have not one number per left school");
  require(worst.shape(1) == num_right && holder.shape(1) == num_right && worst.shape(0) == holder.shape(0),
          "worst and holder have not one number per right school");
  require(within(kind.data(), terms.num_left, 0, static_cast<std::int64_t>(worst.shape(0)) - 1), "a kind has no row");
  require(within(mate.data(), terms.num_left, -1, terms.num_right - 1), "mate names a school that is not there");
  for (std::size_t i = 0; i < num_left; ++i)
    require(limit.data()[i] > INT32_MIN || mate.data()[i] < 0, "a left school that wants anybody has a mate");
  for (std::size_t k = 0; k < worst.size(); ++k)
    require(worst.data()[k] > INT32_MIN || holder.data()[k] < 0, "a right school that keeps anybody has a holder");
  require(!key_terms || (key_terms->terms.num_left == terms.num_left && key_terms->terms.num_right == terms.num_right),
          "key_terms are about other schools");
  require(!own || own->shape(0) == num_left, "own has not one number per left school");
  require(threads >= 1, "threads must be at least 1");
  const twin::Kernels &kernels = twin::kernels_for(isa);
  std::unique_ptr<std::int64_t[]> count(new std::int64_t[num_left]);
  std::unique_ptr<std::int64_t[]> rival(nearest ? new std::int64_t[num_right] : nullptr);
  const twin::Contest contest{terms, checked.banned, limit.data(), mate.data(), kind.data(), worst.data(), holder.data(),
                              key_terms ? &key_terms->terms : nullptr, key_terms ? &key_terms->banned : nullptr,
                              own ? own->data() : nullptr, count.get(), rival.get(),
                              cancel ? cancel->data() : nullptr, progress ? progress->data() : nullptr};
  bool finished = false;
  {
    nb::gil_scoped_release released;
    finished = twin::run(contest, kernels, threads);
  }
  if (!finished) return std::nullopt;
  std::optional<Out<std::int64_t>> rivals;
  if (nearest) rivals = owned(std::move(rival), num_right);
  return Blocking{owned(std::move(count), num_left), rivals};
}

Out<std::int32_t> points(const CheckedTerms &checked, In<std::int64_t, 1> left, In<std::int64_t, 1> right,
                         const std::string &isa) {
  const twin::Terms &terms = checked.terms;
  const std::size_t count = left.shape(0);
  require(right.shape(0) == count, "i and j have different lengths");
  const twin::Kernels &kernels = twin::kernels_for(isa);
  std::unique_ptr<std::int32_t[]> result(new std::int32_t[count]);
  for (std::size_t k = 0; k < count; ++k) {
    const std::int64_t i = left.data()[k], j = right.data()[k];
    require(0 <= i && i < terms.num_left && 0 <= j && j < terms.num_right, "i or j names a school that is not there");
    const std::int32_t base = terms.table[terms.left_class[i] * terms.num_right_classes + terms.right_class[j]];
    const bool banned = std::binary_search(checked.banned.begin(), checked.banned.end(), twin::Banned{i, j});
    const auto more = std::lower_bound(checked.bonus.begin(), checked.bonus.end(), twin::Bonus{i, j, 0});
    if (base == twin::FORBIDDEN || banned) result[k] = twin::FORBIDDEN;
    else if (more != checked.bonus.end() && more->left == i && more->right == j)
      result[k] = twin::points_with(terms, kernels, *more);
    else result[k] = kernels.points(terms, i, j, base);
  }
  return owned(std::move(result), count);
}

}  // namespace

NB_MODULE(_check, m) {
  // What a traceback or a cache still holds when the interpreter ends is no leak worth a page on stderr.
  nb::set_leak_warnings(false);
  m.doc() = "The verification passes of twinmatch over all pairs.";
  nb::class_<CheckedTerms>(m, "Terms", "The terms of a pair as arrays, checked once.")
      .def(nb::init<In<std::int32_t, 1>, In<std::int32_t, 1>, In<std::int32_t, 2>, Few<LinearIn>,
                    std::optional<DistanceIn>, Few<TagsIn>, std::optional<DotIn>, In<std::int64_t, 2>,
                    std::optional<In<std::int32_t, 1>>, std::optional<BonusIn>>(),
           "left_class"_a.noconvert(), "right_class"_a.noconvert(), "table"_a.noconvert(),
           "linears"_a.noconvert(), "distance"_a.noconvert().none(), "tags"_a.noconvert(),
           "dot"_a.noconvert().none(), "banned"_a.noconvert(), "curve"_a.noconvert().none() = nb::none(),
           "bonus"_a.noconvert().none() = nb::none());
  m.def("plain_pass", &plain_pass, "terms"_a, "right_price"_a.noconvert(), "witness"_a.noconvert(), nb::kw_only(),
        "threads"_a = 1, "isa"_a = "auto", "cancel"_a.noconvert().none() = nb::none(),
        "progress"_a.noconvert().none() = nb::none(),
        "Evaluate every pair. Best net value of each left school (the least int64 where it has no admissible\n"
        "partner) and a mark for each right school admissible to the witness; None if cancelled.");
  m.def("pruned_pass", &pruned_pass, "terms"_a, "right_price"_a.noconvert(), "witness"_a.noconvert(),
        "floor"_a.noconvert(), nb::kw_only(), "threads"_a = 1, "isa"_a = "auto", "cancel"_a.noconvert().none() = nb::none(),
        "progress"_a.noconvert().none() = nb::none(),
        "What the plain pass finds, without evaluating the pairs of blocks that bounds exclude. Best net value of each left\n"
        "school, or its floor where that is more; a mark for each right school admissible to the witness; pairs evaluated\n"
        "and number of blocks. None if cancelled.");
  m.def("blocking_pass", &blocking_pass, "terms"_a, "limit"_a.noconvert(), "mate"_a.noconvert(), "kind"_a.noconvert(),
        "worst"_a.noconvert(), "holder"_a.noconvert(), nb::kw_only(), "key_terms"_a.none() = nb::none(),
        "own"_a.noconvert().none() = nb::none(), "nearest"_a = false, "threads"_a = 1, "isa"_a = "auto",
        "cancel"_a.noconvert().none() = nb::none(), "progress"_a.noconvert().none() = nb::none(),
        "Evaluate every pair. Blocking pairs of each left school and, if asked for, the nearest rival of each right\n"
        "school; None if cancelled.");
  m.def("points", &points, "terms"_a, "i"_a.noconvert(), "j"_a.noconvert(), nb::kw_only(), "isa"_a = "auto",
        "Points of each pair (i[k], j[k]); FORBIDDEN where it is not admissible.");
  m.def("instruction_sets", &twin::instruction_sets, "What `isa` can be on this machine, best first.");
}
