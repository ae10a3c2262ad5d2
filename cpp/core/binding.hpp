// What the bindings of the core share: typed arrays in, owned arrays out, and graphs of any kind behind one face.

#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/detail/nb_list.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/oracle.hpp"
#include "points.hpp"

namespace twin {

namespace nb = nanobind;

template <class T>
using In = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using In2 = nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <class T>
using Out = nb::ndarray<nb::numpy, T, nb::ndim<1>>;

template <class T>
Out<T> to_array(std::vector<T> values) {
  auto kept = std::make_unique<std::vector<T>>(std::move(values));  // ours until the capsule is there
  nb::capsule owner(kept.get(), [](void *p) noexcept { delete static_cast<std::vector<T> *>(p); });
  std::vector<T> *array = kept.release();
  return Out<T>(array->data(), {array->size()}, owner);
}

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
  static constexpr std::size_t MAX = std::size_t{MAX_COLUMNS};
  std::array<T, MAX> one_;
  std::size_t size_ = 0;
};

inline void need(bool holds, const char *what) {
  if (!holds) throw std::invalid_argument(what);
}

// A graph counts in parts of a point for as long as this stands.
struct Counting {
  Oracle &graph;
  Counting(Oracle &whose, std::int32_t parts) : graph(whose) { graph.count_in(parts); }
  ~Counting() { graph.count_in(1); }
  Counting(const Counting &) = delete;
  Counting &operator=(const Counting &) = delete;
};

// A graph together with the arrays it points into. The solver takes any.
class Searchable {
 public:
  virtual ~Searchable() = default;
  virtual Oracle &oracle() = 0;

  Out<std::int64_t> points(In<std::int64_t> i, In<std::int64_t> j) {
    need(i.size() == j.size(), "i and j differ in length");
    const Oracle &graph = oracle();
    std::vector<std::int64_t> out(i.size());
    for (std::size_t r = 0; r < out.size(); ++r) {
      if (i.data()[r] < 0 || i.data()[r] >= graph.num_left() || j.data()[r] < 0 || j.data()[r] >= graph.num_right())
        throw nb::index_error("a pair names a node that the graph does not have");
      out[r] = graph.points(i.data()[r], j.data()[r]);
    }
    return to_array(std::move(out));
  }

  // With `above`, partners are wanted only whose net value exceeds that of their row. All numbers are in `parts` of a point.
  nb::tuple search(In<std::int32_t> rows, int k, In<std::int64_t> price, int threads, std::optional<In<std::int64_t>> above,
                   std::int32_t parts) {
    Oracle &graph = oracle();
    need(k >= 1 && std::int64_t(price.size()) == graph.num_right(), "k or the number of prices is wrong");
    need(!above || above->size() == rows.size(), "one floor is needed for each row");
    need(parts >= 1 && parts <= graph.finest(), "a graph does not count in so many parts of a point");
    const std::size_t count = rows.size(), width = std::size_t(k);
    for (std::size_t r = 0; r < count; ++r)
      if (rows.data()[r] < 0 || rows.data()[r] >= graph.num_left())
        throw nb::index_error("a row names a node that the graph does not have");
    std::vector<std::int32_t> item(count * width, -1), number(count);
    std::vector<std::int64_t> points(count * width, 0), bound(count), floor(count, NO_VALUE);
    if (above) floor.assign(above->data(), above->data() + count);
    {
      nb::gil_scoped_release release;
      Crew crew(threads);
      const Counting counting{graph, parts};
      graph.set_prices(price.data());
      graph.search(rows.data(), std::int64_t(count), k, floor.data(), ONCE,
                   {item.data(), points.data(), number.data(), bound.data()}, crew, {});
    }
    return nb::make_tuple(to_array(std::move(item)), to_array(std::move(points)), to_array(std::move(number)),
                          to_array(std::move(bound)));
  }
};

}  // namespace twin

template <class T>
struct nanobind::detail::type_caster<twin::Few<T>> : list_caster<twin::Few<T>, T> {};
