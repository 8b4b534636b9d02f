#include "server/verify.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <stdexcept>

#include <fmt/format.h>
#include <unistd.h>

#include "api/operation.h"
#include "base/json.h"
#include "server/app.h"
#include "services/verify.h"
#include "storage/sqlite/closed_directory.h"

namespace plenoptic::server {
namespace {

using base::Json;

constexpr int sound = 0, damaged = 1, not_checked = 2;
constexpr const char* next_step = "Do not start a server on it. Keep a copy of the directory as it is, restore the newest backup, and report what stands here.";

/// A line on standard error that is written over, or one now and then where nobody looks.
class Progress {
 public:
  void show(std::string_view what, std::uint64_t done) {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < (terminal_ ? std::chrono::milliseconds(200) : std::chrono::seconds(10))) return;
    shown_ = now;
    std::cerr << fmt::format("{}verify: {}, {} records{}", terminal_ ? "\r\033[K" : "", what, done, terminal_ ? "" : "\n") << std::flush;
    written_ = true;
  }
  void end() const {
    if (written_ && terminal_) std::cerr << "\r\033[K" << std::flush;
  }

 private:
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool written_ = false;
  std::chrono::steady_clock::time_point shown_ = std::chrono::steady_clock::now();
};

bool is_operation(std::string_view id) {
  const auto rows = api::operations();
  return std::any_of(rows.begin(), rows.end(), [&](const api::Operation& operation) { return operation.id == id; });
}

void print_text(const services::Findings& findings, const services::VerifiedCounts& counts) {
  for (const auto& [name, check] : findings.checks()) {
    for (const std::string& text : check.texts) std::cout << "wrong: " << name << ": " << text << "\n";
    if (check.count > check.texts.size()) std::cout << "wrong: " << name << ": and " << check.count - check.texts.size() << " more\n";
  }
  for (const std::string& note : findings.notes()) std::cout << "note: " << note << "\n";
  std::cout << fmt::format("checked {} workspaces, {} records, {} links, {} unique values, {} log entries, {} kept answers, {} index snapshots, {} questions to the index\n",
                           counts.workspaces, counts.records, counts.links, counts.unique_values, counts.log_entries, counts.idempotent_answers, counts.index_snapshots,
                           counts.index_questions);
  if (!findings.sound()) std::cout << next_step << "\n";
  std::cout << (findings.sound() ? "sound" : "damaged") << std::endl;
}

void print_json(const services::Findings& findings, const services::VerifiedCounts& counts) {
  Json::Array wrong;
  for (const auto& [name, check] : findings.checks()) {
    Json::Array texts;
    for (const std::string& text : check.texts) texts.emplace_back(text);
    wrong.push_back(Json::object({{"check", name}, {"count", check.count}, {"findings", std::move(texts)}}));
  }
  const Json checked = Json::object({{"workspaces", counts.workspaces},
                                     {"records", counts.records},
                                     {"links", counts.links},
                                     {"uniqueValues", counts.unique_values},
                                     {"logEntries", counts.log_entries},
                                     {"keptAnswers", counts.idempotent_answers},
                                     {"indexSnapshots", counts.index_snapshots},
                                     {"indexQuestions", counts.index_questions}});
  Json::Array notes;
  for (const std::string& note : findings.notes()) notes.emplace_back(note);
  std::cout << Json::object({{"verdict", findings.sound() ? "sound" : "damaged"}, {"wrong", std::move(wrong)}, {"notes", std::move(notes)}, {"checked", checked}}).dump()
            << std::endl;
}

}  // namespace

int run_verify(const std::string& directory, VerdictForm form) {
  Progress progress;
  services::Findings findings;
  services::VerifiedCounts counts;
  try {
    storage::ClosedDirectory closed(directory);
    for (std::string& problem : closed.check()) findings.add("storage", std::move(problem));
    services::VerifyOptions options;
    options.is_operation = is_operation;
    options.snapshots = snapshot_settings(directory);
    options.progress = [&](std::string_view what, std::uint64_t done) { progress.show(what, done); };
    options.seed = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
    counts = services::verify_contents(closed.reader(), options, findings);
  } catch (const storage::StorageError& failure) {
    progress.end();
    if (failure.kind != storage::StorageError::Kind::corrupt) {
      std::cerr << "error: " << failure.what() << std::endl;
      return not_checked;
    }
    findings.add("storage", failure.what());
  } catch (const std::logic_error& failure) {
    // Each definition decodes; together they name what is not there, and no server would start.
    findings.add("definitions", fmt::format("do not belong together: {}", failure.what()));
  }
  progress.end();
  form == VerdictForm::json ? print_json(findings, counts) : print_text(findings, counts);
  return findings.sound() ? sound : damaged;
}

}  // namespace plenoptic::server
