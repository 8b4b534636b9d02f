// The index against the database, for `verify`: it is asked what lists ask, and each answer is compared with a plain look at
// every record.
#pragma once

#include <random>
#include <vector>

#include "index/workspace_index.h"
#include "model/definitions.h"
#include "services/verify.h"

namespace plenoptic::services {

class IndexChecks {
 public:
  IndexChecks(storage::Reader& storage, model::WorkspaceId workspace, const model::Schema& schema, Findings& findings, std::uint64_t seed)
      : storage_(storage), workspace_(workspace), schema_(schema), findings_(findings), random_(seed) {}

  /// Each record once: some are kept as samples, which the questions are made of.
  void sample(const model::Record& record, const model::FieldValues& values);
  /// Asks about one type: scans its records once more. Returns how many questions there were.
  /// What differs is a finding of `check`.
  std::uint64_t compare(const index::WorkspaceIndex& index, const model::ObjectType& type, std::string_view check = "index");

 private:
  struct Question;
  /// What a list must answer: how many, and the newest.
  struct Expected {
    std::uint64_t total = 0;
    std::vector<model::RecordId> newest;  // the newest last, a few more than a page
    void take(model::RecordId id);
  };
  struct Sample {
    model::RecordId id;
    model::FieldValues values;
  };

  std::vector<Question> make_questions(const model::ObjectType& type);
  void ask_about_values(const model::ObjectType& type, const model::FieldDefinition& field, std::vector<Question>& questions);
  void compare_order(const index::WorkspaceIndex& index, const model::ObjectType& type, index::Life life, const std::vector<model::RecordId>& ids);
  void compare_answer(const index::WorkspaceIndex& index, const model::ObjectType& type, const Question& question);
  std::uint64_t compare_links(const index::WorkspaceIndex& index, const model::ObjectType& type);

  storage::Reader& storage_;
  const model::WorkspaceId workspace_;
  const model::Schema& schema_;
  Findings& findings_;
  std::string_view check_;  // of the findings
  std::mt19937_64 random_;
  std::map<model::TypeNumber, std::vector<Sample>> samples_;
  std::map<model::TypeNumber, std::uint64_t> seen_;
};

}  // namespace plenoptic::services
