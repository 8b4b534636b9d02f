// A workspace for micro benchmarks: a throw-away database with the bench's custom fields, accounts, contacts and opportunities, its
// index, and what a handler gets. Made once per process and size; one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/call.h"
#include "base/clock.h"
#include "index/workspace_index.h"
#include "services/answer_cache.h"
#include "services/api_keys.h"
#include "services/index_directory.h"

namespace plenoptic::bench {

class Workspace {
 public:
  explicit Workspace(std::size_t opportunities);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  /// The one of that size, kept until the process ends.
  static Workspace& of(std::size_t opportunities);

  const model::Schema& schema() const { return *entry_->schema; }
  const model::ObjectType& type() const { return schema().type(model::types::opportunity); }
  model::WorkspaceId id() const { return entry_->id; }
  /// A call of `opportunity.retrieve` with a snapshot open.
  std::unique_ptr<api::Call> call();

  index::WorkspaceIndex& index() const { return *loaded_; }
  std::vector<model::RecordId> accounts, contacts, opportunities;

 private:
  using Work = std::function<void(services::WriteContext&)>;
  void write(const Work& work);
  void make_fields();
  void make_records(std::size_t count);
  model::RecordId create(services::WriteContext& context, model::TypeNumber type, const std::string& fields, const std::string& relationships);

  std::string directory_;
  base::SystemClock clock_;
  std::unique_ptr<storage::Database> database_;
  base::CuidGenerator ids_;
  services::WorkspaceDirectory workspaces_;
  services::ApiKeyDirectory keys_;
  services::AnswerCache answers_{0};
  std::shared_ptr<const services::WorkspaceEntry> entry_;
  std::unique_ptr<index::WorkspaceIndex> loaded_;
  std::unique_ptr<services::IndexDirectory> indexes_;
  std::unique_ptr<api::Services> services_;
  api::Principal operator_;
  std::int64_t now_ms_ = 1'800'000'000'000;
};

}  // namespace plenoptic::bench
