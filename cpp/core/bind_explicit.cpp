// What Python sees of explicit graphs.

#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>

#include <memory>

#include "core/augment.hpp"
#include "core/binding.hpp"
#include "core/explicit.hpp"
#include "core/largest.hpp"

namespace twin {

namespace {

// A graph made from another one, which keeps the arrays.
class Exchanged final : public Searchable {
 public:
  explicit Exchanged(std::unique_ptr<Oracle> graph) : graph_(std::move(graph)) {}
  Oracle &oracle() override { return *graph_; }

 private:
  std::unique_ptr<Oracle> graph_;
};

template <class T>
class DenseArrays final : public Searchable {
 public:
  DenseArrays(In2<T> points, std::int64_t base, const std::string &isa)
      : points_(points), base_(base), isa_(isa),
        graph_(points.data(), std::int64_t(points.shape(0)), std::int64_t(points.shape(1)), base, isa) {}
  Oracle &oracle() override { return graph_; }
  std::unique_ptr<Exchanged> transposed() const {
    return std::make_unique<Exchanged>(std::make_unique<Columns<T>>(points_.data(), graph_.num_left(), graph_.num_right(),
                                                                    base_, isa_));
  }

 private:
  In2<T> points_;
  std::int64_t base_;
  std::string isa_;
  DenseGraph<T> graph_;
};

template <class T>
class AugmentArrays {
 public:
  AugmentArrays(In2<T> points, std::int64_t low, std::int64_t high, const std::string &isa)
      : points_(points), augment_(points.data(), std::int64_t(points.shape(0)), std::int64_t(points.shape(1)), low, high, isa) {
    need(points.shape(0) >= 1 && points.shape(0) <= points.shape(1), "there are more rows than columns, or none");
  }
  // Raises Cancelled when the flag goes up; what there is then can be read all the same.
  void run(int threads, nb::ndarray<std::uint8_t, nb::ndim<1>, nb::device::cpu> flag,
           nb::ndarray<std::int64_t, nb::ndim<1>, nb::device::cpu> matched) {
    nb::gil_scoped_release release;
    Crew crew(threads);
    *matched.data() = 0;
    augment_.run(crew, Flag{flag.data()}, matched.data());
  }
  Out<std::int64_t> mate() const { return to_array(augment_.mate); }
  Out<std::int64_t> left_price() const { return to_array(augment_.left_price); }
  Out<std::int64_t> right_price() const { return to_array(augment_.right_price); }

 private:
  In2<T> points_;
  Augment<T> augment_;
};

template <class T>
void bind_augment(nb::module_ &m, const char *name, const char *says) {
  nb::class_<AugmentArrays<T>>(m, name, says)
      .def(nb::init<In2<T>, std::int64_t, std::int64_t, const std::string &>(), nb::arg("points"), nb::arg("low"),
           nb::arg("high"), nb::arg("isa"))
      .def("run", &AugmentArrays<T>::run, nb::arg("threads"), nb::arg("flag"), nb::arg("matched"))
      .def_prop_ro("mate", &AugmentArrays<T>::mate, nb::rv_policy::move)
      .def_prop_ro("left_price", &AugmentArrays<T>::left_price, nb::rv_policy::move)
      .def_prop_ro("right_price", &AugmentArrays<T>::right_price, nb::rv_policy::move);
}

void check_lists(const In<std::int64_t> &offset, const In<std::int32_t> &item, std::int64_t num_right) {
  need(offset.size() >= 1 && offset.data()[0] == 0 && offset.data()[offset.size() - 1] == std::int64_t(item.size()),
       "the lists have the wrong shape");
  for (std::size_t i = 0; i + 1 < offset.size(); ++i) {
    need(offset.data()[i] <= offset.data()[i + 1], "the lists overlap");
    for (std::int64_t c = offset.data()[i]; c < offset.data()[i + 1]; ++c)
      need(item.data()[c] >= 0 && item.data()[c] < num_right &&
               (c == offset.data()[i] || item.data()[c - 1] < item.data()[c]),
           "a list names a node that the graph does not have, or is not increasing");
  }
}

class SparseArrays final : public Searchable {
 public:
  SparseArrays(In<std::int64_t> offset, In<std::int32_t> item, In<std::int64_t> points, std::int64_t num_right,
               std::int64_t base)
      : offset_(offset), item_(item), points_(points),
        base_(base), graph_(offset.data(), item.data(), points.data(), std::int64_t(offset.size()) - 1, num_right, base) {
    need(item.size() == points.size(), "items and points differ in length");
    check_lists(offset, item, num_right);
  }
  Oracle &oracle() override { return graph_; }
  std::unique_ptr<Exchanged> transposed() const {
    return std::make_unique<Exchanged>(SparseGraph::exchanged(offset_.data(), item_.data(), points_.data(), graph_.num_left(),
                                                              graph_.num_right(), base_));
  }

 private:
  In<std::int64_t> offset_;
  In<std::int32_t> item_;
  In<std::int64_t> points_;
  std::int64_t base_;
  SparseGraph graph_;
};

nb::tuple find_largest(In<std::int64_t> offset, In<std::int32_t> item, In<std::int64_t> capacity,
                       In<std::uint8_t> wanted, In<std::int64_t> mate,
                       nb::ndarray<std::uint8_t, nb::ndim<1>, nb::device::cpu> flag) {
  const std::int64_t num_left = std::int64_t(offset.size()) - 1, num_right = std::int64_t(capacity.size());
  check_lists(offset, item, num_right);
  need(std::int64_t(wanted.size()) == num_left && std::int64_t(mate.size()) == num_left, "wanted or mate has the wrong length");
  for (std::size_t i = 0; i < mate.size(); ++i) need(mate.data()[i] < num_right, "a mate is no node of the graph");
  Largest found;
  {
    nb::gil_scoped_release release;
    found = largest_matching(offset.data(), item.data(), num_left, num_right, capacity.data(), wanted.data(), mate.data(),
                             Flag{flag.data()});
  }
  return nb::make_tuple(to_array(std::move(found.mate)), to_array(std::move(found.left)), to_array(std::move(found.right)));
}

}  // namespace

void bind_explicit(nb::module_ &m) {
  nb::class_<Exchanged, Searchable>(m, "Exchanged", "Another graph with its sides exchanged.");
  nb::class_<DenseArrays<std::int32_t>, Searchable>(m, "NarrowMatrix", "A matrix of 32-bit points.")
      .def(nb::init<In2<std::int32_t>, std::int64_t, const std::string &>(), nb::arg("points"), nb::arg("base"), nb::arg("isa"))
      .def("transposed", &DenseArrays<std::int32_t>::transposed, nb::keep_alive<0, 1>());
  nb::class_<DenseArrays<std::int64_t>, Searchable>(m, "WideMatrix", "A matrix of 64-bit points.")
      .def(nb::init<In2<std::int64_t>, std::int64_t, const std::string &>(), nb::arg("points"), nb::arg("base"), nb::arg("isa"))
      .def("transposed", &DenseArrays<std::int64_t>::transposed, nb::keep_alive<0, 1>());
  nb::class_<SparseArrays, Searchable>(m, "Lists", "Sorted lists of partners.")
      .def(nb::init<In<std::int64_t>, In<std::int32_t>, In<std::int64_t>, std::int64_t, std::int64_t>(), nb::arg("offset"),
           nb::arg("item"), nb::arg("points"), nb::arg("num_right"), nb::arg("base"))
      .def("transposed", &SparseArrays::transposed, nb::keep_alive<0, 1>());
  bind_augment<std::int32_t>(m, "NarrowAugment", "An assignment of all rows of a matrix of 32-bit points.");
  bind_augment<std::int64_t>(m, "WideAugment", "An assignment of all rows of a matrix of 64-bit points.");
  m.def("largest_matching", &find_largest, nb::arg("offset"), nb::arg("item"), nb::arg("capacity"), nb::arg("wanted"),
        nb::arg("mate"), nb::arg("flag"), "The largest matching, and what its left nodes without a place reach.");
}

}  // namespace twin
