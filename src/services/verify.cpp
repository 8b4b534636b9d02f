#include "services/verify.h"

#include <fmt/format.h>

#include "base/json.h"
#include "model/definition_codec.h"
#include "services/index_loading.h"
#include "services/verify_index.h"
#include "services/verify_records.h"
#include "services/workspaces.h"

namespace plenoptic::services {
namespace {

using storage::Definition;
using storage::DefinitionKind;

constexpr std::size_t texts_kept = 10;
constexpr std::uint64_t records_between_progress = 10'000;

void decode(const Definition& definition) {
  const auto json = base::parse_json(definition.body);
  if (!json) throw std::runtime_error(json.error().message);
  switch (definition.kind) {
    case DefinitionKind::object_type: model::object_type_from_json(*json); return;
    case DefinitionKind::field: model::field_from_json(*json); return;
    case DefinitionKind::link_type: model::link_type_from_json(*json); return;
  }
  throw std::runtime_error("a definition of an unknown kind");
}

/// Whether the data model can be read; without it nothing else can be.
bool check_definitions(storage::Reader& storage, const storage::Workspace& workspace, Findings& findings) {
  bool sound = true;
  for (const Definition& definition : storage.definitions(workspace.id)) {
    try {
      decode(definition);
    } catch (const std::exception& failure) {
      sound = false;
      findings.add("definitions", fmt::format("workspace {}: kind {}, type {}, number {} does not decode: {}", workspace.slug, static_cast<int>(definition.kind),
                                              definition.object_type, definition.number, failure.what()));
    }
  }
  return sound;
}

/// Both ways in which a server comes by its index.
void check_indexes(storage::Reader& storage, const storage::Workspace& workspace, const model::Schema& schema, const VerifyOptions& options, IndexChecks& questions,
                   Findings& findings, VerifiedCounts& counts) {
  const auto ask = [&](const index::WorkspaceIndex& index, std::string_view check) {
    for (const model::ObjectType& type : schema.object_types()) {
      options.progress("index of " + type.plural, counts.records);
      counts.index_questions += questions.compare(index, type, check);
    }
  };
  constexpr std::string_view of_snapshot = "index snapshot";
  const std::string path = snapshot_path(options.snapshots, workspace.id);
  ask(*load_index({&storage}, workspace.id, schema), "index");
  try {
    const auto restored = restore_index(storage, workspace.id, schema, options.snapshots);
    if (!restored) return;
    ++counts.index_snapshots;
    ask(*restored->index, of_snapshot);
    if (findings.checks().contains(of_snapshot)) findings.note(fmt::format("remove {}: the next start builds the index of workspace {} from the database", path, workspace.slug));
  } catch (const SnapshotRefused& refused) {
    findings.note(fmt::format("{} is not used: {}. The next start builds the index of workspace {} from the database, and it is saved anew", path, refused.what(), workspace.slug));
  }
}

void check_workspace(storage::Reader& storage, const storage::Workspace& workspace, const model::Schema& schema, const VerifyOptions& options, Findings& findings,
                     VerifiedCounts& counts) {
  RecordChecks records(storage, workspace, schema, findings);
  IndexChecks questions(storage, workspace.id, schema, findings, options.seed);
  bool readable = true;
  for (const model::ObjectType& type : schema.object_types())
    storage.scan_records(workspace.id, type.number, [&](const model::Record& record) {
      if (++counts.records % records_between_progress == 0) options.progress("records", counts.records);
      model::FieldValues values;
      try {
        values = model::decode_fields(record.fields);
      } catch (const std::exception&) {
        readable = false;
        return findings.add("values", fmt::format("{} does not decode", model::public_id(type, record.id)));
      }
      if (!records.check(type, record, values))
        readable = false;
      else
        questions.sample(record, values);
    });
  // Neither sums nor the index say anything where a record is missing from them, and the first damage is told already.
  if (!readable) return;
  options.progress("links", counts.records);
  try {
    records.finish(counts);
  } catch (const storage::StorageError&) {
    throw;
  } catch (const std::runtime_error& failure) {
    return findings.add("links", fmt::format("of workspace {}: {}", workspace.slug, failure.what()));
  }
  options.progress("index", counts.records);
  check_indexes(storage, workspace, schema, options, questions, findings, counts);
}

bool belongs_to_a_record(storage::Reader& storage, const WorkspaceEntry& workspace, const std::string& id) {
  const auto underscore = id.find('_');
  const model::ObjectType* type = workspace.schema->find_type_by_prefix(std::string_view(id).substr(0, underscore));
  if (underscore == std::string::npos || !type) return true;  // of something else than a record
  const auto record = model::RecordId::parse(std::string_view(id).substr(underscore + 1));
  return record && storage.is_live(workspace.id, type->number, *record);
}

void check_keys(storage::Reader& storage, const WorkspaceDirectory& workspaces, Findings& findings) {
  for (const storage::ApiKey& key : storage.api_keys()) {
    const auto wrong = [&](std::string_view what) { findings.add("keys", fmt::format("{} {}", key.id, what)); };
    const auto workspace = workspaces.find(key.workspace);
    if (!workspace)
      wrong("is of no workspace");
    else if (key.member && !storage.find_record(workspace->id, model::types::member, *key.member))
      wrong("is of a member that is not there");
  }
}

/// A kept answer is an answer of an operation, about something that is there.
void check_idempotency(storage::Reader& storage, const WorkspaceDirectory& workspaces, const VerifyOptions& options, Findings& findings, VerifiedCounts& counts) {
  storage.scan_idempotent([&](const storage::IdempotencySpace& space, const storage::IdempotentAnswer& answer) {
    ++counts.idempotent_answers;
    const auto wrong = [&](std::string_view what) { findings.add("idempotency", fmt::format("the answer of {} under the key '{}' {}", space.operation, space.key, what)); };
    const auto workspace = workspaces.find(space.workspace);
    if (space.workspace.value != 0 && !workspace) return wrong("is of no workspace");
    if (!options.is_operation(space.operation)) wrong("is of no operation that there is");
    if (answer.status < 200 || answer.status > 599) wrong("has a status that is none");
    const auto body = base::parse_json(answer.body);
    if (!body) return wrong("is no JSON");
    const base::Json& id = body->at("id");
    if (workspace && id.is_string() && !belongs_to_a_record(storage, *workspace, id.string())) wrong("names a record that is not there");
  });
}

}  // namespace

void Findings::add(std::string_view check, std::string text) {
  auto place = checks_.find(check);
  if (place == checks_.end()) place = checks_.emplace(check, Check{}).first;
  ++place->second.count;
  if (place->second.texts.size() < texts_kept) place->second.texts.push_back(std::move(text));
}

VerifiedCounts verify_contents(storage::Reader& storage, const VerifyOptions& options, Findings& findings) {
  VerifiedCounts counts;
  bool readable = true;
  for (const storage::Workspace& workspace : storage.workspaces()) readable = check_definitions(storage, workspace, findings) && readable;
  if (!readable) return counts;
  WorkspaceDirectory workspaces;
  workspaces.load(storage);
  check_keys(storage, workspaces, findings);
  for (const storage::Workspace& workspace : storage.workspaces()) {
    ++counts.workspaces;
    check_workspace(storage, workspace, *workspaces.find(workspace.id)->schema, options, findings, counts);
  }
  check_idempotency(storage, workspaces, options, findings, counts);
  return counts;
}

}  // namespace plenoptic::services
