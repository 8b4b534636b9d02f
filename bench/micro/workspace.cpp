#include "workspace.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <stdexcept>

#include <fmt/format.h>

#include "services/data_model.h"
#include "services/index_loading.h"
#include "services/records.h"
#include "storage/sqlite/sqlite_database.h"

namespace plenoptic::bench {
namespace {

base::Json parsed(const std::string& text) {
  auto json = base::parse_json(text);
  if (!json) throw std::logic_error("the bench's own JSON is none: " + json.error().message);
  return std::move(*json);
}

std::string make_directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "plenoptic-micro-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary directory can be made");
  return pattern;
}

const api::Operation& retrieve_row() {
  for (const api::Operation& operation : api::operations())
    if (operation.id == "opportunity.retrieve") return operation;
  throw std::logic_error("there is no opportunity.retrieve");
}

}  // namespace

Workspace::Workspace(std::size_t count) : directory_(make_directory()), database_(storage::open_sqlite({.directory = directory_, .throw_away = true})) {
  write([this](services::WriteContext& context) { services::create_workspace(context, {.slug = "bench", .name = "Bench"}, [this](auto entry) { entry_ = std::move(entry); }); });
  make_fields();
  make_records(count);
  loaded_ = services::load_index(*database_, id(), [this] { return entry_->schema; });
  indexes_ = std::make_unique<services::IndexDirectory>(*database_, [this](model::WorkspaceId) { return entry_->schema; });
  services_ = std::make_unique<api::Services>(api::Services{*database_, workspaces_, keys_, *indexes_, answers_, clock_, {}, "https://crm.example.com", "bench"});
}

Workspace::~Workspace() {
  indexes_.reset();
  database_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

Workspace& Workspace::of(std::size_t opportunities) {
  static std::map<std::size_t, std::unique_ptr<Workspace>> made;
  auto& workspace = made[opportunities];
  if (!workspace) workspace = std::make_unique<Workspace>(opportunities);
  return *workspace;
}

std::unique_ptr<api::Call> Workspace::call() {
  auto call = std::make_unique<api::Call>(retrieve_row(), *services_, operator_);
  call->workspace = entry_;
  call->use_snapshot(database_->read());
  return call;
}

void Workspace::write(const Work& work) {
  std::vector<std::function<void()>> after_commit;
  database_->write_group([&](storage::Writer& writer) {
    services::WriteContext context{.storage = writer,
                                   .workspace = entry_ ? entry_->id : model::WorkspaceId{},
                                   .schema = entry_ ? entry_->schema : nullptr,
                                   .now_ms = ++now_ms_,
                                   .ids = ids_,
                                   .actor = {.member = {}, .id = "operator"},
                                   .origin = {.operation = "bench", .request_id = {}, .idempotency_key = {}},
                                   .may_read = {},
                                   .changes = {},
                                   .after_commit = {}};
    work(context);
    after_commit = std::move(context.after_commit);
  });
  for (const auto& action : after_commit) action();
  database_->maintain();
}

void Workspace::make_fields() {
  const std::vector<services::NewField> fields = {
      {.object_type = "opportunity", .key = "tier", .label = "Tier", .value_type = "SINGLE_SELECT", .options = {"Gold", "Silver", "Bronze"}},
      {.object_type = "opportunity", .key = "score", .label = "Score", .value_type = "NUMBER"},
      {.object_type = "opportunity", .key = "forecast", .label = "Forecast", .value_type = "CURRENCY"},
      {.object_type = "opportunity", .key = "competitor", .label = "Competitor", .value_type = "TEXT"},
      {.object_type = "opportunity", .key = "isRenewal", .label = "Renewal", .value_type = "CHECKBOX"},
      {.object_type = "opportunity", .key = "trialEndsAt", .label = "Trial ends", .value_type = "DATETIME"}};
  for (const services::NewField& field : fields)
    write([&](services::WriteContext& context) { services::DataModel(context, *entry_, [this](auto entry) { entry_ = std::move(entry); }).create_field(field); });
}

model::RecordId Workspace::create(services::WriteContext& context, model::TypeNumber number, const std::string& fields, const std::string& relationships) {
  const model::ObjectType& type = context.schema->type(number);
  const auto write = services::parse_record_write(*context.schema, type, parsed(fields), parsed(relationships), services::WriteMode::create);
  return services::create_record(context, type, write).id;
}

void Workspace::make_records(std::size_t count) {
  constexpr std::array stages = {"Lead", "Qualification", "Demo", "Trial", "Proposal", "Won", "Lost"};
  write([&](services::WriteContext& context) {
    const auto public_id = [&](model::TypeNumber type, model::RecordId id) { return model::public_id(context.schema->type(type), id); };
    for (std::size_t i = 0; i < std::max<std::size_t>(count / 10, 1); ++i)
      accounts.push_back(create(context, model::types::account, fmt::format(R"({{"$name":"Amber Harbour {}"}})", i), "{}"));
    for (std::size_t i = 0; i < std::max<std::size_t>(count / 5, 1); ++i)
      contacts.push_back(create(context, model::types::contact, fmt::format(R"({{"$name":{{"firstName":"Ada"}},"$email":["ada.okafor{}@company-{}.example"]}})", i, i % 97), "{}"));
    for (std::size_t i = 0; i < count; ++i) {
      const std::string fields = fmt::format(
          R"({{"$name":"Deal {} of {}","$stage":"{}","$amount":{},"$closeDate":"2026-05-04T00:00:00.000Z","$nextStep":"Call","tier":"Gold","score":{},"forecast":{},"competitor":"Incumbent","isRenewal":true,"trialEndsAt":"2026-04-01T00:00:00.000Z"}})",
          i % 100, i, stages[i % 7], i * 7919 % 100'000, i % 100, i % 90'000);
      const std::string relationships = fmt::format(R"({{"$account":"{}","$champion":"{}"}})", public_id(model::types::account, accounts[i * 31 % accounts.size()]),
                                                    public_id(model::types::contact, contacts[i * 17 % contacts.size()]));
      opportunities.push_back(create(context, model::types::opportunity, fields, relationships));
    }
  });
}

}  // namespace plenoptic::bench
