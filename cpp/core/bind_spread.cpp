// What Python sees of spread.hpp: a graph that asks a callable where a search is large.

#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include <tuple>

#include "core/binding.hpp"
#include "core/spread.hpp"

namespace twin {

namespace {

constexpr std::int32_t NOTHING = INT32_MIN;  // the bound of a list that hides nothing

class SpreadGraph final : public Searchable {
 public:
  SpreadGraph(Searchable &below, nb::callable whom, std::int64_t least)
      : ask_(std::move(whom)),
        graph_(below.oracle(), [this](const Spread::Question &question, Lists lists) { ask(question, lists); }, least) {
    need(least >= 1, "a search of no rows cannot be asked elsewhere");
  }
  Oracle &oracle() override { return graph_; }
  const Spread &graph() const { return graph_; }

 private:
  using Answer = std::tuple<In<std::int32_t>, In<std::int32_t>, In<std::int32_t>, In<std::int32_t>>;

  // The solver runs without the interpreter's lock, in the thread that called it.
  void ask(const Spread::Question &q, Lists lists) const {
    const nb::gil_scoped_acquire lock;
    const auto count = std::size_t(q.count);
    const nb::object found = ask_(to_array(std::vector<std::int32_t>(q.rows, q.rows + count)), q.k, to_array(std::vector(q.floor)),
                                  to_array(std::vector(q.price)), q.parts);
    const auto [number, item, points, bound] = nb::cast<Answer>(found);
    need(number.size() == count && bound.size() == count && item.size() == points.size(), "an answer has the wrong shape");
    std::size_t from = 0;
    for (std::size_t r = 0; r < count; ++r) {
      need(number.data()[r] >= 0 && number.data()[r] <= q.k, "an answer has lists of the wrong length");
      from += std::size_t(number.data()[r]);
    }
    need(from == item.size(), "an answer has lists of the wrong length");
    const auto m = std::int32_t(graph_.num_right());
    for (std::size_t c = 0; c < from; ++c)
      need(item.data()[c] >= 0 && item.data()[c] < m, "an answer names a node that the graph does not have");
    from = 0;
    for (std::size_t r = 0; r < count; ++r) {
      const std::int64_t to = lists.at(q.rows, std::int64_t(r));
      lists.number[to] = number.data()[r];
      lists.bound[to] = bound.data()[r] == NOTHING ? NO_VALUE : bound.data()[r];
      for (std::int64_t c = to * q.k; c < to * q.k + number.data()[r]; ++c, ++from)
        lists.item[c] = item.data()[from], lists.points[c] = points.data()[from];
    }
  }

  const nb::callable ask_;
  Spread graph_;
};

}  // namespace

void bind_spread(nb::module_ &m) {
  nb::class_<SpreadGraph, Searchable>(m, "Spread", "A scored graph whose large searches are asked elsewhere.")
      .def(nb::init<Searchable &, nb::callable, std::int64_t>(), nb::arg("graph"), nb::arg("ask"), nb::arg("least"),
           nb::keep_alive<1, 2>())
      .def_prop_ro("searched", [](SpreadGraph &g) { return std::tuple(g.graph().searches, g.graph().rows_searched); },
                   "Searches so far, and rows in them.")
      .def_prop_ro("asked", [](SpreadGraph &g) { return std::tuple(g.graph().rounds, g.graph().rows_asked); },
                   "Searches that were asked elsewhere, and rows in them.");
}

}  // namespace twin
