#include "services/data_model.h"

#include <algorithm>
#include <utility>

#include "model/definition_codec.h"
#include "model/errors.h"
#include "model/filter.h"
#include "model/system_schema.h"
#include "model/value_types.h"
#include "services/naming.h"

namespace plenoptic::services {
namespace {

using model::FieldDefinition;
using model::ObjectType;
using model::SelectOption;
using model::ValueType;
namespace errors = model::errors;

constexpr std::size_t most_fields = 500;
constexpr std::size_t most_options = 1000;
constexpr std::size_t most_relationships = 500;  // of a workspace

bool is_key(std::string_view text) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto allowed = [&](char c) { return letter(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !text.empty() && text.size() <= 64 && letter(text.front()) && std::all_of(text.begin(), text.end(), allowed);
}

void require_key(std::string_view key, std::string_view param) {
  if (model::is_reserved_query_key(key)) throw errors::admin_invalid("'" + std::string(key) + "' is a parameter of every list. Choose another key.", std::string(param));
  if (is_key(key)) return;
  throw errors::admin_invalid(std::string("'") + std::string(param) + "' must be 1 to 64 characters of a-z, A-Z, 0-9, '_' and '-', beginning with a lower-case letter.",
                              std::string(param));
}

bool is_select(ValueType type) { return type == ValueType::single_select || type == ValueType::multi_select; }
bool may_be_multiple(ValueType type) { return type == ValueType::email || type == ValueType::telephone || type == ValueType::url; }
bool may_be_unique(ValueType type) { return may_be_multiple(type) || type == ValueType::text || type == ValueType::number || type == ValueType::social_handle; }

/// Two options that can be chosen never share a label.
void require_free_label(const FieldDefinition& field, std::string_view label, std::string_view own_id) {
  const std::string form = model::fold_label(label);
  for (const SelectOption& known : field.options)
    if (!known.retired && known.id != own_id && known.folded_label == form)
      throw errors::admin_conflict("The field has an option '" + known.label + "' already. Choose another label.", "label");
}

void add_option(WriteContext& context, FieldDefinition& field, const std::string& label, const std::optional<std::string>& description) {
  const std::string name = checked_name(label, "label");
  if (field.options.size() >= most_options) throw errors::admin_invalid("A field has at most 1000 options.", "options");
  require_free_label(field, name, "");
  std::uint32_t number = 0;
  for (const SelectOption& option : field.options) number = std::max(number, option.number.value);
  SelectOption& option = field.options.emplace_back();
  option.number = {number + 1};
  option.id = make_definition_id(context, "opt");
  option.set_label(name);
  option.description = checked_description(description);
}

/// What belongs to some value types only.
void apply_configuration(WriteContext& context, FieldDefinition& field, const NewField& wanted, const std::string& workspace_currency) {
  const auto refuse = [&](std::string_view what, std::string_view param) {
    throw errors::admin_invalid("A field of type " + wanted.value_type + " does not take " + std::string(what) + ". Leave it out.", std::string(param));
  };
  if (!wanted.options.empty() && !is_select(field.type)) refuse("options", "options");
  if (wanted.multiple && !may_be_multiple(field.type)) refuse("multiple values", "multipleValues");
  if (wanted.unique && !may_be_unique(field.type)) refuse("'unique'", "unique");
  if (wanted.currency && field.type != ValueType::currency) refuse("a currency", "currency");
  if (wanted.handle_service && field.type != ValueType::social_handle) refuse("a handle service", "handleService");
  field.multiple = wanted.multiple;
  field.unique = wanted.unique;
  if (field.type == ValueType::currency) field.currency = wanted.currency ? checked_currency(*wanted.currency, "currency") : workspace_currency;
  if (field.type == ValueType::social_handle) {
    field.handle_service = model::find_handle_service(wanted.handle_service.value_or(""));
    if (!field.handle_service) throw errors::admin_invalid("'handleService' must be TWITTER, LINKEDIN, FACEBOOK or INSTAGRAM.", "handleService");
  }
  for (const std::string& label : wanted.options) add_option(context, field, label, std::nullopt);
}

model::Cardinality get_cardinality(const std::string& name, std::string_view param) {
  if (const auto cardinality = model::find_cardinality(name)) return *cardinality;
  throw errors::admin_invalid("'" + std::string(param) + "' must be HAS_ONE or HAS_MANY.", std::string(param));
}

model::FieldNumber first_free_number(const ObjectType& type) {
  model::FieldNumber number = model::first_custom_field;
  for (const FieldDefinition& field : type.fields) number = std::max(number, field.number + 1);
  return number;
}

bool may_hold_relationships(const ObjectType& type) { return type.custom_fields_allowed || type.number == model::types::task || type.number == model::types::note; }

}  // namespace

const ObjectType& DataModel::get_type(std::string_view slug, std::string_view param) const {
  if (const ObjectType* found = schema().find_type(slug)) return *found;
  throw errors::admin_invalid("There is no object type '" + std::string(slug) + "'. Use account, contact or opportunity.", std::string(param));
}

std::pair<const ObjectType*, FieldDefinition> DataModel::get_field(std::string_view object_type, std::string_view key_or_id) const {
  const ObjectType& type = get_type(object_type, "objectType");
  for (const FieldDefinition& field : type.fields)
    if (field.key == key_or_id || field.id == key_or_id) return {&type, field};
  throw errors::admin_not_found("field", key_or_id);
}

void DataModel::require_free_key(const ObjectType& type, std::string_view key, std::string_view param) const {
  if (type.find_field(key) || type.find_relationship(key))
    throw errors::admin_conflict("'" + std::string(key) + "' is already a field or relationship of " + type.slug + ". Choose another key.", std::string(param));
  // A custom relationship is filtered by its key from both ends. Another meaning of the key there would take its place.
  if (type.find_relationship_filter(key))
    throw errors::admin_conflict("Lists of " + type.plural + " are filtered by '" + std::string(key) + "' already, the key of a relationship that ends there. Choose another key.",
                                 std::string(param));
}

void DataModel::put_field(const ObjectType& type, const FieldDefinition& field) {
  auto object_types = schema().object_types();
  auto& fields = std::find_if(object_types.begin(), object_types.end(), [&](const ObjectType& candidate) { return candidate.number == type.number; })->fields;
  auto place = std::find_if(fields.begin(), fields.end(), [&](const FieldDefinition& candidate) { return candidate.number == field.number; });
  if (place == fields.end())
    fields.push_back(field);
  else
    *place = field;
  auto next = std::make_shared<const model::Schema>(schema().version() + 1, std::move(object_types), schema().link_types());
  store_schema(context_, workspace_, std::move(next), {stored_definition(type, field)}, sink_);
}

void DataModel::put_link_type(const model::LinkType& link) {
  auto link_types = schema().link_types();
  auto place = std::find_if(link_types.begin(), link_types.end(), [&](const model::LinkType& candidate) { return candidate.number == link.number; });
  if (place == link_types.end())
    link_types.push_back(link);
  else
    *place = link;
  auto next = std::make_shared<const model::Schema>(schema().version() + 1, schema().object_types(), std::move(link_types));
  store_schema(context_, workspace_, std::move(next), {stored_definition(link)}, sink_);
}

FieldDefinition DataModel::create_field(const NewField& wanted) {
  const ObjectType& type = get_type(wanted.object_type, "objectType");
  if (!type.custom_fields_allowed) throw errors::admin_invalid("'" + type.plural + "' take no custom fields. Use account, contact or opportunity.", "objectType");
  if (type.fields.size() >= most_fields) throw errors::admin_invalid("An object type has at most 500 fields.", "objectType");
  require_key(wanted.key, "key");
  require_free_key(type, wanted.key, "key");
  const model::ValueTypeRow* row = model::find_value_type(wanted.value_type);
  if (!row || row->type == ValueType::html) {
    std::vector<std::string> names;
    for (const auto& known : model::value_type_rows())
      if (known.type != ValueType::html) names.emplace_back(known.name);
    throw errors::admin_invalid("'valueType' must be one of " + model::listed(names) + ".", "valueType");
  }
  FieldDefinition field;
  field.number = first_free_number(type);
  field.id = make_definition_id(context_, "ad");
  field.key = wanted.key;
  field.label = checked_name(wanted.label, "label");
  field.description = checked_description(wanted.description);
  field.type = row->type;
  field.required = wanted.required;
  apply_configuration(context_, field, wanted, workspace_.currency);
  put_field(type, field);
  return field;
}

FieldDefinition DataModel::update_field(std::string_view object_type, std::string_view key, const FieldUpdate& wanted) {
  auto [type, field] = get_field(object_type, key);
  if (field.system && (wanted.unique || wanted.required))
    throw errors::admin_invalid("A system field keeps its rules; only its label and description may be changed.", wanted.unique ? "unique" : "required");
  if (wanted.label) field.label = checked_name(*wanted.label, "label");
  if (wanted.description) field.description = checked_description(*wanted.description);
  if (wanted.required) field.required = *wanted.required;
  if (wanted.unique && *wanted.unique != field.unique) {
    if (*wanted.unique && !may_be_unique(field.type)) throw errors::admin_invalid("A field of this type cannot be unique.", "unique");
    field.unique = *wanted.unique;
    if (field.unique)
      fill_unique_values(*type, field);
    else
      drop_unique_values(*type, field);
  }
  put_field(*type, field);
  return field;
}

void DataModel::fill_unique_values(const ObjectType& type, const FieldDefinition& field) {
  context_.storage.scan_records(context_.workspace, type.number, [&](const model::Record& record) {
    if (!record.live()) return;
    for (const std::string& form : model::unique_forms(field, model::decode_fields(record.fields).get(field.number))) {
      const auto holder = context_.storage.find_unique_holder(context_.workspace, type.number, field.number, form);
      if (holder && *holder != record.id)
        throw errors::admin_conflict(
            "The field cannot become unique: " + model::public_id(type, *holder) + " and " + model::public_id(type, record.id) + " hold the same value. Change one of them first.",
            "unique");
      context_.storage.put_unique(context_.workspace, type.number, field.number, form, record.id);
    }
  });
}

void DataModel::drop_unique_values(const ObjectType& type, const FieldDefinition& field) {
  context_.storage.scan_records(context_.workspace, type.number, [&](const model::Record& record) {
    if (!record.live()) return;
    for (const std::string& form : model::unique_forms(field, model::decode_fields(record.fields).get(field.number)))
      context_.storage.remove_unique(context_.workspace, type.number, field.number, form, record.id);
  });
}

SelectOption DataModel::create_option(std::string_view object_type, std::string_view key, const std::string& label, const std::optional<std::string>& description) {
  auto [type, field] = get_field(object_type, key);
  if (!is_select(field.type) || type->number == model::types::task)
    throw errors::admin_invalid("This field's options cannot be changed. Name a field of type SINGLE_SELECT or MULTI_SELECT.", "field");
  add_option(context_, field, label, description);
  const SelectOption option = field.options.back();
  put_field(*type, field);
  return option;
}

SelectOption DataModel::update_option(std::string_view object_type, std::string_view key, std::string_view option_id, const OptionUpdate& wanted) {
  auto [type, field] = get_field(object_type, key);
  if (type->number == model::types::task) throw errors::admin_invalid("A task's statuses cannot be changed.", "field");
  auto place = std::find_if(field.options.begin(), field.options.end(), [&](const SelectOption& option) { return option.id == option_id; });
  if (place == field.options.end()) throw errors::admin_not_found("option", option_id);
  const bool returns = place->retired && wanted.retired == false;
  if (wanted.label) place->set_label(checked_name(*wanted.label, "label"));
  if (wanted.label || returns) require_free_label(field, place->label, option_id);
  if (wanted.description) place->description = checked_description(*wanted.description);
  if (wanted.retired) place->retired = *wanted.retired;
  const SelectOption option = *place;
  if (wanted.position) {
    field.options.erase(place);
    field.options.insert(field.options.begin() + static_cast<std::ptrdiff_t>(std::min(*wanted.position, field.options.size())), option);
  }
  put_field(*type, field);
  return option;
}

model::LinkType DataModel::create_relationship(const NewRelationship& wanted) {
  const ObjectType& source = get_type(wanted.source, "source");
  const ObjectType& destination = get_type(wanted.destination, "target");
  if (!may_hold_relationships(source)) throw errors::admin_invalid("A custom relationship goes from account, contact, opportunity, task or note.", "source");
  if (!destination.custom_fields_allowed && destination.number != model::types::member)
    throw errors::admin_invalid("A custom relationship goes to account, contact, opportunity or member.", "target");
  const auto is_custom = [](const model::LinkType& link) { return link.number >= model::first_custom_link_type; };
  if (std::cmp_greater_equal(std::count_if(schema().link_types().begin(), schema().link_types().end(), is_custom), most_relationships))
    throw errors::admin_invalid("A workspace has at most 500 custom relationships.", "key");
  require_key(wanted.key, "key");
  for (const ObjectType* type : {&source, &destination}) require_free_key(*type, wanted.key, "key");
  const bool self = source.number == destination.number;
  if (self && wanted.inverse_key && *wanted.inverse_key != wanted.key)
    throw errors::admin_invalid("A relationship from a type to itself has one key; leave 'inverseKey' out. Its two directions have a label each.", "inverseKey");
  if (!self && wanted.inverse_key) {
    require_key(*wanted.inverse_key, "inverseKey");
    require_free_key(destination, *wanted.inverse_key, "inverseKey");
    if (destination.number == model::types::member) throw errors::admin_invalid("Members show no relationships; leave 'inverseKey' out.", "inverseKey");
  }
  model::LinkType link;
  link.number = model::first_custom_link_type;
  for (const model::LinkType& known : schema().link_types()) link.number = std::max(link.number, known.number + 1);
  link.id = make_definition_id(context_, "rd");
  link.description = checked_description(wanted.description);
  link.ends[0].type = source.number;
  link.ends[0].key = wanted.key;
  link.ends[0].label = checked_name(wanted.label, "label");
  link.ends[0].cardinality = get_cardinality(wanted.cardinality, "cardinality");
  link.ends[1].type = destination.number;
  link.ends[1].key = self ? wanted.key : wanted.inverse_key.value_or("");
  link.ends[1].label = wanted.inverse_label ? checked_name(*wanted.inverse_label, "inverseLabel") : link.ends[0].label;
  link.ends[1].cardinality = get_cardinality(wanted.inverse_cardinality, "inverseCardinality");
  put_link_type(link);
  return link;
}

model::LinkType DataModel::update_relationship(std::string_view id_or_key, const RelationshipUpdate& wanted) {
  model::LinkType link = get_relationship(id_or_key);
  if (wanted.label) link.ends[0].label = checked_name(*wanted.label, "label");
  if (wanted.inverse_label) link.ends[1].label = checked_name(*wanted.inverse_label, "inverseLabel");
  if (wanted.description) link.description = checked_description(*wanted.description);
  put_link_type(link);
  return link;
}

const model::LinkType& DataModel::get_relationship(std::string_view id_or_key) const {
  const model::LinkType* found = nullptr;
  for (const model::LinkType& link : schema().link_types()) {
    if (link.id == id_or_key) return link;
    if (link.system || link.ends[0].key != id_or_key) continue;
    if (found)
      throw errors::admin_conflict("Several relationships have the key '" + std::string(id_or_key) + "'. Name one by its id, " + found->id + " or " + link.id + ".",
                                   "relationship");
    found = &link;
  }
  if (!found) throw errors::admin_not_found("relationship", id_or_key);
  return *found;
}

}  // namespace plenoptic::services
