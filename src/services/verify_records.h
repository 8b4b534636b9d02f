// One pass over a workspace's records for `verify`: values against definitions, links, unique values, and the change log
// folded backwards over each record.
#pragma once

#include "model/definitions.h"
#include "services/verify.h"

namespace plenoptic::services {

/// A sum over links that does not depend on their order: equal sums, equal sets.
class LinkSum {
 public:
  void add(model::LinkTypeNumber type, model::RecordId source, model::RecordId destination);
  void subtract(model::LinkTypeNumber type, model::RecordId source, model::RecordId destination);
  bool operator==(const LinkSum&) const = default;

 private:
  std::uint64_t first_ = 0, second_ = 0;
};

class RecordChecks {
 public:
  RecordChecks(storage::Reader& storage, const storage::Workspace& workspace, const model::Schema& schema, Findings& findings)
      : storage_(storage), workspace_(workspace), schema_(schema), findings_(findings) {}

  /// Each record once, in any order. False where its values are none of their types: then nothing else can be asked of them.
  bool check(const model::ObjectType& type, const model::Record& record, const model::FieldValues& values);
  /// After the last record: what is in the tables and belongs to none of them.
  void finish(VerifiedCounts& counts);

 private:
  bool check_values(const model::ObjectType& type, const model::Record& record, const model::FieldValues& values);
  void check_links(const model::ObjectType& type, const model::Record& record);
  void check_unique(const model::ObjectType& type, const model::Record& record, const model::FieldValues& values);
  void check_log(const model::ObjectType& type, const model::Record& record, model::FieldValues values);
  /// Takes one entry back from the record as it was after it. False where the chain cannot be followed further.
  bool undo(const std::string& name, const model::Record& record, const model::Change& change, model::FieldValues& values, bool& live);
  void find_stray_unique_values();
  void find_stray_links();
  void find_one_ended_links();
  void find_unlogged_links();

  storage::Reader& storage_;
  const storage::Workspace& workspace_;
  const model::Schema& schema_;
  Findings& findings_;
  std::uint64_t link_ends_ = 0, unique_forms_ = 0, log_entries_ = 0;
  LinkSum logged_links_;
};

}  // namespace plenoptic::services
