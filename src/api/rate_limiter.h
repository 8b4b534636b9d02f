// Token buckets, one per workspace and category: `rate` tokens at most, refilled `rate` a second.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "api/operation.h"

namespace plenoptic::api {

struct RateDecision {
  bool allowed = true;
  int limit = 0;
  int remaining = 0;
  std::int64_t reset_unix_s = 0;  // when the bucket is full again
  int retry_after_s = 1;
};

class RateLimiter {
 public:
  /// `rate` 0: off.
  explicit RateLimiter(int rate) : rate_(rate) {}
  bool enabled() const { return rate_ > 0; }
  /// Takes a token where there is one.
  RateDecision take(model::WorkspaceId workspace, RateCategory category, std::int64_t now_ms);
  /// The bucket as it is; takes nothing.
  RateDecision look(model::WorkspaceId workspace, RateCategory category, std::int64_t now_ms);

 private:
  struct Bucket {
    double tokens = -1;  // below zero: never used
    std::int64_t at_ms = 0;
  };
  RateDecision decide(model::WorkspaceId workspace, RateCategory category, std::int64_t now_ms, double wanted);

  const int rate_;
  std::mutex mutex_;
  std::unordered_map<std::uint32_t, std::array<Bucket, 4>> buckets_;
};

}  // namespace plenoptic::api
