// The write lane: one thread that runs writes one after the other and commits those that wait together (group
// commit, a savepoint each). Every answer leaves after COMMIT and after the log's readers (index, caches) were told.
// Storage full: the whole group fails and nothing of it is stored.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "services/lane_pace.h"
#include "services/write_context.h"
#include "storage/database.h"

namespace plenoptic::services {

struct WriteJob {
  /// Runs inside the transaction; what it throws undoes its own changes only.
  std::function<void(WriteContext&)> run;
  /// Called once, after the commit or the failure. Null: what `run` did is durable.
  std::function<void(const std::exception_ptr&)> finish;
  model::WorkspaceId workspace;
  Actor actor;
  Origin origin;
  /// Changes the data model or the workspaces: commits by itself, so that what follows sees it.
  bool alone = false;
};

class WriteLane {
 public:
  struct Parts {
    storage::Database& database;
    const base::Clock& clock;
    base::CuidGenerator& ids;
    /// The workspace's data model as of now.
    std::function<model::SchemaPointer(model::WorkspaceId)> schema;
    /// Tells the log's readers. Called on the lane after each commit, in commit order.
    std::function<void(const model::SchemaPointer&, model::WorkspaceId, std::span<const model::Change>)> publish;
    /// What is on the disk is unknown after a COMMIT or a checkpoint: must not return (the process ends and recovers at the next start).
    std::function<void(const std::string&)> abandon;
    /// Runs what it is given, so that the answers that are sent in it leave together.
    std::function<void(const std::function<void()>&)> together = [](const std::function<void()>& send) { send(); };
  };

  WriteLane(Parts parts, std::size_t capacity);
  ~WriteLane();
  WriteLane(const WriteLane&) = delete;
  WriteLane& operator=(const WriteLane&) = delete;

  /// False where the queue is full: the caller sheds the request.
  bool submit(WriteJob job);
  /// Finishes what waits, then ends the thread.
  void stop();
  /// Until a write that is submitted now would be committed, about. Zero while few wait.
  std::chrono::nanoseconds expected_wait() const;
  std::size_t queued() const { return queued_.load(std::memory_order_relaxed); }

 private:
  struct Outcome {
    WriteJob job;
    std::exception_ptr error;
    model::SchemaPointer schema;
    std::vector<model::Change> changes;
    std::vector<std::function<void()>> after_commit;
  };

  void loop();
  std::vector<Outcome> take_group();
  void run_group(std::vector<Outcome>& group);
  void run_job(storage::Writer& writer, Outcome& outcome);
  void publish(std::vector<Outcome>& group);
  std::int64_t now_ms();

  Parts parts_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<WriteJob> queue_;
  std::atomic<std::size_t> queued_ = 0;
  std::atomic<std::size_t> under_way_ = 0;
  LanePace pace_;
  bool stopping_ = false;
  std::int64_t last_ms_ = 0;
  std::thread thread_;
};

}  // namespace plenoptic::services
