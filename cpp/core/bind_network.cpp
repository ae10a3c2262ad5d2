// What Python sees of networks.

#include <nanobind/stl/optional.h>

#include <optional>

#include "core/binding.hpp"
#include "core/network.hpp"

namespace twin {

namespace {

nb::tuple find_cheapest(std::int32_t num_nodes, In<std::int32_t> tail, In<std::int32_t> head, In<std::int64_t> lower,
                         In<std::int64_t> upper, In<std::int64_t> cost, In<std::int64_t> supply,
                         std::optional<In<std::int64_t>> potential, std::optional<In<std::int64_t>> flow,
                         nb::ndarray<std::uint8_t, nb::ndim<1>, nb::device::cpu> flag) {
  const std::size_t count = tail.size(), nodes = std::size_t(num_nodes);
  need(num_nodes >= 0 && supply.size() == nodes && (!potential || potential->size() == nodes),
       "supplies or potentials have the wrong length");
  need(head.size() == count && lower.size() == count && upper.size() == count && cost.size() == count &&
           (!flow || flow->size() == count),
       "the columns of the arcs differ in length");
  std::int64_t rest = 0;
  for (std::size_t v = 0; v < nodes; ++v)
    if (__builtin_add_overflow(rest, supply.data()[v], &rest)) throw std::overflow_error("supplies are too large");
  need(rest == 0, "the supplies do not sum to zero");
  for (std::size_t a = 0; a < count; ++a) {
    const std::int32_t v = tail.data()[a], w = head.data()[a];
    if (v < 0 || v >= num_nodes || w < 0 || w >= num_nodes)
      throw nb::index_error("an arc names a node that the network does not have");
    need(lower.data()[a] <= upper.data()[a], "a lower bound is above its upper bound");
  }
  NetworkAnswer found;
  {
    nb::gil_scoped_release release;
    found = cheapest_flow({num_nodes, std::int64_t(count), tail.data(), head.data(), lower.data(), upper.data(),
                           cost.data(), supply.data()},
                          potential ? potential->data() : nullptr, flow ? flow->data() : nullptr, Flag{flag.data()});
  }
  return nb::make_tuple(found.feasible, to_array(std::move(found.flow)), to_array(std::move(found.potential)),
                        to_array(std::move(found.inside)));
}

}  // namespace

void bind_network(nb::module_ &m) {
  m.def("cheapest_flow", &find_cheapest, nb::arg("num_nodes"), nb::arg("tail"), nb::arg("head"), nb::arg("lower"),
        nb::arg("upper"), nb::arg("cost"), nb::arg("supply"), nb::arg("potential").none(), nb::arg("flow").none(),
        nb::arg("flag"), "Whether there is a flow; a cheapest one and its potentials, or the inside of a cut.");
}

}  // namespace twin
