// The phases of largest.hpp.

#include "core/largest.hpp"

#include <algorithm>

namespace twin {

namespace {

class Phases {
 public:
  Phases(const std::int64_t *offset, const std::int32_t *item, std::int64_t num_left, std::int64_t num_right,
         const std::int64_t *capacity, const std::uint8_t *wanted, const std::int64_t *mate, Flag flag)
      : offset_(offset), item_(item), n_(num_left), wanted_(wanted), flag_(flag), mate_(mate, mate + num_left),
        first_(std::size_t(num_right) + 1, 0), load_(std::size_t(num_right), 0), level_(std::size_t(num_left)),
        right_level_(std::size_t(num_right)), arc_(std::size_t(num_left)), slot_(std::size_t(num_right)) {
    // No more places than partners are ever taken.
    for (std::int64_t c = 0; c < offset[num_left]; ++c) ++first_[std::size_t(item[c]) + 1];
    for (std::size_t j = 0; j < load_.size(); ++j)
      first_[j + 1] = first_[j] + std::min(first_[j + 1], capacity[j]);
    owner_.assign(std::size_t(first_.back()), -1);
    for (std::int64_t i = 0; i < n_; ++i)
      if (mate_[std::size_t(i)] >= 0) take(i, mate_[std::size_t(i)]);
  }

  Largest run() {
    for (std::int64_t i = 0; i < n_; ++i)  // whoever finds an empty place takes it
      for (std::int64_t c = offset_[i]; in_want(i) && c < offset_[i + 1]; ++c)
        if (has_room(item_[c])) take(i, item_[c]);
    while (lay_out(true)) {
      for (std::int64_t i = 0; i < n_; ++i) arc_[std::size_t(i)] = offset_[i];
      for (std::size_t j = 0; j < slot_.size(); ++j) slot_[j] = first_[j];
      for (std::int64_t i = 0; i < n_; ++i)
        if (in_want(i)) augment(static_cast<std::int32_t>(i));
    }
    lay_out(false);
    Largest out{std::move(mate_), std::vector<std::uint8_t>(level_.size()), std::vector<std::uint8_t>(load_.size())};
    for (std::size_t i = 0; i < level_.size(); ++i) out.left[i] = level_[i] != FAR;
    for (std::size_t j = 0; j < load_.size(); ++j) out.right[j] = right_level_[j] != FAR;
    return out;
  }

 private:
  static constexpr std::int32_t FAR = INT32_MAX;

  bool in_want(std::int64_t i) const { return wanted_[i] && mate_[std::size_t(i)] < 0; }
  bool has_room(std::int64_t j) const {
    return first_[std::size_t(j)] + load_[std::size_t(j)] < first_[std::size_t(j) + 1];
  }
  void take(std::int64_t i, std::int64_t j) {
    owner_[std::size_t(first_[std::size_t(j)] + load_[std::size_t(j)]++)] = static_cast<std::int32_t>(i);
    mate_[std::size_t(i)] = j;
  }

  // Levels from all left nodes in want; up to the first empty place, or everything that can be reached. False: no
  // empty place can be reached.
  bool lay_out(bool to_room) {
    std::fill(level_.begin(), level_.end(), FAR);
    std::fill(right_level_.begin(), right_level_.end(), FAR);
    std::vector<std::int32_t> queue;
    for (std::int64_t i = 0; i < n_; ++i)
      if (in_want(i)) level_[std::size_t(i)] = 0, queue.push_back(static_cast<std::int32_t>(i));
    std::int32_t last = FAR;
    for (std::size_t next = 0; next < queue.size(); ++next) {
      if (next % 4096 == 0) flag_.check();
      const std::int32_t i = queue[next], level = level_[std::size_t(i)];
      if (level > last) break;
      for (std::int64_t c = offset_[i]; c < offset_[i + 1]; ++c) {
        const auto j = std::size_t(item_[c]);
        if (right_level_[j] != FAR) continue;
        right_level_[j] = level;
        if (to_room && has_room(item_[c])) last = level;
        for (std::int64_t p = first_[j]; p < first_[j] + load_[j]; ++p) {
          const auto owner = std::size_t(owner_[std::size_t(p)]);
          if (level_[owner] == FAR) level_[owner] = level + 1, queue.push_back(owner_[std::size_t(p)]);
        }
      }
    }
    return last != FAR;
  }

  void augment(std::int32_t root) {
    path_.assign(1, root);
    while (!path_.empty()) {
      const std::int32_t i = path_.back();
      std::int64_t &arc = arc_[std::size_t(i)];
      if (arc == offset_[i + 1]) {  // nothing below: whoever came this way looks at the next slot
        path_.pop_back();
        if (!path_.empty()) ++slot_[std::size_t(item_[arc_[std::size_t(path_.back())]])];
        continue;
      }
      const auto j = std::size_t(item_[arc]);
      if (right_level_[j] != level_[std::size_t(i)]) {
        ++arc;
      } else if (has_room(std::int64_t(j))) {
        pass_on();
        return;
      } else if (slot_[j] == first_[j + 1]) {
        ++arc;
      } else if (const std::int32_t owner = owner_[std::size_t(slot_[j])];
                 level_[std::size_t(owner)] == level_[std::size_t(i)] + 1) {
        path_.push_back(owner);
      } else {
        ++slot_[j];
      }
    }
  }

  // The last node of the path takes the empty place, and each node before it the slot of the next.
  void pass_on() {
    const std::int32_t end = path_.back();
    const std::int64_t j = item_[arc_[std::size_t(end)]];
    for (std::size_t step = 0; step + 1 < path_.size(); ++step) {
      const std::int32_t i = path_[step];
      const auto right = std::size_t(item_[arc_[std::size_t(i)]]);
      owner_[std::size_t(slot_[right])] = i;
      mate_[std::size_t(i)] = std::int64_t(right);
    }
    take(end, j);
  }

  const std::int64_t *offset_;
  const std::int32_t *item_;
  std::int64_t n_;
  const std::uint8_t *wanted_;
  Flag flag_;
  std::vector<std::int64_t> mate_, first_, load_;
  std::vector<std::int32_t> owner_, level_, right_level_;
  std::vector<std::int64_t> arc_, slot_;
  std::vector<std::int32_t> path_;
};

}  // namespace

Largest largest_matching(const std::int64_t *offset, const std::int32_t *item, std::int64_t num_left,
                         std::int64_t num_right, const std::int64_t *capacity, const std::uint8_t *wanted,
                         const std::int64_t *mate, Flag flag) {
  return Phases(offset, item, num_left, num_right, capacity, wanted, mate, flag).run();
}

}  // namespace twin
