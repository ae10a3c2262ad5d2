// What Python sees of the core: arrays in, arrays out.

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>

#include "core/discounted.hpp"
#include "core/auction.hpp"
#include "core/binding.hpp"
#include "core/paths.hpp"
#include "core/scored.hpp"

using namespace twin;

namespace twin {
void bind_asked(nb::module_ &m);
void bind_explicit(nb::module_ &m);
void bind_network(nb::module_ &m);
void bind_procedures(nb::module_ &m);
void bind_repair(nb::module_ &m);
void bind_spread(nb::module_ &m);
void bind_upkeep(nb::module_ &m);
}

namespace {

using LinearIn = std::tuple<In<std::int32_t>, In<std::int32_t>, std::int32_t, std::int32_t>;
using DistanceIn = std::tuple<In2<float>, In2<float>, float, float, float, float>;
using TagsIn = std::tuple<In<std::uint64_t>, In<std::uint64_t>, std::int32_t, std::int32_t>;
using DotIn = std::tuple<In2<std::int8_t>, In2<std::int8_t>, std::int64_t, std::int64_t, std::int32_t, std::int32_t>;

using BonusIn = std::tuple<In<std::int64_t>, In<std::int32_t>, In<std::int32_t>>;

// A scored graph together with the arrays it points into.
class Graph final : public Searchable {
 public:
  Graph(In<std::int32_t> left_class, In<std::int32_t> right_class, In2<std::int32_t> table, Few<LinearIn> linears,
        std::optional<DistanceIn> distance, Few<TagsIn> tags, std::optional<DotIn> dot,
        std::optional<In<std::int64_t>> ban_offset, std::optional<In<std::int32_t>> ban_item,
        std::optional<BonusIn> bonus, std::optional<In<std::int32_t>> curve, const std::string &isa)
      : left_class_(left_class), right_class_(right_class), table_(table), linears_(linears.begin(), linears.end()),
        distance_(std::move(distance)), tags_(tags.begin(), tags.end()), dot_(std::move(dot)), ban_offset_(ban_offset),
        ban_item_(ban_item), curve_(curve) {
    Terms t{};
    const std::size_t n = left_class.size(), m = right_class.size();
    t.num_left = std::int64_t(n), t.num_right = std::int64_t(m), t.num_right_classes = std::int64_t(table.shape(1));
    t.left_class = left_class.data(), t.right_class = right_class.data(), t.table = table.data();
    for (std::size_t i = 0; i < n; ++i)
      need(t.left_class[i] >= 0 && std::size_t(t.left_class[i]) < table.shape(0), "a left class is outside the table");
    for (std::size_t j = 0; j < m; ++j)
      need(t.right_class[j] >= 0 && std::size_t(t.right_class[j]) < table.shape(1), "a right class is outside the table");
    need(linears.size() <= MAX_COLUMNS && tags.size() <= MAX_COLUMNS, "too many numeric columns");
    t.num_linear = int(linears_.size()), t.num_tags = int(tags_.size());
    for (std::size_t c = 0; c < linears_.size(); ++c) {
      auto &[left, right, top, cap] = linears_[c];
      need(left.size() == n && right.size() == m, "a linear column has the wrong length");
      t.linear[c] = {left.data(), right.data(), top, cap};
    }
    if ((t.has_distance = distance_.has_value())) {
      auto &[left, right, top, slope, centre, cap] = *distance_;
      need(left.shape(0) == 3 && right.shape(0) == 3 && left.shape(1) == n && right.shape(1) == m,
           "coordinates have the wrong shape");
      need(slope >= 0, "the slope of a distance is negative");
      for (int axis = 0; axis < 3; ++axis)
        t.distance.left[axis] = left.data() + std::size_t(axis) * n,
        t.distance.right[axis] = right.data() + std::size_t(axis) * m;
      t.distance.top = top, t.distance.slope = slope, t.distance.centre = centre, t.distance.cap = cap;
    }
    for (std::size_t c = 0; c < tags_.size(); ++c) {
      auto &[left, right, each, cap] = tags_[c];
      need(left.size() == n && right.size() == m, "a column of tags has the wrong length");
      t.tags[c] = {left.data(), right.data(), each, cap};
    }
    if ((t.has_dot = dot_.has_value())) {
      auto &[left, right, offset, gain, shift, cap] = *dot_;
      need(left.shape(0) == n && right.shape(0) == m && left.shape(1) == right.shape(1), "vectors have the wrong shape");
      t.dot = {left.data(), right.data(), std::int64_t(left.shape(1)), offset, gain, shift, cap};
    }
    if (curve_) {
      need(curve_->size() > 0 && curve_->size() <= std::size_t(PRICE_CAP), "a curve has no entries, or too many");
      t.curve = curve_->data(), t.curve_last = std::int32_t(curve_->size() - 1);
    }
    check_bans(n, m);
    {
      nb::gil_scoped_release release;  // planting a tree of 40,000 takes some 30 ms
      graph_ = std::make_unique<ScoredGraph>(t, ban_offset_ ? ban_offset_->data() : nullptr,
                                             ban_item_ ? ban_item_->data() : nullptr, isa);
    }
    if (bonus) set_bonus(std::move(bonus));
  }

  void set_bans(std::optional<In<std::int64_t>> offset, std::optional<In<std::int32_t>> item) {
    ban_offset_ = std::move(offset), ban_item_ = std::move(item);
    check_bans(std::size_t(graph_->num_left()), std::size_t(graph_->num_right()));
    graph_->set_bans(ban_offset_ ? ban_offset_->data() : nullptr, ban_item_ ? ban_item_->data() : nullptr);
  }

  void set_bonus(std::optional<BonusIn> bonus) {
    if (!bonus) return graph_->set_bonus({}, 0);
    const auto &[offset, item, points] = *bonus;
    const auto n = std::size_t(graph_->num_left());
    need(offset.size() == n + 1 && item.size() == points.size() && offset.data()[0] == 0 &&
             std::size_t(offset.data()[n]) == item.size(),
         "pairs with a bonus have the wrong shape");
    for (std::size_t i = 0; i < n; ++i) need(offset.data()[i] <= offset.data()[i + 1], "rows of pairs with a bonus overlap");
    std::int32_t most = 0;
    for (std::size_t k = 0; k < item.size(); ++k) {
      need(item.data()[k] >= 0 && item.data()[k] < graph_->num_right(), "a pair with a bonus names no right node");
      need(points.data()[k] > 0, "a bonus is above 0");
      most = std::max(most, points.data()[k]);
    }
    graph_->set_bonus({{offset.data(), offset.data() + n + 1}, {item.data(), item.data() + item.size()},
                       {points.data(), points.data() + points.size()}}, most);
  }

  Out<std::int64_t> scan(In<std::int64_t> price, int threads) {
    need(std::int64_t(price.size()) == graph_->num_right(), "the number of prices is wrong");
    std::vector<std::int64_t> net(std::size_t(graph_->num_left()));
    {
      nb::gil_scoped_release release;
      graph_->set_prices(price.data());
      Crew crew(threads);
      graph_->scan(net.data(), crew, {});
    }
    return to_array(std::move(net));
  }

  void set_table(In2<std::int32_t> table) {
    need(table.shape(0) == table_.shape(0) && table.shape(1) == table_.shape(1), "the table has another shape");
    graph_->set_table(table.data());
    table_ = table;
  }

  Oracle &oracle() override { return *graph_; }
  ScoredGraph &graph() { return *graph_; }

 private:
  void check_bans(std::size_t n, std::size_t m) const {
    if (!ban_offset_) return;
    need(ban_item_ && ban_offset_->size() == n + 1 && ban_offset_->data()[0] == 0 &&
             std::size_t(ban_offset_->data()[n]) == ban_item_->size(),
         "bans have the wrong shape");
    for (std::size_t i = 0; i < n; ++i) need(ban_offset_->data()[i] <= ban_offset_->data()[i + 1], "rows of bans overlap");
    for (std::size_t k = 0; k < ban_item_->size(); ++k)
      need(ban_item_->data()[k] >= 0 && std::size_t(ban_item_->data()[k]) < m, "a ban names no right node");
  }

  In<std::int32_t> left_class_, right_class_;
  In2<std::int32_t> table_;
  std::vector<LinearIn> linears_;
  std::optional<DistanceIn> distance_;
  std::vector<TagsIn> tags_;
  std::optional<DotIn> dot_;
  std::optional<In<std::int64_t>> ban_offset_;
  std::optional<In<std::int32_t>> ban_item_, curve_;
  std::unique_ptr<ScoredGraph> graph_;
};

class DiscountedGraph final : public Searchable {
 public:
  DiscountedGraph(Searchable &below, bool of_left) : graph_(below.oracle(), of_left) {}
  void take_off(In<std::int64_t> points) {
    need(std::int64_t(points.size()) == (of_left() ? graph_.num_left() : graph_.num_right()), "one number is needed for each node");
    graph_.take_off(points.data());
  }
  Oracle &oracle() override { return graph_; }
  bool of_left() const { return graph_.of_left(); }

 private:
  Discounted graph_;
};

// An auction and the exact finish on one graph.
class Solver {
 public:
  Solver(Searchable &graph, Searchable &transposed, In<std::int64_t> capacity, In<std::int64_t> outside, int k, int back_k, std::int64_t range,
         int threads, nb::ndarray<std::uint8_t, nb::ndim<1>, nb::device::cpu> flag,
         nb::ndarray<std::int64_t, nb::ndim<1>, nb::device::cpu> counters)
      : flag_array_(flag), counters_array_(counters), flag_{flag.data()}, crew_(threads), transposed_(transposed.oracle()),
        market_(graph.oracle(), checked(capacity, graph.oracle().num_right()), checked(outside, graph.oracle().num_left())),
        auction_(market_, transposed.oracle(), k, back_k, range, crew_, flag_, counters.data()), left_price_(outside.size(), 0) {}

  void open(std::int64_t drop, std::int64_t eps, int keep) {
    const Crew::Shift shift{crew_};
    auction_.open(drop, eps, keep);
    // With prices in whole points, rounded down, the best net values are these, rounded up.
    const std::int64_t parts = auction_.parts();
    for (std::size_t i = 0; i < left_price_.size(); ++i) {
      const std::int64_t best = auction_.best(std::int64_t(i));
      left_price_[i] = best == NO_VALUE ? NO_VALUE : best > 0 ? (best + parts - 1) / parts : best / parts;
    }
  }
  std::int64_t bid(std::int64_t eps, int keep, std::int64_t leave, std::int64_t spare, std::int64_t budget) {
    const Crew::Shift shift{crew_};
    return auction_.bid(eps, keep, leave, spare, budget);
  }

  // Steps and drops are counted from now on in parts of a point: as many as the graphs can count, at most `most`. Returns
  // how many.
  std::int64_t refine(std::int64_t most) {
    auction_.refine(most);
    return auction_.parts();
  }

  // What is taken off the points of the right nodes has changed by so much since lists were drawn; they are true again
  // once the next phase is opened.
  void discount(In<std::int64_t> more) {
    need(std::int64_t(more.size()) == market_.num_right(), "one number is needed for each right node");
    auction_.discount([&](std::int64_t, std::int64_t j) { return more.data()[j]; });
  }
  // The same for pairs by the kinds of their nodes.
  void discount_kinds(In<std::int32_t> left, In<std::int32_t> right, In2<std::int64_t> more) {
    need(std::int64_t(left.size()) == market_.num_left() && std::int64_t(right.size()) == market_.num_right(),
         "one kind is needed for each node");
    const std::int64_t width = std::int64_t(more.shape(1));
    auction_.discount([&](std::int64_t i, std::int64_t j) { return more.data()[left.data()[i] * width + right.data()[j]]; });
  }
  // What left nodes have without a partner, whole points; whoever must have one still must.
  void outside(In<std::int64_t> value) {
    need(value.size() == market_.outside.size(), "one number is needed for each left node");
    for (std::size_t i = 0; i < value.size(); ++i)
      market_.outside[i] = value.data()[i] == NO_VALUE ? NO_VALUE : value.data()[i] * auction_.parts();
  }

  // Prices to start from.
  void seed(In<std::int64_t> price) {
    need(std::int64_t(price.size()) == market_.num_right(), "the number of prices is wrong");
    for (std::size_t j = 0; j < price.size(); ++j) market_.price[j] = price.data()[j] * auction_.parts();
    market_.reprice();
  }

  // Partners to start from, after their prices; -1: none.
  void seat(In<std::int64_t> mate) {
    need(mate.size() == market_.mate.size(), "one partner is needed for each left node");
    std::vector<std::int64_t> next(market_.place_offset.begin(), market_.place_offset.end() - 1);
    std::fill(market_.place_owner.begin(), market_.place_owner.end(), -1);
    for (std::size_t i = 0; i < mate.size(); ++i) {
      const std::int64_t j = mate.data()[i];
      market_.mate[i] = market_.mate_place[i] = -1;
      if (j < 0) continue;
      need(j < market_.num_right() && next[std::size_t(j)] < market_.place_offset[std::size_t(j) + 1],
           "a partner has no place left, or is none");
      const std::int64_t place = next[std::size_t(j)]++;
      market_.place_owner[std::size_t(place)] = std::int32_t(i);
      market_.mate[i] = std::int32_t(j), market_.mate_place[i] = std::int32_t(place);
    }
  }

  // Left prices that make the prices at hand feasible; pairs that lack a grain or more are given up. Returns how many left
  // nodes have to be placed.
  std::int64_t tighten(int k, std::int64_t grain) {
    need(grain > 0 && (grain & (grain - 1)) == 0, "a grain is a power of two");
    const Crew::Shift shift{crew_};
    auction_.refine(1);
    forward_ = std::make_unique<Paths>(market_, market_.oracle, left_price_, true, k, crew_, flag_);
    forward_->coarsen(grain);
    forward_->lists().take(auction_.lists(), !auction_.has_lowered);
    forward_->draw_all(k);
    std::int64_t free = 0;
    for (std::size_t i = 0; i < left_price_.size(); ++i) {
      left_price_[i] = std::max(market_.outside[i], forward_->best(std::int64_t(i)));
      const std::int32_t j = market_.mate[i];
      if (j >= 0 && left_price_[i] - (market_.oracle.points(std::int64_t(i), j) - market_.price[std::size_t(j)]) >= grain) {
        market_.place_owner[std::size_t(market_.mate_place[i])] = -1;
        market_.mate[i] = market_.mate_place[i] = -1;
      }
      free += market_.mate[i] < 0 && (market_.outside[i] == NO_VALUE || left_price_[i] - market_.outside[i] >= grain);
    }
    return free;
  }
  // Places the left nodes in need, but for the last `spare`. Who called it before with others to spare may have asked the
  // graph at prices of its own since.
  std::int64_t forward(std::int64_t spare) {
    need(forward_ != nullptr, "tighten comes before forward");
    const Crew::Shift shift{crew_};
    forward_->tell();
    return forward_->run(true, spare);
  }
  // The exact finish as far as `budget` steps go; false: there is more to do, and the auction can go on from here.
  bool finish(std::int64_t budget, std::int64_t draw_steps, int k) {
    const Crew::Shift shift{crew_};
    forward_->run(false, 0, budget, draw_steps);
    bool finished = forward_->finished;
    if (finished && market_.any_empty_priced()) {
      backward_ = std::make_unique<Paths>(market_, transposed_, left_price_, false, k, crew_, flag_);
      backward_->run(false, 0, budget, draw_steps);
      finished = backward_->finished;
    }
    market_.reprice();
    return finished;
  }
  std::int64_t backward(int k, std::int64_t grain) {
    need(grain > 0 && (grain & (grain - 1)) == 0, "a grain is a power of two");
    const Crew::Shift shift{crew_};
    forward_.reset();  // its lists are as large as everything else
    backward_ = std::make_unique<Paths>(market_, transposed_, left_price_, false, k, crew_, flag_);
    backward_->coarsen(grain);
    auction_.has_lowered = true;
    return backward_->run(true);
  }

  // Everything that a run depends on from here on: between two phases of the auction, or between the passes of the exact
  // finish, whose lists are drawn anew. Trees are told all prices when the next phase is opened, and remember nothing then.
  nb::tuple state() {
    Candidates::State lists = auction_.lists().state(), back = auction_.back_lists().state();
    return nb::make_tuple(
        to_array(std::vector<std::int64_t>{auction_.parts(), auction_.range(), auction_.has_lowered}),
        to_array(market_.place_owner), to_array(market_.mate_place), to_array(market_.mate), to_array(market_.place_price),
        to_array(market_.price), to_array(market_.outside), to_array(left_price_), to_array(std::move(lists.item)),
        to_array(std::move(lists.number)), to_array(std::move(lists.points)), to_array(std::move(lists.bound)),
        to_array(std::move(back.item)), to_array(std::move(back.number)), to_array(std::move(back.points)),
        to_array(std::move(back.bound)));
  }
  // Goes on from the state of another solver of the same market.
  void restore(In<std::int64_t> numbers, In<std::int32_t> place_owner, In<std::int32_t> mate_place, In<std::int32_t> mate,
               In<std::int64_t> place_price, In<std::int64_t> price, In<std::int64_t> outside, In<std::int64_t> left_price,
               In<std::int32_t> item, In<std::int32_t> number, In<std::int64_t> points, In<std::int64_t> bound,
               In<std::int32_t> back_item, In<std::int32_t> back_number, In<std::int64_t> back_points,
               In<std::int64_t> back_bound) {
    const std::size_t n = market_.mate.size(), m = market_.price.size(), places = market_.place_owner.size();
    need(numbers.size() == 3 && place_owner.size() == places && place_price.size() == places && price.size() == m &&
             mate_place.size() == n && mate.size() == n && outside.size() == n && left_price.size() == n,
         "a state is that of another market");
    need(numbers.data()[0] >= 1 && numbers.data()[1] >= 0, "a state counts in no parts of a point");
    const auto within = [](const In<std::int32_t> &array, std::size_t end) {
      return std::all_of(array.data(), array.data() + array.size(),
                         [&](std::int32_t one) { return one >= -1 && one < std::int64_t(end); });
    };
    need(within(place_owner, n) && within(mate_place, places) && within(mate, m), "a state names nodes of another market");
    Candidates::State lists{all(item), all(number), all(points), all(bound)};
    Candidates::State back{all(back_item), all(back_number), all(back_points), all(back_bound)};
    need(auction_.lists().fits(lists, std::int64_t(m)) && auction_.back_lists().fits(back, std::int64_t(n)),
         "a state holds lists of another market");
    market_.place_owner = all(place_owner), market_.mate_place = all(mate_place), market_.mate = all(mate);
    market_.place_price = all(place_price), market_.price = all(price), market_.outside = all(outside);
    left_price_ = all(left_price);
    auction_.lists().restore(std::move(lists)), auction_.back_lists().restore(std::move(back));
    auction_.restore(numbers.data()[0], numbers.data()[1], numbers.data()[2] != 0);
    forward_.reset(), backward_.reset();
  }

  // Whoever was outbid and waits, as when a run is stopped in the middle, has no partner.
  Out<std::int64_t> mate() const {
    std::vector<std::int64_t> mate(market_.mate.begin(), market_.mate.end());
    for (std::size_t i = 0; i < mate.size(); ++i)
      if (market_.mate_place[i] < 0) mate[i] = -1;
    return to_array(std::move(mate));
  }
  Out<std::int64_t> right_price() const {
    std::vector<std::int64_t> price(market_.price);
    for (auto &p : price) p /= auction_.parts();
    return to_array(std::move(price));
  }
  Out<std::int64_t> left_price() const { return to_array(left_price_); }

 private:
  static const std::int64_t *checked(const In<std::int64_t> &array, std::int64_t size) {
    need(std::int64_t(array.size()) == size, "capacities or outside values have the wrong length");
    return array.data();
  }
  template <class T>
  static std::vector<T> all(const In<T> &array) {
    return {array.data(), array.data() + array.size()};
  }
  nb::ndarray<std::uint8_t, nb::ndim<1>, nb::device::cpu> flag_array_;
  nb::ndarray<std::int64_t, nb::ndim<1>, nb::device::cpu> counters_array_;
  Flag flag_;
  Crew crew_;
  Oracle &transposed_;
  Market market_;
  Auction auction_;
  std::vector<std::int64_t> left_price_;
  std::unique_ptr<Paths> forward_, backward_;
};

}  // namespace

NB_MODULE(_core, m) {
  // What a traceback or a cache still holds when the interpreter ends is no leak worth a page on stderr.
  nb::set_leak_warnings(false);
  m.doc() = "Compiled loops of twinmatch: tree search, auction, exact finish. Arrays in, arrays out.";
  m.attr("NO_VALUE") = NO_VALUE;
  m.def("best_isa", &best_isa, "The instruction set that 'auto' stands for on this processor.");
  nb::exception<Cancelled>(m, "Cancelled");
  nb::class_<Searchable>(m, "Searchable", "A graph that can be asked for the best partners of a node.")
      .def("points", &Searchable::points, nb::arg("i"), nb::arg("j"))
      .def("search", &Searchable::search, nb::arg("rows"), nb::arg("k"), nb::arg("price"), nb::arg("threads"),
           nb::arg("above") = nb::none(), nb::arg("parts") = 1);
  bind_asked(m);
  bind_explicit(m);
  bind_network(m);
  bind_procedures(m);
  bind_repair(m);
  bind_spread(m);
  bind_upkeep(m);
  nb::class_<DiscountedGraph, Searchable>(m, "Discounted", "A graph with something taken off the points of a side.")
      .def(nb::init<Searchable &, bool>(), nb::arg("graph"), nb::arg("of_left"), nb::keep_alive<1, 2>())
      .def("take_off", &DiscountedGraph::take_off, nb::arg("points"));
  nb::class_<Graph, Searchable>(m, "Graph")
      .def(nb::init<In<std::int32_t>, In<std::int32_t>, In2<std::int32_t>, Few<LinearIn>, std::optional<DistanceIn>,
                    Few<TagsIn>, std::optional<DotIn>, std::optional<In<std::int64_t>>,
                    std::optional<In<std::int32_t>>, std::optional<BonusIn>, std::optional<In<std::int32_t>>,
                    const std::string &>(),
           nb::arg("left_class"), nb::arg("right_class"), nb::arg("table"), nb::arg("linears"), nb::arg("distance").none(),
           nb::arg("tags"), nb::arg("dot").none(), nb::arg("ban_offset").none(), nb::arg("ban_item").none(), nb::arg("bonus").none(),
           nb::arg("curve").none(), nb::arg("isa"))
      .def("set_table", &Graph::set_table, nb::arg("table"))
      .def("set_bans", &Graph::set_bans, nb::arg("offset").none(), nb::arg("item").none())
      .def("set_bonus", &Graph::set_bonus, nb::arg("bonus").none())
      .def("scan", &Graph::scan, nb::arg("price"), nb::arg("threads"))
      .def_prop_ro("order", [](Graph &g) { return to_array(g.graph().order()); }, nb::rv_policy::move)
      .def_prop_ro("visited", [](Graph &g) { return g.graph().visited(); });
  nb::class_<Solver>(m, "Solver")
      .def(nb::init<Searchable &, Searchable &, In<std::int64_t>, In<std::int64_t>, int, int, std::int64_t, int,
                    nb::ndarray<std::uint8_t, nb::ndim<1>, nb::device::cpu>,
                    nb::ndarray<std::int64_t, nb::ndim<1>, nb::device::cpu>>(),
           nb::arg("graph"), nb::arg("transposed"), nb::arg("capacity"), nb::arg("outside"), nb::arg("k"), nb::arg("back_k"), nb::arg("range"),
           nb::arg("threads"), nb::arg("flag"), nb::arg("counters"), nb::keep_alive<1, 2>(), nb::keep_alive<1, 3>())
      .def("open", &Solver::open, nb::arg("drop"), nb::arg("eps"), nb::arg("keep"), nb::call_guard<nb::gil_scoped_release>())
      .def("bid", &Solver::bid, nb::arg("eps"), nb::arg("keep"), nb::arg("leave"), nb::arg("spare") = 0,
           nb::arg("budget") = INT64_MAX, nb::call_guard<nb::gil_scoped_release>())
      .def("refine", &Solver::refine, nb::arg("most"))
      .def("discount", &Solver::discount, nb::arg("more"))
      .def("discount_kinds", &Solver::discount_kinds, nb::arg("left"), nb::arg("right"), nb::arg("more"))
      .def("outside", &Solver::outside, nb::arg("value"))
      .def("seed", &Solver::seed, nb::arg("price"))
      .def("seat", &Solver::seat, nb::arg("mate"))
      .def("tighten", &Solver::tighten, nb::arg("k"), nb::arg("grain") = 1, nb::call_guard<nb::gil_scoped_release>())
      .def("forward", &Solver::forward, nb::arg("spare") = 0, nb::call_guard<nb::gil_scoped_release>())
      .def("finish", &Solver::finish, nb::arg("budget"), nb::arg("draw_steps"), nb::arg("k"),
           nb::call_guard<nb::gil_scoped_release>())
      .def("backward", &Solver::backward, nb::arg("k"), nb::arg("grain") = 1, nb::call_guard<nb::gil_scoped_release>())
      .def("state", &Solver::state)
      .def("restore", &Solver::restore)
      .def_prop_ro("mate", &Solver::mate, nb::rv_policy::move)
      .def_prop_ro("right_price", &Solver::right_price, nb::rv_policy::move)
      .def_prop_ro("left_price", &Solver::left_price, nb::rv_policy::move);
}
