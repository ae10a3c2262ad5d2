// The rounds of network.hpp.

#include "core/network.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace twin {

namespace {

using Big = std::int64_t;
using Node = std::int32_t;

// Steps are powers of two; so many bits come off from one to the next, and the first has so many less than the largest
// cost. (A first step as large as the costs finds out little, and measured half as fast.)
constexpr int FEWER_BITS = 3, FIRST_BITS = 8;
// Potentials to start from that need more rounds than this are worse than none, and given up.
constexpr int PATIENCE = 10;
// Where no more nodes than this have too much, shortest paths come first: steps move the prices of half the market for
// the sake of a few units, and it is the prices that somebody goes on with. Steps come when so many rounds leave more
// than two thirds of the nodes in need; one or two that are left are no headway either.
constexpr std::ptrdiff_t FEW_IN_NEED = 30000;
constexpr int SLOW_ROUNDS = 20;
// Costs are multiplied until the largest has so many bits, with less, steps are too coarse to be of use; unless
// potentials would have more than so many.
constexpr int COST_BITS = 10, ROOM_BITS = 50;
// Nodes with more arcs keep them in a heap.
constexpr Big MANY_ARCS = 100;
// Costs, prices and distances stay below; then no sum of a cost and two prices, and no distance, overflows.
constexpr Big LIMIT = Big(1) << 60;
// The flag is looked at after so many arcs.
constexpr Big POLL = 1 << 16;

Big in_range(Big value) {
  if (value > LIMIT || value < -LIMIT) throw std::overflow_error("costs or potentials are too large for 64 bits");
  return value;
}

// Nodes by distance, for a search whose distances never fall. Bucket b holds those that differ from the last distance
// taken in bit b - 1, and not above; equal distances come out in the order they went in.
class RadixHeap {
 public:
  void clear() {
    for (auto &bucket : buckets_) bucket.clear();
    last_ = 0, next_ = 0, size_ = 0;
  }
  bool empty() const { return size_ == 0; }
  void push(Big distance, Node v) {
    bucket(distance).emplace_back(distance, v);
    ++size_;
  }
  std::pair<Big, Node> pop() {
    if (next_ == buckets_[0].size()) {
      buckets_[0].clear(), next_ = 0;
      auto *from = buckets_ + 1;
      while (from->empty()) ++from;
      last_ = std::min_element(from->begin(), from->end(), [](auto &a, auto &b) { return a.first < b.first; })->first;
      for (const auto &entry : *from) bucket(entry.first).push_back(entry);
      from->clear();
    }
    --size_;
    return buckets_[0][next_++];
  }

 private:
  std::vector<std::pair<Big, Node>> &bucket(Big distance) {
    return buckets_[std::bit_width(static_cast<std::uint64_t>(distance ^ last_))];
  }
  std::vector<std::pair<Big, Node>> buckets_[65];
  Big last_ = 0;
  std::size_t next_ = 0, size_ = 0;
};

struct Arc {
  Big cost;
  Big cap;  // what may still be sent
  Node head;
  std::int32_t reverse;
};

// What an arc offers its tail: at a price below `worth` its reduced cost is negative.
struct Offer {
  Big worth;
  std::int32_t arc;
  bool operator<(const Offer &other) const { return worth != other.worth ? worth < other.worth : arc > other.arc; }
};

class Scaling {
 public:
  Scaling(const Network &network, const Big *potential, const Big *flow, Flag flag)
      : net_(network), n_(network.num_nodes), flag_(flag), first_(std::size_t(n_) + 1, 0),
        pi_(std::size_t(n_), 0), excess_(network.supply, network.supply + n_), place_(std::size_t(net_.num_arcs), -1),
        distance_(std::size_t(n_)), current_(std::size_t(n_)), stop_(std::size_t(n_)), rank_(std::size_t(n_)),
        waits_(std::size_t(n_)), heap_of_(std::size_t(n_), -1) {
    check_sizes();
    Big furthest = 0;
    for (Node v = 0; potential != nullptr && v < n_; ++v)
      furthest = std::max(furthest, std::abs(in_range(potential[v])));
    bits_ = std::max(0, std::min(COST_BITS - width(largest_), ROOM_BITS - width(furthest)));
    largest_ <<= bits_;
    lay_out(flow);
    for (Node v = 0; potential != nullptr && v < n_; ++v) pi_[v] = potential[v] << bits_;
    std::int32_t count = 0;
    for (Node v = 0; v < n_; ++v)
      if (first_[v + 1] - first_[v] > MANY_ARCS) heap_of_[v] = count++;
    offers_.resize(std::size_t(count)), drawn_.assign(std::size_t(count), -1);
    step_ = first_step();
    if (potential == nullptr) return;
    saturate();
    step_ = std::min(step_, step_of_excess());
    is_nearly_there_ = in_need() <= FEW_IN_NEED;
    patience_ = PATIENCE;
  }

  // False: there is no flow, and `inside` is the proof.
  bool run() {
    if (is_nearly_there_) {
      exact_ = true, patience_ = INT32_MAX;
      if (route()) return true;
      if (!is_late_) return false;
      exact_ = is_nearly_there_ = false, patience_ = PATIENCE;
    }
    for (;; step_ = std::max(0, step_ - FEWER_BITS)) {
      if (!route()) {
        if (!is_late_) return false;
        std::fill(pi_.begin(), pi_.end(), 0);
        step_ = first_step(), patience_ = INT32_MAX;
        if (!route()) return false;
      }
      patience_ = INT32_MAX;
      if (step_ == 0) break;
    }
    exact_ = true;
    return route();
  }

  std::vector<Big> flow() const {
    std::vector<Big> out(place_.size());
    for (std::size_t a = 0; a < out.size(); ++a)
      out[a] = place_[a] >= 0      ? net_.lower[a] + arcs_[arcs_[place_[a]].reverse].cap
               : net_.cost[a] < 0 ? net_.upper[a]
                                  : net_.lower[a];
    return out;
  }
  std::vector<Big> potential() const {
    std::vector<Big> out(pi_);
    for (auto &price : out) price >>= bits_;
    return out;
  }
  std::vector<std::uint8_t> inside() const {
    std::vector<std::uint8_t> out(distance_.size());
    for (std::size_t v = 0; v < out.size(); ++v) out[v] = distance_[v] == FAR;
    return out;
  }

 private:
  static constexpr Big FAR = INT64_MAX;

  static int width(Big value) { return int(std::bit_width(static_cast<std::uint64_t>(value))); }
  void spend(Big arcs) {
    if ((work_ += arcs) < POLL) return;
    work_ = 0;
    flag_.check();
  }
  Big reduced_cost(Node v, const Arc &arc) const { return arc.cost + pi_[v] - pi_[arc.head]; }
  // Whether something may be sent from v now: downhill, at the end also on the level.
  bool is_open(Node v, const Arc &arc) const { return arc.cap > 0 && reduced_cost(v, arc) < Big(exact_); }

  Node in_need() const {
    return static_cast<Node>(std::count_if(excess_.begin(), excess_.end(), [](Big e) { return e > 0; }));
  }

  // The sum of everything at a node bounds its excess.
  void check_sizes() {
    if (net_.num_arcs >= (1 << 30)) throw std::overflow_error("more arcs than 32 bits can number");
    std::vector<Big> most(std::size_t(n_), 0);
    const auto add = [](Big &sum, Big value) {
      if (value == INT64_MIN || __builtin_add_overflow(sum, value < 0 ? -value : value, &sum) || sum > (Big(1) << 61))
        throw std::overflow_error("bounds or supplies are too large for 64 bits");
    };
    for (Node v = 0; v < n_; ++v) add(most[v], net_.supply[v]);
    for (Big a = 0; a < net_.num_arcs; ++a) {
      for (const Node v : {net_.tail[a], net_.head[a]}) add(most[v], net_.lower[a]), add(most[v], net_.upper[a]);
      largest_ = std::max(largest_, std::abs(in_range(net_.cost[a])));
    }
  }

  // Both arcs of every arc to their nodes. A loop has no part in it: it is full or at its lower bound.
  void lay_out(const Big *flow) {
    for (Big a = 0; a < net_.num_arcs; ++a)
      if (net_.tail[a] != net_.head[a]) ++first_[net_.tail[a] + 1], ++first_[net_.head[a] + 1];
    for (Node v = 0; v < n_; ++v) first_[v + 1] += first_[v], current_[v] = first_[v];
    arcs_.resize(std::size_t(first_[n_]));
    can_return_.resize(std::size_t(first_[n_]));
    for (Big a = 0; a < net_.num_arcs; ++a) {
      const Node v = net_.tail[a], w = net_.head[a];
      if (v == w) continue;
      const std::int32_t there = current_[v]++, back = current_[w]++;
      const Big x = flow == nullptr ? net_.lower[a] : std::clamp(flow[a], net_.lower[a], net_.upper[a]);
      const Big cost = net_.cost[a] << bits_;
      place_[a] = there;
      arcs_[there] = {cost, net_.upper[a] - x, w, back};
      arcs_[back] = {-cost, x - net_.lower[a], v, there};
      can_return_[there] = arcs_[back].cap > 0, can_return_[back] = arcs_[there].cap > 0;
      excess_[v] -= x, excess_[w] += x;
      spend(1);
    }
  }

  void send(Node v, Arc &arc, Big amount) {
    Arc &reverse = arcs_[arc.reverse];
    arc.cap -= amount, reverse.cap += amount;
    can_return_[arc.reverse] = arc.cap > 0, can_return_[reverse.reverse] = reverse.cap > 0;
    excess_[v] -= amount, excess_[arc.head] += amount;
  }

  void saturate() {
    for (Node v = 0; v < n_; ++v) {
      spend(first_[v + 1] - first_[v]);
      for (std::int32_t a = first_[v]; a < first_[v + 1]; ++a)
        if (arcs_[a].cap > 0 && reduced_cost(v, arcs_[a]) < 0) send(v, arcs_[a], arcs_[a].cap);
    }
  }

  int first_step() const { return std::max(0, width(largest_) - FIRST_BITS); }
  // After `saturate`: the step with which nine in ten of the nodes with excess could send some of it.
  int step_of_excess() const {
    std::vector<Big> falls;
    for (Node v = 0; v < n_; ++v) {
      if (excess_[v] <= 0) continue;
      Big least = FAR;
      for (std::int32_t a = first_[v]; a < first_[v + 1]; ++a)
        if (arcs_[a].cap > 0) least = std::min(least, reduced_cost(v, arcs_[a]));
      falls.push_back(least);
    }
    if (falls.empty()) return 0;
    const auto most = falls.begin() + std::ptrdiff_t(falls.size() * 9 / 10);
    std::nth_element(falls.begin(), most, falls.end());
    return std::max(0, width(*most) - 1);
  }

  // Rounds until no excess is left, at the present step. False: there is no flow, or it is late.
  bool route() {
    saturate();
    int rounds = 0;
    for (Node now = in_need(), before = now; now > 0; now = in_need()) {
      is_late_ = rounds++ == patience_;
      if (is_nearly_there_ && rounds % SLOW_ROUNDS == 0) is_late_ = now > before * 2 / 3, before = now;
      if (is_late_ || !measure()) return false;
      block();
      if (!exact_) discharge();
    }
    return true;
  }

  // Distances to the nodes with too little, as far as those with excess; prices by which these are downhill.
  bool measure() {
    std::fill(distance_.begin(), distance_.end(), FAR);
    std::fill(rank_.begin(), rank_.end(), INT32_MAX);
    met_.clear(), near_.clear();
    Node to_meet = 0;
    for (Node v = 0; v < n_; ++v) {
      if (excess_[v] < 0) distance_[v] = 0, near_.push(0, v);
      to_meet += excess_[v] > 0;
    }
    Big last = 0;
    while (to_meet > 0) {
      if (near_.empty()) return false;
      const auto [distance, w] = near_.pop();
      if (rank_[w] != INT32_MAX) continue;
      last = in_range(distance);
      rank_[w] = static_cast<std::int32_t>(met_.size());
      met_.push_back(w);
      if (excess_[w] > 0 && --to_meet == 0) break;
      spend(first_[w + 1] - first_[w]);
      for (std::int32_t a = first_[w]; a < first_[w + 1]; ++a) {
        if (!can_return_[a]) continue;
        const Arc &arc = arcs_[a];  // the reverse of the arc that would be used
        const Big cost = pi_[arc.head] - pi_[w] - arc.cost;
        const Big there = distance + (exact_ ? cost : (cost >> step_) + 1);
        if (there < distance_[arc.head]) distance_[arc.head] = there, near_.push(there, arc.head);
      }
    }
    // Who was met rises, rather than everybody else falling: the work stays where the search was.
    const int bits = exact_ ? 0 : step_;
    for (const Node v : met_) {
      if (last - distance_[v] > (LIMIT >> bits)) in_range(FAR);
      pi_[v] = in_range(pi_[v] + ((last - distance_[v]) << bits));
    }
    return true;
  }

  void block() {
    for (const Node v : met_) current_[v] = first_[v];
    for (const Node root : met_)
      while (excess_[root] > 0 && descend(root)) {
        Node v = root;
        Big amount = excess_[root];
        for (const std::int32_t a : path_) amount = std::min(amount, arcs_[a].cap), v = arcs_[a].head;
        amount = std::min(amount, -excess_[v]);
        for (const std::int32_t a : path_) send(arcs_[arcs_[a].reverse].head, arcs_[a], amount);
      }
  }

  // A path of open arcs to a node with too little, ever nearer; false: there is none left.
  bool descend(Node v) {
    path_.clear();
    while (excess_[v] >= 0) {
      std::int32_t &a = current_[v];
      const std::int32_t end = first_[v + 1];
      spend(1);
      while (a < end && !(rank_[arcs_[a].head] < rank_[v] && is_open(v, arcs_[a]))) ++a;
      if (a < end) {
        path_.push_back(a);
        v = arcs_[a].head;
      } else {
        if (path_.empty()) return false;
        v = arcs_[arcs_[path_.back()].reverse].head;
        path_.pop_back();
        ++current_[v];
      }
    }
    return true;
  }

  // Push and relabel, the latest first, for as many relabels as there are nodes.
  void discharge() {
    for (Node v = 0; v < n_; ++v) current_[v] = first_[v], stop_[v] = first_[v + 1], waits_[v] = 0;
    ++epoch_;
    stack_.clear();
    for (auto v = met_.rbegin(); v != met_.rend(); ++v)
      if (excess_[*v] > 0) stack_.push_back(*v), waits_[*v] = 1;
    Node relabels = 0;
    while (!stack_.empty() && relabels < n_) {
      const Node v = stack_.back();
      stack_.pop_back();
      waits_[v] = 0;
      while (excess_[v] > 0 && relabels < n_) {
        spend(1);
        const std::int32_t a = downhill(v);
        if (a < 0) {
          ++relabels;
          if (!relabel(v)) return;  // stuck: the next search will not meet v
          continue;
        }
        Arc &arc = arcs_[a];
        const Node w = arc.head;
        if (excess_[w] >= 0 && downhill(w) < 0 && relabel(w)) {  // look-ahead
          ++relabels;
          if (reduced_cost(v, arc) >= 0) continue;
        }
        const bool was_open = can_return_[a];
        send(v, arc, std::min(excess_[v], arc.cap));
        if (!was_open) offer(w, arc.reverse);
        if (excess_[w] > 0 && !waits_[w]) stack_.push_back(w), waits_[w] = 1;
      }
    }
  }

  // An arc from v that runs downhill, or -1.
  std::int32_t downhill(Node v) {
    if (heap_of_[v] >= 0) {
      const std::int32_t a = best_offer(v);
      return a >= 0 && reduced_cost(v, arcs_[a]) < 0 ? a : -1;
    }
    for (std::int32_t &a = current_[v]; a < stop_[v]; ++a)
      if (is_open(v, arcs_[a])) return a;
    return -1;
  }

  // Lowers v until its best arc runs downhill by a step. False: it has none.
  bool relabel(Node v) {
    Big best = INT64_MIN, second = INT64_MIN;
    std::int32_t at = -1;
    if (heap_of_[v] >= 0) {
      at = best_offer(v);
      if (at >= 0) best = pi_[arcs_[at].head] - arcs_[at].cost;
    } else {
      spend(first_[v + 1] - first_[v]);
      for (std::int32_t a = first_[v]; a < first_[v + 1]; ++a) {
        if (arcs_[a].cap <= 0) continue;
        const Big worth = pi_[arcs_[a].head] - arcs_[a].cost;
        if (worth > best)
          second = best, best = worth, at = a;
        else if (worth > second)
          second = worth;
      }
    }
    if (at < 0) return false;
    pi_[v] = in_range(best - (Big(1) << step_));
    // Others only fall: if the second arc does not run downhill now, it will not before the next relabel.
    current_[v] = at, stop_[v] = second > pi_[v] ? first_[v + 1] : at + 1;
    return true;
  }

  // The arc from v, one of the nodes with a heap, that runs furthest downhill; -1: none has cap.
  std::int32_t best_offer(Node v) {
    auto &offers = offers_[heap_of_[v]];
    if (drawn_[heap_of_[v]] != epoch_) {
      drawn_[heap_of_[v]] = epoch_;
      offers.clear();
      spend(first_[v + 1] - first_[v]);
      for (std::int32_t a = first_[v]; a < first_[v + 1]; ++a)
        if (arcs_[a].cap > 0) offers.push_back({pi_[arcs_[a].head] - arcs_[a].cost, a});
      std::make_heap(offers.begin(), offers.end());
    }
    while (!offers.empty()) {
      const Arc &arc = arcs_[offers.front().arc];
      const Big worth = pi_[arc.head] - arc.cost;
      if (arc.cap > 0 && worth == offers.front().worth) return offers.front().arc;
      std::pop_heap(offers.begin(), offers.end());
      if (arc.cap > 0) {
        offers.back().worth = worth;
        std::push_heap(offers.begin(), offers.end());
      } else {
        offers.pop_back();
      }
    }
    return -1;
  }
  // An arc from v has got cap.
  void offer(Node v, std::int32_t a) {
    if (heap_of_[v] < 0 || drawn_[heap_of_[v]] != epoch_) return;
    auto &offers = offers_[heap_of_[v]];
    offers.push_back({pi_[arcs_[a].head] - arcs_[a].cost, a});
    std::push_heap(offers.begin(), offers.end());
  }

  const Network net_;
  const Node n_;
  const Flag flag_;
  std::vector<std::int32_t> first_;  // of the arcs of a node
  std::vector<Arc> arcs_;
  std::vector<std::uint8_t> can_return_;  // whether the reverse of an arc has cap, for searches backwards
  std::vector<Big> pi_, excess_;
  std::vector<std::int32_t> place_;  // of an arc of the network among all arcs
  int bits_ = 0, step_ = 0;          // of the factor of costs; of the step
  bool exact_ = false, is_late_ = false, is_nearly_there_ = false;
  int patience_ = INT32_MAX;
  Big largest_ = 0, work_ = 0;

  RadixHeap near_;
  std::vector<Big> distance_;
  std::vector<std::int32_t> current_, stop_, rank_;  // where to look next, and until where; how early a node was met
  std::vector<Node> met_, stack_;
  std::vector<std::int32_t> path_;
  std::vector<std::uint8_t> waits_;

  std::vector<std::int32_t> heap_of_;  // of a node, -1: it has few arcs
  std::vector<std::vector<Offer>> offers_;
  std::vector<Big> drawn_;  // in which epoch; prices rise between two
  Big epoch_ = 0;
};

}  // namespace

NetworkAnswer cheapest_flow(const Network &network, const Big *potential, const Big *flow, Flag flag) {
  Scaling scaling(network, potential, flow, flag);
  if (!scaling.run()) return {false, {}, {}, scaling.inside()};
  return {true, scaling.flow(), scaling.potential(), {}};
}

}  // namespace twin
