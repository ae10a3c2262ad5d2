// Explicit graphs: points that somebody wrote down, as a matrix or as sorted lists of partners.
//
// Both answer the same question as the scored graph and need no tree: a row of a matrix is read from end to end, a list
// is as long as it is. `base` is taken off all points, so that those of required nodes can start at zero.

#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/dense.hpp"
#include "core/oracle.hpp"

namespace twin {

const DenseKernels &dense_kernels_of(const std::string &isa);

// Every pair is admissible. T: std::int32_t or std::int64_t. `points` outlives the graph.
template <class T>
class DenseGraph final : public Oracle {
 public:
  DenseGraph(const T *points, std::int64_t num_left, std::int64_t num_right, std::int64_t base, const std::string &isa);

  std::int64_t num_left() const override { return num_left_; }
  std::int64_t num_right() const override { return num_right_; }
  void set_prices(const std::int64_t *price) override { price_.assign(price, price + num_right_); }
  void change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count) override;
  void search(const std::int32_t *rows, std::int64_t count, int k, const std::int64_t *floor, std::int64_t margin, Lists lists, Crew &crew,
              Flag flag) override;
  std::int64_t points(std::int64_t i, std::int64_t j) const override { return points_[i * num_right_ + j] - base_; }

 private:
  const T *points_;
  std::int64_t num_left_, num_right_, base_;
  RowLoops<T> loops_;
  std::vector<std::int64_t> price_;
};

// The matrix with its sides exchanged: written down when prices are first set, since most matrices never need it.
template <class T>
class Columns final : public Oracle {
 public:
  Columns(const T *points, std::int64_t num_rows, std::int64_t num_columns, std::int64_t base, const std::string &isa)
      : points_(points), num_left_(num_columns), num_right_(num_rows), base_(base), isa_(isa) {}

  std::int64_t num_left() const override { return num_left_; }
  std::int64_t num_right() const override { return num_right_; }
  void set_prices(const std::int64_t *price) override;
  void change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count) override {
    graph_->change_prices(price, changed, count);
  }
  void search(const std::int32_t *rows, std::int64_t count, int k, const std::int64_t *floor, std::int64_t margin, Lists lists, Crew &crew,
              Flag flag) override {
    graph_->search(rows, count, k, floor, margin, lists, crew, flag);
  }
  std::int64_t points(std::int64_t i, std::int64_t j) const override { return points_[j * num_left_ + i] - base_; }

 private:
  const T *points_;
  std::int64_t num_left_, num_right_, base_;
  std::string isa_;
  std::unique_ptr<T[]> transposed_;
  std::unique_ptr<DenseGraph<T>> graph_;
};

// Left node i has partners item[offset[i]] .. item[offset[i + 1]], increasing. The arrays outlive the graph.
class SparseGraph : public Oracle {
 public:
  // The same pairs with sides exchanged, in arrays of its own.
  static std::unique_ptr<Oracle> exchanged(const std::int64_t *offset, const std::int32_t *item, const std::int64_t *points,
                                           std::int64_t num_left, std::int64_t num_right, std::int64_t base);

  SparseGraph(const std::int64_t *offset, const std::int32_t *item, const std::int64_t *points, std::int64_t num_left,
              std::int64_t num_right, std::int64_t base)
      : offset_(offset), item_(item), points_(points), num_left_(num_left), num_right_(num_right), base_(base),
        price_(std::size_t(num_right), 0) {}

  std::int64_t num_left() const override { return num_left_; }
  std::int64_t num_right() const override { return num_right_; }
  void set_prices(const std::int64_t *price) override { price_.assign(price, price + num_right_); }
  void change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count) override;
  void search(const std::int32_t *rows, std::int64_t count, int k, const std::int64_t *floor, std::int64_t margin, Lists lists, Crew &crew,
              Flag flag) override;
  std::int64_t points(std::int64_t i, std::int64_t j) const override;

 private:
  const std::int64_t *offset_;
  const std::int32_t *item_;
  const std::int64_t *points_;
  std::int64_t num_left_, num_right_, base_;
  std::vector<std::int64_t> price_;
};

}  // namespace twin
