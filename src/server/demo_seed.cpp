#include "server/demo_seed.h"

#include <array>
#include <functional>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/json.h"
#include "services/data_model.h"
#include "services/lists.h"
#include "services/members.h"
#include "services/records.h"

namespace plenoptic::server {
namespace {

using base::Json;
using services::WriteContext;

constexpr std::array names = {
    "Halcyon Optics",  "Brightwater Foods", "Northgate Robotics", "Meridian Freight", "Cobalt Health",          "Larkspur Media",         "Fenwick Energy",    "Orchard Bank",
    "Silverline Rail", "Tidewater Labs",    "Copperfield Tools",  "Juniper Textiles", "Aldergate Insurance",    "Harbour Glass",          "Redwood Packaging", "Skylark Aviation",
    "Granite Mills",   "Willow Dental",     "Pinnacle Steel",     "Marlowe Press",    "Ember Ceramics",         "Vantage Semiconductors", "Oakhurst Dairy",    "Lumen Lighting",
    "Kestrel Drones",  "Thornbury Motors",  "Bluefin Logistics",  "Saffron Kitchens", "Ironbridge Engineering", "Clearwater Pharma",      "Maple Leaf Paper",  "Quarry Stone",
    "Solstice Solar",  "Beacon Schools",    "Foxglove Cosmetics", "Anchor Shipyards", "Westfield Retail",       "Cedar Grove Farms",      "Atlas Instruments", "Polaris Cameras"};
constexpr std::array first_names = {"Amara", "Ben",  "Chiara", "Dmitri",  "Elena", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Keiko",  "Liam", "Mina",
                                    "Noah",  "Olga", "Priya",  "Quentin", "Rosa",  "Samir", "Tess",  "Umar", "Vera", "Wes",   "Ximena", "Yara", "Zoe"};
constexpr std::array last_names = {"Abbott", "Bianchi", "Castro", "Dubois", "Eriksen", "Fischer", "Gupta",  "Hansen", "Ito",   "Jensen", "Kowalski", "Laurent", "Moreau",
                                   "Novak",  "Okoye",   "Petrov", "Quist",  "Rossi",   "Sato",    "Tanaka", "Ueda",   "Vance", "Weber",  "Xu",       "Yilmaz",  "Zhang"};
constexpr std::array titles = {"Head of Quality", "Plant Manager", "VP Operations", "Procurement Lead", "Automation Engineer", "CFO", "IT Director", "Line Supervisor"};
constexpr std::array industries = {"Manufacturing", "Technology", "Healthcare", "Transportation", "Energy", "Retail", "Media", "Other"};
constexpr std::array headcounts = {"11-50", "51-200", "201-500", "501-1000", "1001-5000"};
constexpr std::array stages = {"Lead", "Lead", "Qualification", "Qualification", "Demo", "Demo", "Trial", "Proposal", "Won", "Lost"};
constexpr std::array deals = {"inspection line", "camera retrofit", "pilot", "expansion", "annual licence", "second site"};
constexpr std::array next_steps = {"Send the revised quote",
                                   "Book a site visit",
                                   "Call about the trial results",
                                   "Get the security questionnaire back",
                                   "Meet procurement",
                                   "Agree on the pilot's success criteria"};
constexpr std::array task_titles = {"Call back about pricing", "Prepare the demo kit",    "Send the case study",
                                    "Review the contract",     "Check the sample images", "Schedule the kick-off"};
constexpr std::array note_bodies = {
    "## Site visit\n\nTwo lines run three shifts. The reject rate is **4.2 %**, mostly scratches.\n\n- wants on-premises storage\n- decision in the next quarter",
    "Spoke with quality. They tried a competitor last year and gave up on false alarms; *precision* matters more than speed.",
    "Pricing discussed. They can sign up to 50,000 without the board.\n\n1. send a quote for two cameras\n2. offer training",
    "The trial went well: 98 % of defects found on the first day. Asked for a reference customer."};

template <typename Range>
auto& pick(const Range& range, std::size_t number) {
  return range[number % range.size()];
}

std::string slug_of(std::string_view name) {
  std::string slug;
  for (char c : name)
    if (c != ' ') slug += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return slug;
}

/// Makes records through the same services as requests do, in one transaction.
class Seeder {
 public:
  explicit Seeder(WriteContext& context) : context_(context) {}

  std::string run() {
    make_members();
    for (std::size_t i = 0; i < names.size(); ++i) accounts_.push_back(make_account(i));
    for (std::size_t i = 0; i < 120; ++i) contacts_.push_back(make_contact(i));
    for (std::size_t i = 0; i < 60; ++i) opportunities_.push_back(make_opportunity(i));
    for (std::size_t i = 0; i < 50; ++i) make_task(i);
    for (std::size_t i = 0; i < 40; ++i) make_note(i);
    make_lists();
    return opportunities_.back();
  }

 private:
  std::string id_of(model::TypeNumber type, model::RecordId id) const { return model::public_id(context_.schema->type(type), id); }

  std::string create(model::TypeNumber number, const Json& fields, const Json& relationships = Json::object(), const services::ServerLinks& server_links = {}) {
    const model::ObjectType& type = context_.schema->type(number);
    const auto write = services::parse_record_write(*context_.schema, type, fields, relationships, services::WriteMode::create);
    return model::public_id(type, services::create_record(context_, type, write, server_links).id);
  }

  std::string in_days(int days) const { return base::format_timestamp(context_.now_ms + days * std::int64_t{86'400'000}); }
  const std::string& member(std::size_t number) const { return pick(members_, number); }

  void make_members() {
    const auto first = services::find_member_by_email(context_.storage, context_.workspace, *context_.schema, "ada@plenoptic.example");
    members_.push_back(id_of(model::types::member, first.value()));
    constexpr std::array<std::array<const char*, 2>, 4> people = {{{"Marcus", "Lindqvist"}, {"Sofia", "Marchetti"}, {"Tomás", "Herrera"}, {"Yuki", "Nakamura"}}};
    for (const auto& [given, family] : people) {
      const std::string email = slug_of(std::string(given) == "Tomás" ? "tomas" : given) + "@plenoptic.example";
      members_.push_back(id_of(model::types::member, services::create_member(context_, {.email = email, .first_name = given, .last_name = family}).id));
    }
  }

  std::string make_account(std::size_t i) {
    const std::string site = slug_of(names[i]) + ".example";
    Json fields = Json::object({{"$name", names[i]},
                                {"$website", Json::array({"https://" + site})},
                                {"$linkedIn", "company/" + slug_of(names[i])},
                                {"$industry", Json::array({pick(industries, i)})},
                                {"$headcount", pick(headcounts, i * 3)},
                                {"$primaryAddress", Json::object({{"city", i % 2 ? "Rotterdam" : "Portland"}, {"country", i % 2 ? "NL" : "US"}})},
                                {"icpScore", static_cast<std::int64_t>(40 + (i * 37) % 60)},
                                {"partner", i % 9 == 0}});
    Json relationships = Json::object({{"$owner", member(i)}});
    if (i % 8 == 7) relationships["parent"] = accounts_[i - 7];
    return create(model::types::account, fields, relationships);
  }

  std::string make_contact(std::size_t i) {
    const std::string given = pick(first_names, i * 7), family = pick(last_names, i * 3 + i / 26);
    const std::string site = slug_of(pick(names, i)) + ".example";
    Json fields = Json::object({{"$name", Json::object({{"firstName", given}, {"lastName", family}})},
                                {"$email", fmt::format("{}.{}{}@{}", slug_of(given), slug_of(family), i, site)},
                                {"$title", pick(titles, i)}});
    if (i % 3 == 0) fields["$phone"] = fmt::format("+1202555{:04}", 100 + i % 100);
    if (i % 4 == 0) fields["interests"] = Json::array({i % 8 ? "Cameras" : "Software", "Training"});
    if (i % 17 == 0) fields["$doNotContact"] = true;
    return create(model::types::contact, fields, Json::object({{"$account", pick(accounts_, i)}, {"$owner", member(i)}}));
  }

  std::string make_opportunity(std::size_t i) {
    const std::size_t account = (i * 11) % accounts_.size();
    const std::string stage = pick(stages, i);
    Json fields = Json::object({{"$name", fmt::format("{} {}", names[account], pick(deals, i))},
                                {"$stage", stage},
                                {"$amount", static_cast<std::int64_t>(8000 + (i * 7919) % 140000)},
                                {"$closeDate", in_days(static_cast<int>(i * 5 % 150) - 30)},
                                {"tier", i % 3 == 0 ? "Strategic" : "Standard"},
                                {"renewalDate", in_days(365 + static_cast<int>(i))}});
    if (stage == "Lost") fields["$closeReason"] = "Chose to wait a year";
    if (stage != "Won" && stage != "Lost") fields["$nextStep"] = pick(next_steps, i);
    Json relationships = Json::object({{"$account", accounts_[account]}, {"$owner", member(i)}, {"$createdBy", member(i + 1)}, {"$champion", contacts_[account]}});
    if (i % 2) relationships["$evaluator"] = contacts_[account + accounts_.size()];
    return create(model::types::opportunity, fields, relationships);
  }

  void make_task(std::size_t i) {
    constexpr std::array states = {"TODO", "TODO", "IN_PROGRESS", "COMPLETE", "CANCELLED"};
    create(model::types::task, Json::object({{"$title", pick(task_titles, i)}, {"$status", pick(states, i)}, {"$dueAt", in_days(static_cast<int>(i % 21) - 4)}}),
           Json::object({{"$assignedTo", member(i)}, {"$createdBy", member(i + 2)}, {"$opportunity", pick(opportunities_, i)}, {"$account", pick(accounts_, i * 11)}}));
  }

  void make_note(std::size_t i) {
    create(model::types::note, Json::object({{"$title", fmt::format("{}: {}", pick(names, i * 11), i % 2 ? "call" : "visit")}, {"$content", pick(note_bodies, i)}}),
           Json::object({{"$account", pick(accounts_, i * 11)}, {"$opportunity", pick(opportunities_, i)}}));
  }

  void make_lists() {
    Json key_accounts = Json::array(), webinar = Json::array();
    for (std::size_t i = 0; i < 12; ++i) key_accounts.push_back(accounts_[i * 3]);
    for (std::size_t i = 0; i < 20; ++i) webinar.push_back(contacts_[i * 5]);
    services::create_list(context_, Json::object({{"$name", "Key accounts"}, {"$objectType", "$account"}, {"$description", "Whom we visit each quarter"}}),
                          Json::object({{"$accounts", key_accounts}}));
    services::create_list(context_, Json::object({{"$name", "Spring webinar"}, {"$objectType", "$contact"}}), Json::object({{"$contacts", webinar}}));
  }

  WriteContext& context_;
  std::vector<std::string> members_, accounts_, contacts_, opportunities_;
};

std::vector<services::NewField> custom_fields() {
  std::vector<services::NewField> fields(6);
  fields[0] = {.object_type = "opportunity", .key = "tier", .label = "Tier", .value_type = "SINGLE_SELECT", .options = {"Strategic", "Standard"}};
  fields[1] = {.object_type = "opportunity", .key = "renewalDate", .label = "Renewal date", .value_type = "DATETIME"};
  fields[2] = {.object_type = "opportunity", .key = "arr", .label = "Recurring revenue", .value_type = "CURRENCY"};
  fields[3] = {.object_type = "account", .key = "icpScore", .label = "Fit", .description = "How well it fits our ideal customer, 0 to 100", .value_type = "NUMBER"};
  fields[4] = {.object_type = "account", .key = "partner", .label = "Partner", .value_type = "CHECKBOX"};
  fields[5] = {.object_type = "contact", .key = "interests", .label = "Interests", .value_type = "MULTI_SELECT", .options = {"Cameras", "Software", "Training"}};
  return fields;
}

}  // namespace

void define_demo(App& app, model::WorkspaceId workspace) {
  const auto change_model = [&](const std::function<void(services::DataModel&)>& change) {
    app.write(workspace, [&](WriteContext& context) {
      services::DataModel model(context, *app.workspaces().find(workspace), app.workspace_sink());
      change(model);
    });
  };
  const auto type_of = [&](const std::string& slug) -> const model::ObjectType& { return *app.workspaces().find(workspace)->schema->find_type(slug); };
  for (const services::NewField& field : custom_fields())
    if (!type_of(field.object_type).find_field(field.key)) change_model([&](services::DataModel& model) { model.create_field(field); });
  const services::NewRelationship parent{
      .key = "parent", .label = "Parent company", .source = "account", .destination = "account", .cardinality = "HAS_ONE", .inverse_label = "Subsidiaries"};
  if (!type_of(parent.source).find_relationship(parent.key)) change_model([&](services::DataModel& model) { model.create_relationship(parent); });
}

std::string make_demo_records(WriteContext& context) { return Seeder(context).run(); }

}  // namespace plenoptic::server
