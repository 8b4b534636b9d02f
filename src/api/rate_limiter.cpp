#include "api/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace plenoptic::api {

RateDecision RateLimiter::take(model::WorkspaceId workspace, RateCategory category, std::int64_t now_ms) { return decide(workspace, category, now_ms, 1); }

RateDecision RateLimiter::look(model::WorkspaceId workspace, RateCategory category, std::int64_t now_ms) { return decide(workspace, category, now_ms, 0); }

RateDecision RateLimiter::decide(model::WorkspaceId workspace, RateCategory category, std::int64_t now_ms, double wanted) {
  std::lock_guard lock(mutex_);
  Bucket& bucket = buckets_[workspace.value][static_cast<std::size_t>(category)];
  const double capacity = rate_;
  if (bucket.tokens < 0) bucket = {capacity, now_ms};
  const double elapsed_s = static_cast<double>(std::max<std::int64_t>(0, now_ms - bucket.at_ms)) / 1000.0;
  bucket.tokens = std::min(capacity, bucket.tokens + elapsed_s * capacity);
  bucket.at_ms = now_ms;  // back too, where the clock was set back: or it would not fill until the clock is there again

  RateDecision decision;
  decision.limit = rate_;
  decision.allowed = bucket.tokens >= wanted;
  if (decision.allowed) bucket.tokens -= wanted;
  decision.remaining = static_cast<int>(bucket.tokens);
  const double full_in_ms = (capacity - bucket.tokens) / capacity * 1000.0;
  decision.reset_unix_s = static_cast<std::int64_t>(std::ceil((static_cast<double>(now_ms) + full_in_ms) / 1000.0));
  decision.retry_after_s = std::max(1, static_cast<int>(std::ceil((1 - bucket.tokens) / capacity)));
  return decision;
}

}  // namespace plenoptic::api
