// What Python sees of upkeep.hpp.

#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include "core/binding.hpp"
#include "core/upkeep.hpp"

using namespace twin;

namespace {

class Keeper {
 public:
  Keeper(Searchable &graph, Searchable &transposed, int k, int threads,
         nb::ndarray<std::uint8_t, nb::ndim<1>, nb::device::cpu> flag)
      : flag_(flag), upkeep_(graph.oracle(), transposed.oracle(), k, threads, {flag.data()}) {
    need(graph.oracle().num_left() == transposed.oracle().num_right() &&
             graph.oracle().num_right() == transposed.oracle().num_left(),
         "the graphs are not one graph from its two sides");
  }

  void go_to(In<std::int64_t> capacity, In<std::int64_t> price, In<std::int64_t> left_price, In<std::int64_t> mate,
             In<std::uint8_t> away) {
    need(capacity.size() == num_right() && price.size() == num_right() && left_price.size() == num_left() &&
             mate.size() == num_left() && away.size() == num_left(),
         "a state is that of another market");
    for (std::size_t j = 0; j < capacity.size(); ++j)
      need(capacity.data()[j] >= 0 && price.data()[j] >= 0, "places and prices are 0 or more");
    upkeep_.go_to(capacity.data(), price.data(), left_price.data(), mate.data(), away.data());
  }

  void expire(In<std::int32_t> left, In<std::int32_t> right) {
    for (std::size_t r = 0; r < left.size(); ++r) {
      need(left.data()[r] >= 0 && std::size_t(left.data()[r]) < num_left(), "there is no such left node");
      upkeep_.expire_left(left.data()[r]);
    }
    for (std::size_t r = 0; r < right.size(); ++r) {
      need(right.data()[r] >= 0 && std::size_t(right.data()[r]) < num_right(), "there is no such right node");
      upkeep_.expire_right(right.data()[r]);
    }
  }

  void mend() { upkeep_.mend(); }
  void lift(bool up) { upkeep_.lift(up); }

  nb::tuple state() const {
    const Market &market = upkeep_.market();
    return nb::make_tuple(to_array(std::vector<std::int64_t>(market.mate.begin(), market.mate.end())),
                          to_array(std::vector<std::int64_t>(market.price)),
                          to_array(std::vector<std::int64_t>(upkeep_.left_price())),
                          to_array(std::vector<std::int32_t>(upkeep_.fallen_left)),
                          to_array(std::vector<std::int32_t>(upkeep_.fallen_right)), upkeep_.fall);
  }
  std::int64_t searches() const { return upkeep_.searches; }

 private:
  std::size_t num_left() const { return upkeep_.market().mate.size(); }
  std::size_t num_right() const { return upkeep_.market().price.size(); }

  nb::ndarray<std::uint8_t, nb::ndim<1>, nb::device::cpu> flag_;
  Upkeep upkeep_;
};

}  // namespace

namespace twin {

void bind_upkeep(nb::module_ &m) {
  nb::class_<Keeper>(m, "Upkeep", "A market that stays optimal while it changes.")
      .def(nb::init<Searchable &, Searchable &, int, int, nb::ndarray<std::uint8_t, nb::ndim<1>, nb::device::cpu>>(),
           nb::arg("graph"), nb::arg("transposed"), nb::arg("k"), nb::arg("threads"), nb::arg("flag"),
           nb::keep_alive<1, 2>(), nb::keep_alive<1, 3>())
      .def("go_to", &Keeper::go_to, nb::arg("capacity"), nb::arg("price"), nb::arg("left_price"), nb::arg("mate"),
           nb::arg("away"), nb::call_guard<nb::gil_scoped_release>())
      .def("expire", &Keeper::expire, nb::arg("left"), nb::arg("right"))
      .def("mend", &Keeper::mend, nb::call_guard<nb::gil_scoped_release>())
      .def("lift", &Keeper::lift, nb::arg("up"), nb::call_guard<nb::gil_scoped_release>())
      .def("state", &Keeper::state)
      .def_prop_ro("searches", &Keeper::searches);
}

}  // namespace twin
