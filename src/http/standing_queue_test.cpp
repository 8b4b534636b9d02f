#include "http/standing_queue.h"

#include <gtest/gtest.h>

namespace plenoptic::http {
namespace {

using namespace std::chrono_literals;
using Duration = StandingQueue::Duration;

constexpr Duration target = 50ms;

/// A thread that takes requests one after the other, each for `cost`.
struct Thread {
  StandingQueue queue{target};
  Duration now = 1h;
  int overdue = 0;

  void take(int count, Duration waited, Duration cost) {
    for (int i = 0; i < count; ++i) {
      overdue += queue.is_overdue(waited, now) ? 1 : 0;
      now += cost;
    }
  }
};

TEST(StandingQueue, ShedsWhatIsLateOnceRequestsWereLateForAsLongAsTheTarget) {
  Thread thread;
  thread.take(500, 80ms, 100us);
  EXPECT_EQ(thread.overdue, 0);
  thread.take(10, 80ms, 100us);
  thread.overdue = 0;
  thread.take(200, 80ms, 100us);
  EXPECT_EQ(thread.overdue, 200);
}

TEST(StandingQueue, KeepsWhatIsInTimeWhileItSheds) {
  Thread thread;
  thread.take(600, 80ms, 100us);
  thread.overdue = 0;
  thread.take(100, 40ms, 100us);
  EXPECT_EQ(thread.overdue, 0);
  thread.take(100, 80ms, 100us);
  EXPECT_EQ(thread.overdue, 100);
}

TEST(StandingQueue, WhereNothingIsInTimeHalfOfTheThreadStillAnswers) {
  Thread thread;
  thread.take(1000, 80ms, 100us);
  thread.overdue = 0;
  thread.take(1000, 80ms, 100us);
  EXPECT_NEAR(thread.overdue, 500, 20);
}

TEST(StandingQueue, AStallShedsNothing) {
  // 200 requests came while the machine stood still for 300 ms; they are worked off in 20 ms.
  Thread thread;
  thread.take(1000, 1ms, 100us);
  thread.now += 300ms;
  thread.take(200, 300ms, 100us);
  thread.take(1000, 1ms, 100us);
  EXPECT_EQ(thread.overdue, 0);
}

TEST(StandingQueue, OneThatIsInTimeProvesThatNoQueueStands) {
  Thread thread;
  for (int i = 0; i < 50; ++i) {
    thread.take(400, 80ms, 100us);
    thread.take(1, 1ms, 100us);
  }
  EXPECT_EQ(thread.overdue, 0);
}

TEST(StandingQueue, FewSlowRequestsAreNoQueue) {
  // Eight clients, each of whose requests takes 100 ms: every one waits for the seven others.
  Thread thread;
  thread.take(500, 700ms, 100ms);
  EXPECT_EQ(thread.overdue, 0);
}

TEST(StandingQueue, OneThatNobodyWasAheadOfIsNoQueue) {
  // A thread that the machine lets run now and then, and one client.
  Thread thread;
  thread.take(500, 80ms, 90ms);
  EXPECT_EQ(thread.overdue, 0);
}

TEST(StandingQueue, CalmsDownWhenNothingWasLateForAWhile) {
  Thread thread;
  thread.take(1000, 80ms, 100us);
  EXPECT_GT(thread.overdue, 0);
  thread.take(5100, 1ms, 100us);
  thread.overdue = 0;
  thread.take(100, 80ms, 100us);
  EXPECT_EQ(thread.overdue, 0);
}

TEST(StandingQueue, WithoutATargetNothingIsOverdue) {
  StandingQueue queue{Duration::zero()};
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(queue.is_overdue(1h, i * 1ms));
}

}  // namespace
}  // namespace plenoptic::http
