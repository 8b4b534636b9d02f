// Tells a queue that stands from a burst that passes, on one I/O thread. Requests wait for their thread in the kernel, in
// nobody's queue; what is known of each is how long it waited. After CoDel (RFC 8289): only when requests have been late
// one after the other, for a while, does the server have too much to do. Pure; one owner, one thread.
#pragma once

#include <chrono>

namespace plenoptic::http {

class StandingQueue {
 public:
  using Duration = std::chrono::nanoseconds;

  /// `target`: what a request may wait. Zero: nothing is ever overdue.
  explicit StandingQueue(Duration target) : target_(target) {}

  /// Takes note of a request that waited so long and is taken now (times by any one clock). True where it is one too many: the
  /// queue stands, it waited longer than the target, and turning away does not take more of the thread's time than answering.
  bool is_overdue(Duration waited, Duration now);

 private:
  void count_time(Duration since_last);
  bool turns_away(bool late, Duration now);

  Duration target_;
  Duration last_taken_{};
  Duration per_request_{};  // smoothed, while the thread is busy
  Duration late_since_{};   // of the requests in a row that were late
  Duration last_late_{};
  Duration credit_{};  // time spent on answering, less what turning away took
  bool late_ = false;
  bool stands_ = false;
  bool turned_away_ = false;  // the request before
};

}  // namespace plenoptic::http
