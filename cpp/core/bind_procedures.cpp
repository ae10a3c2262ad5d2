// What Python sees of the procedures: one call each, which writes the mates as far as it came.

#include <nanobind/stl/optional.h>

#include "core/binding.hpp"
#include "core/deferred.hpp"
#include "core/turns.hpp"

namespace twin {

namespace {

using Flags = nb::ndarray<std::uint8_t, nb::ndim<1>, nb::device::cpu>;
using Numbers = nb::ndarray<std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

void check_sizes(const Oracle &graph, const In<std::int64_t> &places, const In<std::uint8_t> &wants, const Numbers &mate) {
  need(std::int64_t(places.size()) == graph.num_right(), "one number of places is needed for each right node");
  need(std::int64_t(wants.size()) == graph.num_left() && std::int64_t(mate.size()) == graph.num_left(),
       "one mark and one mate are needed for each left node");
}

void within(const In<std::int32_t> &values, std::int64_t end, const char *what) {
  for (std::size_t r = 0; r < values.size(); ++r) need(values.data()[r] >= 0 && values.data()[r] < end, what);
}

void take_in_turn(Searchable &graph, In<std::int64_t> places, In<std::uint8_t> wants, std::optional<In<std::int64_t>> order,
                  In<std::int32_t> left_kind, In<std::int32_t> right_kind, std::int32_t right_kinds,
                  In<std::int64_t> member_offset, In<std::int32_t> member, In<std::int64_t> room, std::int64_t lowest,
                  std::int64_t highest, Numbers mate, int threads, Flags flag, Numbers counters) {
  Oracle &oracle = graph.oracle();
  check_sizes(oracle, places, wants, mate);
  need(!order || std::int64_t(order->size()) == oracle.num_left(), "one place in the order is needed for each left node");
  need(std::int64_t(left_kind.size()) == oracle.num_left() && std::int64_t(right_kind.size()) == oracle.num_right(),
       "one kind is needed for each node");
  need(right_kinds >= 1 && member_offset.size() >= 2 && (member_offset.size() - 1) % std::size_t(right_kinds) == 0,
       "kinds have the wrong number");
  const auto left_kinds = std::int32_t((member_offset.size() - 1) / std::size_t(right_kinds));
  within(left_kind, left_kinds, "a left kind is outside the table");
  within(right_kind, right_kinds, "a right kind is outside the table");
  within(member, std::int64_t(room.size()), "a member is no quota");
  need(std::size_t(member_offset.data()[member_offset.size() - 1]) == member.size(), "lists have the wrong length");
  for (std::size_t c = 0; c + 1 < member_offset.size(); ++c)
    need(member_offset.data()[c] >= 0 && member_offset.data()[c] <= member_offset.data()[c + 1], "a list begins outside");
  nb::gil_scoped_release release;
  Crew crew(threads);
  const Flag stop{flag.data()};
  Wishlists lists(oracle, lowest, highest, crew, stop);
  Turns({places.data(), wants.data(), order ? order->data() : nullptr, left_kind.data(), right_kind.data(), left_kinds,
         right_kinds, member_offset.data(), member.data(), std::vector<std::int64_t>(room.data(), room.data() + room.size())},
        lists, oracle.num_left(), oracle.num_right(), mate.data(), stop, counters.data())
      .run();
}

void accept_deferred(Searchable &wishes, Searchable &ranks, In<std::int64_t> places, In<std::uint8_t> wants,
                     std::int64_t lowest, std::int64_t highest, Numbers mate, int threads, Flags flag, Numbers counters) {
  Oracle &oracle = wishes.oracle();
  check_sizes(oracle, places, wants, mate);
  need(ranks.oracle().num_left() == oracle.num_left() && ranks.oracle().num_right() == oracle.num_right(),
       "the two graphs are about other nodes");
  nb::gil_scoped_release release;
  Crew crew(threads);
  Deferred({places.data(), wants.data(), lowest, highest}, oracle, ranks.oracle(), mate.data(), crew, Flag{flag.data()},
           counters.data())
      .run();
}

}  // namespace

void bind_procedures(nb::module_ &m) {
  m.def("take_in_turn", &take_in_turn, nb::arg("graph"), nb::arg("places"), nb::arg("wants"), nb::arg("order").none(),
        nb::arg("left_kind"), nb::arg("right_kind"), nb::arg("right_kinds"), nb::arg("member_offset"), nb::arg("member"),
        nb::arg("room"), nb::arg("lowest"), nb::arg("highest"), nb::arg("mate"), nb::arg("threads"), nb::arg("flag"),
        nb::arg("counters"),
        "Take pairs in turn, the best first or left node by left node, and write the mates. Cancelled is raised in\n"
        "between, and what was taken by then stands.");
  m.def("accept_deferred", &accept_deferred, nb::arg("wishes"), nb::arg("ranks"), nb::arg("places"), nb::arg("wants"),
        nb::arg("lowest"), nb::arg("highest"), nb::arg("mate"), nb::arg("threads"), nb::arg("flag"), nb::arg("counters"),
        "Let left nodes propose and right nodes keep the best, and write the mates.");
}

}  // namespace twin
