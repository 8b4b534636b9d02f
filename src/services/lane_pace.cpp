#include "services/lane_pace.h"

#include <algorithm>

namespace plenoptic::services {
namespace {

constexpr std::size_t fewest_ahead = 64;
/// A group so small tells what a commit costs, as does any that took less than one was thought to; one of more what a request costs.
constexpr std::size_t small_group = 4;
constexpr std::size_t large_group = 16;
constexpr std::int64_t smoothing = 8;

void smooth(std::atomic<std::int64_t>& average, std::int64_t seen) {
  const std::int64_t before = average.load(std::memory_order_relaxed);
  average.store(before == 0 ? seen : before + (seen - before) / smoothing, std::memory_order_relaxed);
}

}  // namespace

void LanePace::note(std::size_t requests, Duration took) {
  const std::int64_t per_group = per_group_ns_.load(std::memory_order_relaxed), over = took.count() - per_group;
  if (requests <= small_group || over < 0) smooth(per_group_ns_, took.count());
  if (requests >= large_group) smooth(per_request_ns_, std::max<std::int64_t>(0, over) / static_cast<std::int64_t>(requests));
}

LanePace::Duration LanePace::expected_wait(std::size_t ahead, std::size_t largest_group) const {
  if (ahead < fewest_ahead) return Duration::zero();
  const std::int64_t groups = static_cast<std::int64_t>(ahead / largest_group) + 1;
  return Duration(groups * per_group_ns_.load(std::memory_order_relaxed) + static_cast<std::int64_t>(ahead) * per_request_ns_.load(std::memory_order_relaxed));
}

}  // namespace plenoptic::services
