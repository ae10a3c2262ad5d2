// A graph whose questions Python answers, for points that come from a function of the user's own, or for a graph
// that somebody else wrote. The solver asks in batches; each batch takes the interpreter's lock once.

#include <vector>

#include "core/binding.hpp"

namespace twin {

namespace {

class AskedOracle final : public Oracle {
 public:
  AskedOracle(std::int64_t num_left, std::int64_t num_right, nb::callable best, nb::callable worth)
      : num_left_(num_left), num_right_(num_right), best_(std::move(best)), worth_(std::move(worth)),
        price_(std::size_t(num_right), 0) {}

  std::int64_t num_left() const override { return num_left_; }
  std::int64_t num_right() const override { return num_right_; }
  void set_prices(const std::int64_t *price) override { price_.assign(price, price + num_right_); }
  void change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count) override {
    for (std::int64_t c = 0; c < count; ++c) price_[std::size_t(changed[c])] = price[changed[c]];
  }

  void search(const std::int32_t *rows, std::int64_t count, int k, const std::int64_t *, std::int64_t, Lists lists,
              Crew &, Flag flag) override {
    for (std::int64_t first = 0; first < count; first += AT_ONCE) {
      flag.check();
      ask(rows, first, std::min(first + AT_ONCE, count), k, lists);
    }
  }

  std::int64_t points(std::int64_t i, std::int64_t j) const override {
    nb::gil_scoped_acquire lock;
    return nb::cast<std::int64_t>(worth_(i, j));
  }

 private:
  // Asks about rows first .. last: few enough for somebody to say stop in between.
  void ask(const std::int32_t *rows, std::int64_t first, std::int64_t last, int k, Lists lists) {
    nb::gil_scoped_acquire lock;
    const std::int64_t count = last - first;
    const auto answer = nb::cast<nb::tuple>(best_(to_array(std::vector<std::int32_t>(rows + first, rows + last)), k,
                                                  to_array(std::vector<std::int64_t>(price_))));
    const auto item = nb::cast<In2<std::int32_t>>(answer[0]);
    const auto net = nb::cast<In2<std::int64_t>>(answer[1]);
    const auto bound = nb::cast<In<std::int64_t>>(answer[2]);
    const auto wide = std::size_t(k);
    need(item.shape(0) == std::size_t(count) && item.shape(1) == wide && net.shape(0) == std::size_t(count) &&
             net.shape(1) == wide && bound.size() == std::size_t(count),
         "the answer about best partners has the wrong shape");
    for (std::int64_t r = 0; r < count; ++r) {
      const std::int64_t to = lists.at(rows, first + r);
      int number = 0;
      for (; number < k && item.data()[r * k + number] >= 0; ++number) {
        const std::int32_t j = item.data()[r * k + number];
        need(j < num_right_, "an answer names a node that the graph does not have");
        lists.item[to * k + number] = j;
        lists.points[to * k + number] = net.data()[r * k + number] + price_[std::size_t(j)];
      }
      lists.number[to] = number;
      lists.bound[to] = bound.data()[r];
    }
  }

  static constexpr std::int64_t AT_ONCE = 8192;
  std::int64_t num_left_, num_right_;
  nb::callable best_, worth_;
  std::vector<std::int64_t> price_;
};

class Asked final : public Searchable {
 public:
  Asked(std::int64_t num_left, std::int64_t num_right, nb::callable best, nb::callable worth)
      : graph_(num_left, num_right, std::move(best), std::move(worth)) {}
  Oracle &oracle() override { return graph_; }

 private:
  AskedOracle graph_;
};

}  // namespace

void bind_asked(nb::module_ &m) {
  nb::class_<Asked, Searchable>(m, "Asked", "A graph whose questions Python answers.")
      .def(nb::init<std::int64_t, std::int64_t, nb::callable, nb::callable>(), nb::arg("num_left"), nb::arg("num_right"),
           nb::arg("best"), nb::arg("worth"));
}

}  // namespace twin
