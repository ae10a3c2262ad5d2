// A cheapest flow proves itself by its potentials, and a cut that there is none; from any start.

#include "core/network.hpp"
#include "draw.hpp"

namespace twin::fuzz {
namespace {

void flow(Draw &draw) {
  const std::int32_t nodes = draw.number32(1, draw.flip() ? 6 : 40);
  const std::int64_t arcs = draw.size(0, 12, 200), span = draw.scale(std::int64_t{1} << 40), width = draw.scale(1 << 20);
  std::vector<std::int32_t> tail, head;
  std::vector<std::int64_t> lower, upper, cost, supply(std::size_t(nodes), 0), given;
  for (std::int64_t a = 0; a < arcs; ++a) {
    tail.push_back(draw.number32(0, nodes - 1)), head.push_back(draw.number32(0, nodes - 1));
    lower.push_back(draw.flip() ? 0 : draw.number(-width, width)), upper.push_back(lower.back() + draw.number(0, width));
    cost.push_back(draw.number(-span, span));
    given.push_back(draw.number(lower.back(), upper.back()));
  }
  // Half of the supplies are those of a flow.
  const bool possible = draw.flip();
  for (std::size_t a = 0; possible && a < tail.size(); ++a)
    supply[std::size_t(tail[a])] += given[a], supply[std::size_t(head[a])] -= given[a];
  for (std::size_t v = 1; !possible && v < supply.size(); ++v) {
    supply[v] = draw.number(-width, width);
    supply[0] -= supply[v];
  }
  std::vector<std::int64_t> potential, start;
  const bool has_potential = draw.flip(), has_flow = draw.flip();
  for (std::int32_t v = 0; v < nodes; ++v) potential.push_back(draw.number(-span, span));
  for (std::int64_t a = 0; a < arcs; ++a) start.push_back(draw.number(-2 * width, 2 * width));
  const Network network{nodes, arcs, tail.data(), head.data(), lower.data(), upper.data(), cost.data(), supply.data()};
  const NetworkAnswer found =
      cheapest_flow(network, has_potential ? potential.data() : nullptr, has_flow ? start.data() : nullptr, {});
  MUST_HOLD(found.feasible || !possible);
  if (!found.feasible) {
    std::int64_t excess = 0;
    for (std::size_t v = 0; v < supply.size(); ++v) excess += found.inside[v] ? supply[v] : 0;
    for (std::size_t a = 0; a < tail.size(); ++a) {
      const bool from = found.inside[std::size_t(tail[a])], to = found.inside[std::size_t(head[a])];
      if (!from && to) excess += lower[a];
      if (from && !to) excess -= upper[a];
    }
    MUST_HOLD(excess > 0);
    return;
  }
  std::vector<std::int64_t> rest = supply;
  for (std::size_t a = 0; a < tail.size(); ++a) {
    MUST_HOLD(found.flow[a] >= lower[a] && found.flow[a] <= upper[a]);
    rest[std::size_t(tail[a])] -= found.flow[a], rest[std::size_t(head[a])] += found.flow[a];
    const std::int64_t reduced = cost[a] + found.potential[std::size_t(tail[a])] - found.potential[std::size_t(head[a])];
    MUST_HOLD(reduced >= 0 || found.flow[a] == upper[a]);
    MUST_HOLD(reduced <= 0 || found.flow[a] == lower[a]);
  }
  for (const std::int64_t left : rest) MUST_HOLD(left == 0);
}

}  // namespace
}  // namespace twin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  twin::fuzz::Draw draw(data, size);
  twin::fuzz::flow(draw);
  return 0;
}
