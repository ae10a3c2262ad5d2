// What Python sees of the repair.

#include <memory>

#include "core/binding.hpp"
#include "core/repair.hpp"

namespace twin {

namespace {

using Flags = nb::ndarray<std::uint8_t, nb::ndim<1>, nb::device::cpu>;

// A repair together with the arrays that it points into.
class Repairing {
 public:
  Repairing(In<std::int32_t> mate, In<std::int64_t> offset, In<std::int32_t> item, In<std::int64_t> points,
            In<std::int64_t> places, In<std::int64_t> alone, In<std::int64_t> left_price, In<std::int64_t> right_price,
            In<std::int32_t> left_kind, In<std::int32_t> right_kind, std::int32_t right_kinds,
            In<std::int64_t> member_offset, In<std::int32_t> member, In<std::int64_t> low, In<std::int64_t> high,
            In<std::int64_t> price, Flags flag)
      : kept_(offset, item, points, places, alone, left_price, right_price, left_kind, right_kind, member_offset, member,
              low, high, price, flag) {
    const std::size_t n = mate.size(), m = places.size(), quotas = low.size();
    need(offset.size() == n + 1 && alone.size() == n && left_price.size() == n && left_kind.size() == n,
         "columns of left nodes differ in length");
    need(right_price.size() == m && right_kind.size() == m, "columns of right nodes differ in length");
    need(high.size() == quotas && price.size() == quotas, "columns of quotas differ in length");
    need(right_kinds >= 1 && member_offset.size() >= 1 && (member_offset.size() - 1) % std::size_t(right_kinds) == 0,
         "kinds have the wrong number");
    const auto left_kinds = std::int32_t((member_offset.size() - 1) / std::size_t(right_kinds));
    within(mate, -1, std::int64_t(m), "a partner is no right node");
    within(item, 0, std::int64_t(m), "a pair names no right node");
    within(left_kind, 0, left_kinds, "a left kind is outside the table");
    within(right_kind, 0, right_kinds, "a right kind is outside the table");
    within(member, 0, std::int64_t(quotas), "a member is no quota");
    within(offset, 0, std::int64_t(item.size()) + 1, "a list begins outside");
    need(item.size() == points.size() && std::size_t(member_offset.data()[member_offset.size() - 1]) == member.size(),
         "lists have the wrong length");
    num_pairs_ = std::int64_t(item.size());
    repair_ = std::make_unique<Repair>(
        RepairTask{std::int64_t(n), std::int64_t(m), std::int64_t(quotas), left_kinds, right_kinds, offset.data(),
                   item.data(), points.data(), places.data(), alone.data(), left_price.data(), right_price.data(),
                   left_kind.data(), right_kind.data(), member_offset.data(), member.data(), low.data(), high.data(),
                   price.data()},
        mate.data(), Flag{flag.data()});
  }

  // Left node, pair, the kind that it changes into, and cost of each move.
  nb::tuple moves(std::int64_t k) {
    std::vector<Repair::Move> found;
    {
      nb::gil_scoped_release release;
      found = repair_->moves(k);
    }
    std::vector<std::int32_t> left, into;
    std::vector<std::int64_t> pair, cost;
    for (const auto &move : found) {
      left.push_back(move.left), pair.push_back(move.pair), cost.push_back(move.cost);
      into.push_back(repair_->kind(move.pair));
    }
    return nb::make_tuple(to_array(std::move(left)), to_array(std::move(pair)), to_array(std::move(into)),
                          to_array(std::move(cost)));
  }
  void make(In<std::int32_t> left, In<std::int64_t> pair) {
    need(left.size() == pair.size(), "columns of moves differ in length");
    within(left, 0, std::int64_t(repair_->mate().size()), "a move names no left node");
    within(pair, -1, num_pairs_, "a move names no pair");
    nb::gil_scoped_release release;
    repair_->make(left.data(), pair.data(), std::int64_t(left.size()));
  }
  Out<std::int32_t> mate() const { return to_array(std::vector<std::int32_t>(repair_->mate())); }

 private:
  template <class Values>
  static void within(const Values &values, std::int64_t low, std::int64_t high, const char *what) {
    for (std::size_t r = 0; r < values.size(); ++r) need(values.data()[r] >= low && values.data()[r] < high, what);
  }

  std::tuple<In<std::int64_t>, In<std::int32_t>, In<std::int64_t>, In<std::int64_t>, In<std::int64_t>, In<std::int64_t>,
             In<std::int64_t>, In<std::int32_t>, In<std::int32_t>, In<std::int64_t>, In<std::int32_t>, In<std::int64_t>,
             In<std::int64_t>, In<std::int64_t>, Flags>
      kept_;
  std::int64_t num_pairs_;
  std::unique_ptr<Repair> repair_;
};

}  // namespace

void bind_repair(nb::module_ &m) {
  nb::class_<Repairing>(m, "Repair", "A matching that is moved towards what quotas ask for.")
      .def(nb::init<In<std::int32_t>, In<std::int64_t>, In<std::int32_t>, In<std::int64_t>, In<std::int64_t>,
                    In<std::int64_t>, In<std::int64_t>, In<std::int64_t>, In<std::int32_t>, In<std::int32_t>, std::int32_t,
                    In<std::int64_t>, In<std::int32_t>, In<std::int64_t>, In<std::int64_t>, In<std::int64_t>, Flags>(),
           nb::arg("mate"), nb::arg("offset"), nb::arg("item"), nb::arg("points"), nb::arg("places"), nb::arg("alone"),
           nb::arg("left_price"), nb::arg("right_price"), nb::arg("left_kind"), nb::arg("right_kind"),
           nb::arg("right_kinds"), nb::arg("member_offset"), nb::arg("member"), nb::arg("low"), nb::arg("high"),
           nb::arg("price"), nb::arg("flag"))
      .def("moves", &Repairing::moves, nb::arg("k"))
      .def("make", &Repairing::make, nb::arg("left"), nb::arg("pair"))
      .def_prop_ro("mate", &Repairing::mate, nb::rv_policy::move);
}

}  // namespace twin
