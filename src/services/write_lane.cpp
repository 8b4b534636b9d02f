#include "services/write_lane.h"

#include <algorithm>

#include "base/thread_name.h"
#include "model/errors.h"

namespace plenoptic::services {
namespace {

/// More in one group would only make its first requests wait longer.
constexpr std::size_t largest_group = 256;

/// The clock may be behind what was written by less, and time then stands still; set back by more it is followed.
constexpr std::int64_t most_ahead_ms = 10'000;

using Kind = storage::StorageError::Kind;

}  // namespace

WriteLane::WriteLane(Parts parts, std::size_t capacity) : parts_(std::move(parts)), capacity_(capacity), thread_([this] { loop(); }) {}

WriteLane::~WriteLane() { stop(); }

bool WriteLane::submit(WriteJob job) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= capacity_) return false;
    queue_.push_back(std::move(job));
    queued_.store(queue_.size(), std::memory_order_relaxed);
  }
  wake_.notify_one();
  return true;
}

std::chrono::nanoseconds WriteLane::expected_wait() const {
  return pace_.expected_wait(queued_.load(std::memory_order_relaxed) + under_way_.load(std::memory_order_relaxed), largest_group);
}

void WriteLane::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void WriteLane::loop() {
  base::name_this_thread("write lane");
  for (;;) {
    std::vector<Outcome> group = take_group();
    if (group.empty()) return;
    const auto began = std::chrono::steady_clock::now();
    run_group(group);
    under_way_.store(0, std::memory_order_relaxed);
    parts_.together([&] {
      for (Outcome& outcome : group) outcome.job.finish(outcome.error);
    });
    pace_.note(group.size(), std::chrono::steady_clock::now() - began);
    try {
      parts_.database.maintain();
    } catch (const storage::StorageError& failure) {
      if (failure.kind == Kind::unknown_outcome) parts_.abandon(failure.what());
      // Of another kind: a later commit meets the same fault, or is refused for it, and answers for it.
    }
  }
}

std::vector<WriteLane::Outcome> WriteLane::take_group() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  std::vector<Outcome> group;
  while (!queue_.empty() && group.size() < largest_group) {
    if (queue_.front().alone && !group.empty()) break;
    group.push_back({.job = std::move(queue_.front()), .error = {}, .schema = {}, .changes = {}, .after_commit = {}});
    queue_.pop_front();
    if (group.back().job.alone) break;
  }
  queued_.store(queue_.size(), std::memory_order_relaxed);
  under_way_.store(group.size(), std::memory_order_relaxed);
  return group;
}

void WriteLane::run_group(std::vector<Outcome>& group) {
  try {
    parts_.database.write_group([&](storage::Writer& writer) {
      for (Outcome& outcome : group) run_job(writer, outcome);
    });
  } catch (const std::exception& failure) {
    const auto* of_storage = dynamic_cast<const storage::StorageError*>(&failure);
    if (of_storage && of_storage->kind == Kind::unknown_outcome) parts_.abandon(failure.what());
    for (Outcome& outcome : group) outcome.error = std::current_exception();
    return;
  }
  try {
    publish(group);
  } catch (const std::exception& failure) {
    // The group is durable: whoever were told that it failed, or read on without it, would be told what is not so.
    parts_.abandon(std::string("what was committed could not be taken in: ") + failure.what());
  }
}

void WriteLane::run_job(storage::Writer& writer, Outcome& outcome) {
  outcome.schema = parts_.schema(outcome.job.workspace);
  WriteContext context{.storage = writer,
                       .workspace = outcome.job.workspace,
                       .schema = outcome.schema,
                       .now_ms = now_ms(),
                       .ids = parts_.ids,
                       .actor = std::move(outcome.job.actor),
                       .origin = std::move(outcome.job.origin),
                       .changes = {},
                       .after_commit = {}};
  writer.begin_request();
  try {
    outcome.job.run(context);
    writer.keep_request();
    outcome.changes = std::move(context.changes);
    outcome.after_commit = std::move(context.after_commit);
  } catch (const storage::StorageError&) {
    throw;  // the group as a whole: SQLite's transaction cannot be gone on with after some failures, a damaged page (COMMIT fails then) among them
  } catch (...) {
    outcome.error = std::current_exception();
    writer.undo_request();
  }
}

void WriteLane::publish(std::vector<Outcome>& group) {
  for (Outcome& outcome : group) {
    if (outcome.error) continue;
    if (!outcome.changes.empty()) parts_.publish(outcome.schema, outcome.job.workspace, outcome.changes);
    for (const auto& action : outcome.after_commit) action();
  }
}

std::int64_t WriteLane::now_ms() {
  const std::int64_t now = parts_.clock.now_ms();
  if (now > last_ms_ || now < last_ms_ - most_ahead_ms) last_ms_ = now;
  return last_ms_;
}

}  // namespace plenoptic::services
