#include "http/standing_queue.h"

#include <algorithm>

namespace plenoptic::http {
namespace {

/// Fewer ahead of a request are no queue, however slow they are.
constexpr int fewest_ahead = 32;
/// Shedding goes on until nothing was late for so many targets: in between it works off what is late, and more comes.
constexpr int targets_to_calm_down = 10;
constexpr int smoothing = 16;
/// With so many clients that turning all of them away takes longer than the target, everything is late: some must be answered.
constexpr StandingQueue::Duration greatest_debt = std::chrono::milliseconds(1);

}  // namespace

bool StandingQueue::is_overdue(Duration waited, Duration now) {
  if (target_ == Duration::zero()) return false;
  const Duration since_last = now - last_taken_;
  last_taken_ = now;
  // It waited already when the one before was taken: there is a queue, and the time between the two is what that one took.
  const bool behind_another = since_last >= Duration::zero() && waited >= since_last;
  if (behind_another) count_time(since_last);
  turned_away_ = turns_away(behind_another && waited > target_ && waited > fewest_ahead * per_request_, now);
  return turned_away_;
}

void StandingQueue::count_time(Duration since_last) {
  per_request_ += per_request_ == Duration::zero() ? since_last : (since_last - per_request_) / smoothing;
  credit_ = std::clamp(turned_away_ ? credit_ - since_last : credit_ + since_last, -greatest_debt, target_ / 2);
}

bool StandingQueue::turns_away(bool late, Duration now) {
  if (!late) {
    late_ = false;
    if (stands_ && now - last_late_ > targets_to_calm_down * target_) stands_ = false;
    return false;
  }
  if (!late_) late_since_ = now;
  late_ = true;
  last_late_ = now;
  if (!stands_) stands_ = now - late_since_ >= target_;
  return stands_ && credit_ >= Duration::zero();
}

}  // namespace plenoptic::http
