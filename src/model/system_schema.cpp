#include "model/system_schema.h"

#include <initializer_list>

namespace plenoptic::model {
namespace {

using enum ValueType;

/// What a row may say beyond key, label and type.
struct Traits {
  bool required = false;
  bool read_only = false;
  bool create_only = false;
  bool unique = false;
  bool multiple = false;
  bool history = true;
};
constexpr Traits plain{};
constexpr Traits required_field{.required = true};
constexpr Traits computed{.read_only = true};
constexpr Traits derived{.read_only = true, .history = false};

struct FieldRow {
  FieldNumber number;
  std::string_view key;
  std::string_view label;
  ValueType type;
  Traits traits = plain;
  std::vector<std::string_view> options = {};
  std::string_view description = {};
};

class Builder {
 public:
  Builder(std::string_view currency, const DefinitionIdMaker& make_id) : currency_(currency), make_id_(make_id) {}

  ObjectType& object(TypeNumber number, std::string_view slug, std::string_view plural, std::string_view label, std::string_view prefix, bool custom_fields_allowed) {
    ObjectType& type = schema_.object_types.emplace_back();
    type.number = number;
    type.slug = slug;
    type.plural = plural;
    type.label = label;
    type.prefix = prefix;
    type.custom_fields_allowed = custom_fields_allowed;
    return type;
  }

  void fields(ObjectType& type, std::initializer_list<FieldRow> rows) {
    for (const FieldRow& row : rows) type.fields.push_back(field(row));
  }

  /// `source_key` on the source shows `destination`s; `destination_key` on the destination shows sources.
  void link(LinkTypeNumber number, LinkTypeEnd source, LinkTypeEnd destination) {
    LinkType& type = schema_.link_types.emplace_back();
    type.number = number;
    type.id = make_id_("rd");
    type.system = true;
    type.ends = {std::move(source), std::move(destination)};
  }

  SystemSchema take() { return std::move(schema_); }

 private:
  FieldDefinition field(const FieldRow& row) {
    FieldDefinition definition;
    definition.number = row.number;
    definition.id = make_id_("ad");
    definition.key = row.key;
    definition.label = row.label;
    if (!row.description.empty()) definition.description = std::string(row.description);
    definition.type = row.type;
    definition.system = true;
    definition.required = row.traits.required;
    definition.read_only = row.traits.read_only;
    definition.create_only = row.traits.create_only;
    definition.unique = row.traits.unique;
    definition.multiple = row.traits.multiple;
    definition.history = row.traits.history;
    if (row.type == currency) definition.currency = std::string(currency_);
    if (row.type == social_handle) definition.handle_service = service_of(row.key);
    std::uint32_t number = 0;
    for (std::string_view label : row.options) {
      SelectOption& option = definition.options.emplace_back();
      option.number = {++number};
      option.id = make_id_("opt");
      option.set_label(std::string(label));
    }
    return definition;
  }

  static HandleService service_of(std::string_view key) {
    if (key == "$linkedIn") return HandleService::linkedin;
    if (key == "$twitter") return HandleService::twitter;
    if (key == "$facebook") return HandleService::facebook;
    return HandleService::instagram;
  }

  std::string_view currency_;
  const DefinitionIdMaker& make_id_;
  SystemSchema schema_;
};

// clang-format off: tables, a row each
void build_account(Builder& build) {
  ObjectType& type = build.object(types::account, "account", "accounts", "Account", "acc", true);
  build.fields(type, {
    {1, "$name", "Name", text, required_field},
    {2, "$website", "Website", url, {.unique = true, .multiple = true}},
    {3, "$linkedIn", "LinkedIn", social_handle},
    {4, "$twitter", "Twitter", social_handle},
    {5, "$facebook", "Facebook", social_handle},
    {6, "$instagram", "Instagram", social_handle},
    {7, "$industry", "Industry", multi_select, plain,
     {"Technology", "SaaS", "Financial Services", "Healthcare", "Manufacturing", "Retail", "Education", "Energy", "Media", "Real Estate",
      "Professional Services", "Transportation", "Government", "Non-profit", "Other"}},
    {8, "$headcount", "Headcount", single_select, plain, {"1-10", "11-50", "51-200", "201-500", "501-1000", "1001-5000", "5001-10000", "10001+"}},
    {9, "$revenue", "Revenue", single_select, plain, {"<$1M", "$1M-$10M", "$10M-$50M", "$50M-$100M", "$100M-$500M", "$500M-$1B", "$1B+"}},
    {10, "$lastFundingType", "Last funding", single_select, plain,
     {"Pre-seed", "Seed", "Series A", "Series B", "Series C", "Series D", "Series E", "Growth", "IPO", "Acquired", "Bootstrapped"}},
    {11, "$primaryAddress", "Location", address},
    {12, "$howTheyMakeMoney", "About their business", markdown, computed},
    {13, "$accountStatus", "Account summary", markdown, computed},
    {14, "$notes", "Memo", markdown},
    {15, "$lastInteractionAt", "Last interaction", datetime, derived},
    {16, "$nextInteractionAt", "Next interaction", datetime, derived},
  });
}

void build_contact(Builder& build) {
  ObjectType& type = build.object(types::contact, "contact", "contacts", "Contact", "con", true);
  build.fields(type, {
    {1, "$name", "Name", full_name},
    {2, "$email", "Email addresses", email, {.unique = true, .multiple = true}},
    {3, "$phone", "Phone numbers", telephone, {.multiple = true}},
    {4, "$title", "Job title", text},
    {5, "$department", "Department", text},
    {6, "$linkedIn", "LinkedIn", social_handle},
    {7, "$twitter", "Twitter", social_handle},
    {8, "$facebook", "Facebook", social_handle},
    {9, "$instagram", "Instagram", social_handle},
    {10, "$profilePhotoUrl", "Photo", url},
    {11, "$notes", "Memo", markdown},
    {12, "$doNotContact", "Do not contact", checkbox},
    {13, "$contactStatus", "Contact summary", markdown, computed},
    {14, "$lastInteractionAt", "Last interaction", datetime, derived},
    {15, "$nextInteractionAt", "Next interaction", datetime, derived},
  });
}

void build_opportunity(Builder& build) {
  ObjectType& type = build.object(types::opportunity, "opportunity", "opportunities", "Opportunity", "opp", true);
  build.fields(type, {
    {1, "$name", "Name", text, required_field},
    {2, "$stage", "Stage", single_select, plain, {"Lead", "Qualification", "Demo", "Trial", "Proposal", "Won", "Lost"},
     "What stage is the opportunity in?"},
    {3, "$amount", "Amount", currency},
    {4, "$closeDate", "Close date", datetime},
    {5, "$nextStep", "Next step", text},
    {6, "$closeReason", "Close reason", text},
    {7, "$opportunityStatus", "Opportunity summary", markdown, computed},
    {8, "$lastInteractionAt", "Last interaction", datetime, derived},
    {9, "$nextInteractionAt", "Next interaction", datetime, derived},
  });
  for (SelectOption& option : type.fields[1].options) {
    const bool done = option.label == "Won" || option.label == "Lost";
    option.description = done ? "Done" : "In progress";
  }
}

void build_task(Builder& build) {
  ObjectType& type = build.object(types::task, "task", "tasks", "Task", "tsk", false);
  build.fields(type, {
    {1, "$title", "Title", text, required_field},
    {2, "$status", "Status", single_select, required_field, {"To do", "In progress", "Complete", "Cancelled"}},
    {3, "$description", "Description", markdown},
    {4, "$dueAt", "Due date", datetime},
  });
  // The ids of a task's statuses are the contract's constants.
  constexpr std::string_view constants[] = {"TODO", "IN_PROGRESS", "COMPLETE", "CANCELLED"};
  for (std::size_t i = 0; i < 4; ++i) type.fields[1].options[i].id = constants[i];
}

void build_note_meeting_email(Builder& build) {
  build.fields(build.object(types::note, "note", "notes", "Note", "nte", false), {
    {1, "$title", "Title", text, required_field},
    {2, "$content", "Content", markdown},
  });
  build.fields(build.object(types::meeting, "meeting", "meetings", "Meeting", "mtg", false), {
    {1, "$title", "Title", text, {.required = true, .create_only = true}},
    {2, "$startDate", "Start", datetime, {.required = true, .create_only = true}},
    {3, "$endDate", "End", datetime, {.required = true, .create_only = true}},
    {4, "$description", "Description", text, {.create_only = true}},
    {5, "$meetingUrl", "Meeting link", url, {.create_only = true}},
    {6, "$organizerEmail", "Organiser", email, {.create_only = true}},
    {7, "$attendeeEmails", "Attendees", email, {.multiple = true}},
    {8, "$privacySetting", "Privacy", text},
    {9, "$meetingPrep", "Preparation", markdown},
    {10, "$postMeetingSummary", "Summary", markdown},
    {11, "$manuallyAddedAttendeeEmails", "Attendees added by hand", email, {.read_only = true, .multiple = true}},
    {12, "$manuallyRemovedAttendeeEmails", "Attendees removed by hand", email, {.read_only = true, .multiple = true}},
  });
  build.fields(build.object(types::email, "email", "emails", "Email", "eml", false), {
    {1, "$subject", "Subject", text, computed},
    {2, "$sentAt", "Sent", datetime, computed},
    {3, "$from", "From", email, {.read_only = true, .multiple = true}},
    {4, "$to", "To", email, {.read_only = true, .multiple = true}},
    {5, "$cc", "Cc", email, {.read_only = true, .multiple = true}},
    {6, "$bcc", "Bcc", email, {.read_only = true, .multiple = true}},
    {7, "$privacySetting", "Privacy", text, computed},
    {8, "$body", "Body", html, computed},
  });
}

void build_list_member_file(Builder& build) {
  build.fields(build.object(types::list, "list", "lists", "List", "lst", false), {
    {fields::list_name, "$name", "Name", text, required_field},
    {fields::list_object_type, "$objectType", "Object type", text, {.required = true, .create_only = true}},
    {fields::list_description, "$description", "Description", text},
    {fields::list_kind, "$kind", "Kind", text, {.unique = true}},
  });
  build.fields(build.object(types::member, "member", "members", "Member", "mem", false), {
    {fields::member_email, "$email", "Email address", email, {.required = true, .unique = true}},
    {fields::member_name, "$name", "Name", full_name},
    {fields::member_profile_image, "$profileImage", "Photo", url},
    {fields::member_role, "$role", "Role", text, required_field},
    {fields::member_user, "$user", "User", text, {.read_only = true, .history = false}},
  });
  build.object(types::file, "file", "files", "File", "fil", false);
}

constexpr Cardinality one = Cardinality::has_one;
constexpr Cardinality many = Cardinality::has_many;

LinkTypeEnd writable(TypeNumber type, std::string key, std::string label, Cardinality cardinality) { return {type, std::move(key), std::move(label), cardinality}; }
LinkTypeEnd required_end(TypeNumber type, std::string key, std::string label, Cardinality cardinality) {
  return {.type = type, .key = std::move(key), .label = std::move(label), .cardinality = cardinality, .required = true};
}
LinkTypeEnd set_at_creation(TypeNumber type, std::string key, std::string label) {
  return {.type = type, .key = std::move(key), .label = std::move(label), .cardinality = one, .create_only = true};
}
LinkTypeEnd shown(TypeNumber type, std::string key, std::string label, Cardinality cardinality = many) {
  return {.type = type, .key = std::move(key), .label = std::move(label), .cardinality = cardinality, .read_only = true};
}
/// An end that shows on no record.
LinkTypeEnd hidden(TypeNumber type) { return {.type = type, .key = {}, .label = {}, .cardinality = many, .read_only = true}; }

void build_links(Builder& build) {
  using namespace types;
  build.link(links::opportunity_account, required_end(opportunity, "$account", "Account", one), shown(account, "$opportunity", "Opportunities"));
  build.link(links::opportunity_owner, writable(opportunity, "$owner", "Owner", one), hidden(member));
  build.link(links::opportunity_created_by, set_at_creation(opportunity, "$createdBy", "Created by"), hidden(member));
  build.link(links::opportunity_champion, writable(opportunity, "$champion", "Champion", many), shown(contact, "$opportunity", "Opportunities"));
  build.link(links::opportunity_evaluator, writable(opportunity, "$evaluator", "Evaluator", many), shown(contact, "$opportunity", "Opportunities"));
  build.link(links::account_contact, writable(account, "$contact", "Contacts", many), writable(contact, "$account", "Accounts", many));
  build.link(links::account_owner, writable(account, "$owner", "Owner", one), hidden(member));
  build.link(links::contact_owner, writable(contact, "$owner", "Owner", one), hidden(member));
  build.link(links::task_assigned_to, required_end(task, "$assignedTo", "Assigned to", one), hidden(member));
  build.link(links::task_created_by, set_at_creation(task, "$createdBy", "Created by"), hidden(member));
  build.link(links::task_account, writable(task, "$account", "Account", one), shown(account, "$task", "Tasks"));
  build.link(links::task_opportunity, writable(task, "$opportunity", "Opportunity", one), shown(opportunity, "$task", "Tasks"));
  build.link(links::note_account, writable(note, "$account", "Accounts", many), shown(account, "$note", "Notes"));
  build.link(links::note_opportunity, writable(note, "$opportunity", "Opportunities", many), shown(opportunity, "$note", "Notes"));
  build.link(links::note_contact, writable(note, "$contact", "Contacts", many), shown(contact, "$note", "Notes"));
  build.link(links::note_meeting, writable(note, "$meeting", "Meetings", many), shown(meeting, "$note", "Notes"));
  build.link(links::note_created_by, shown(note, "$createdBy", "Created by", one), hidden(member));
  build.link(links::note_task, shown(note, "$task", "Tasks"), shown(task, "$note", "Notes"));
  build.link(19, hidden(task), shown(contact, "$task", "Tasks"));
  build.link(20, shown(meeting, "$account", "Accounts"), shown(account, "$meeting", "Meetings"));
  build.link(21, shown(meeting, "$contact", "Contacts"), shown(contact, "$meeting", "Meetings"));
  build.link(22, shown(meeting, "$opportunity", "Opportunities"), shown(opportunity, "$meeting", "Meetings"));
  build.link(23, shown(meeting, "$task", "Tasks"), hidden(task));
  build.link(24, writable(meeting, "$transcript", "Transcript", one), hidden(file));
  build.link(25, shown(meeting, "$transcripts", "Transcripts"), hidden(file));
  build.link(30, shown(types::email, "$account", "Accounts"), shown(account, "$email", "Emails"));
  build.link(31, shown(types::email, "$contact", "Contacts"), shown(contact, "$email", "Emails"));
  build.link(32, hidden(types::email), shown(opportunity, "$email", "Emails"));
  build.link(33, shown(types::email, "$attachment", "Attachments"), hidden(file));
  build.link(links::list_accounts, writable(list, "$accounts", "Accounts", many), hidden(account));
  build.link(links::list_contacts, writable(list, "$contacts", "Contacts", many), hidden(contact));
  build.link(links::list_opportunities, writable(list, "$opportunities", "Opportunities", many), hidden(opportunity));
}
// clang-format on

}  // namespace

SystemSchema system_schema(std::string_view currency, const DefinitionIdMaker& make_id) {
  Builder build(currency, make_id);
  build_account(build);
  build_contact(build);
  build_opportunity(build);
  build_task(build);
  build_note_meeting_email(build);
  build_list_member_file(build);
  build_links(build);
  return build.take();
}

}  // namespace plenoptic::model
