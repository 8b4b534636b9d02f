// Idempotency keys that are in flight in this process; those bound to an answer stand in storage, committed with
// their write.
#pragma once

#include <mutex>
#include <string>
#include <unordered_set>

#include "storage/database.h"

namespace plenoptic::api {

inline constexpr std::size_t longest_idempotency_key = 255;
inline constexpr std::int64_t idempotency_lifetime_ms = std::int64_t{24} * 60 * 60 * 1000;

/// Held while a request with a key is under way; gives the key free when it goes.
class InFlightKeys {
 public:
  class Hold {
   public:
    Hold() = default;
    Hold(InFlightKeys* owner, std::string name) : owner_(owner), name_(std::move(name)) {}
    Hold(Hold&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), name_(std::move(other.name_)) {}
    Hold& operator=(Hold&& other) noexcept;
    ~Hold() { release(); }
    void release();
    explicit operator bool() const { return owner_ != nullptr; }

   private:
    InFlightKeys* owner_ = nullptr;
    std::string name_;
  };

  /// An empty hold where another request has the key.
  Hold take(const storage::IdempotencySpace& space);

 private:
  std::mutex mutex_;
  std::unordered_set<std::string> names_;
};

}  // namespace plenoptic::api
