// `plenoptic verify`: checks what a database holds against the rules of the data model, and the index against the database.
// Reads one snapshot, in the order of its keys; memory is bounded but for the index itself, which is built as the server does, and restored from its snapshot.
// What SQL alone can tell is checked in storage.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "services/index_snapshots.h"
#include "storage/database.h"

namespace plenoptic::services {

/// What is wrong, by what was checked. Of each check the first few keep their words; all are counted.
class Findings {
 public:
  struct Check {
    std::uint64_t count = 0;
    std::vector<std::string> texts;
  };

  void add(std::string_view check, std::string text);
  /// Worth knowing, and nothing wrong.
  void note(std::string text) { notes_.push_back(std::move(text)); }
  bool sound() const { return checks_.empty(); }
  const std::map<std::string, Check, std::less<>>& checks() const { return checks_; }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::map<std::string, Check, std::less<>> checks_;
  std::vector<std::string> notes_;
};

/// How much there was.
struct VerifiedCounts {
  std::uint64_t workspaces = 0, records = 0, links = 0, log_entries = 0, unique_values = 0, idempotent_answers = 0, index_questions = 0, index_snapshots = 0;
};

struct VerifyOptions {
  /// Which operations there are: kept answers belong to one.
  std::function<bool(std::string_view)> is_operation;
  /// Told now and then: what is being looked at, and how many records of it are done.
  std::function<void(std::string_view what, std::uint64_t done)> progress;
  /// Which records are sampled for questions to the index.
  std::uint64_t seed = 1;
  /// Where the indexes' snapshots stand: an index restored from one is asked too.
  SnapshotSettings snapshots = {};
};

/// Puts what is wrong into `findings`. Throws StorageError where the database cannot be read.
VerifiedCounts verify_contents(storage::Reader& storage, const VerifyOptions& options, Findings& findings);

}  // namespace plenoptic::services
