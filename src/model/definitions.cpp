#include "model/definitions.h"

#include <algorithm>
#include <stdexcept>

#include "base/json.h"
#include "model/value_types.h"

namespace plenoptic::model {
namespace {

/// Labels compare folded, with outer white space gone and inner runs collapsed.

template <typename Range, typename Test>
auto find_pointer(Range& range, Test test) -> decltype(&*range.begin()) {
  auto found = std::find_if(range.begin(), range.end(), test);
  return found == range.end() ? nullptr : &*found;
}

void index_keys(ObjectType& type) {
  type.field_by_key.clear();
  type.field_by_number.clear();
  type.relationship_by_key.clear();
  for (std::size_t i = 0; i < type.fields.size(); ++i) {
    const FieldDefinition& field = type.fields[i];
    type.field_by_key.emplace(field.key, i);
    if (type.field_by_number.size() <= field.number) type.field_by_number.resize(field.number + 1, -1);
    type.field_by_number[field.number] = static_cast<std::int32_t>(i);
    type.fields[i].names_companies = type.number == types::account;
  }
  for (std::size_t i = 0; i < type.relationships.size(); ++i) type.relationship_by_key.emplace(type.relationships[i].key, i);
}

std::string quoted(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

/// Select options come first, since they are longest and stand in some answers only.
std::string wire_text_of(const ObjectType& type) {
  constexpr std::size_t most_options = 64;
  std::string text;
  for (const FieldDefinition& field : type.fields)
    for (std::size_t i = 0; i < std::min(field.options.size(), most_options); ++i) text += quoted(field.options[i].id);
  text += "{\"id\":\"" + type.prefix + "_c\",\"createdAt\":\"2026-01-01T00:00:00.000Z\",\"updatedAt\":\"2026-01-01T00:00:00.000Z\",\"httpLink\":\"https:///crm/" + type.slug + "/" +
          type.prefix + "_c\",\"externalId\":null,\"fields\":{";
  for (const FieldDefinition& field : type.fields) text += (text.back() == '{' ? "" : ",") + field.wire_head + "null" + field.wire_tail;
  text += "},\"relationships\":{";
  for (const RelationshipDefinition& relationship : type.relationships) text += (text.back() == '{' ? "" : ",") + relationship.wire_head + "[]}";
  return text + "}}";
}

void write_heads(ObjectType& type, const Schema& schema) {
  for (FieldDefinition& field : type.fields) {
    field.wire_head = quoted(field.key) + ":{\"value\":";
    field.wire_tail = ",\"valueType\":\"" + std::string(value_type_row(field.type).name) + "\"}";
  }
  for (RelationshipDefinition& relationship : type.relationships) {
    const std::string_view cardinality = relationship.cardinality == Cardinality::has_one ? "has_one" : "has_many";
    relationship.wire_head =
        quoted(relationship.key) + ":{\"cardinality\":\"" + std::string(cardinality) + "\",\"objectType\":" + quoted(schema.type(relationship.far_type).slug) + ",\"values\":";
  }
  type.wire_text = wire_text_of(type);
}

/// The pair slug is named after the end that owns the link (its source), the same from both ends.
std::string pair_slug(const ObjectType& source, const ObjectType& destination) { return "$" + source.slug + "-" + destination.slug; }

RelationshipDefinition view_of(const LinkType& link, Side side, std::string slug) {
  const LinkTypeEnd& near = link.end(side);
  const LinkTypeEnd& far = link.end(other_side(side));
  RelationshipDefinition view;
  view.id = link.id;
  view.key = near.key;
  view.slug = std::move(slug);
  view.label = near.label;
  view.description = link.description;
  view.far_type = far.type;
  view.cardinality = near.cardinality;
  view.system = link.system;
  view.required = near.required;
  view.read_only = near.read_only;
  view.create_only = near.create_only;
  view.links.push_back({link.number, side});
  return view;
}

/// Two link types under one key show as one relationship, the union of both.
void widen(RelationshipDefinition& view, LinkView link) {
  view.links.push_back(link);
  view.cardinality = Cardinality::has_many;
}

}  // namespace

const SelectOption* FieldDefinition::find_option(OptionNumber wanted) const {
  return find_pointer(options, [&](const SelectOption& option) { return option.number == wanted; });
}

const SelectOption* FieldDefinition::find_option_by_id(std::string_view wanted) const {
  return find_pointer(options, [&](const SelectOption& option) { return option.id == wanted; });
}

void SelectOption::set_label(std::string text) {
  folded_label = fold_label(text);
  label = std::move(text);
}

const SelectOption* FieldDefinition::find_option_by_label(std::string_view wanted) const {
  constexpr std::size_t longest_wanted = 4096;  // bytes; a label has 200 characters at most
  if (wanted.size() > longest_wanted) return nullptr;
  const std::string form = fold_label(wanted);
  const auto matches = [&](const SelectOption& option) { return option.folded_label == form; };
  const SelectOption* writable = find_pointer(options, [&](const SelectOption& option) { return !option.retired && matches(option); });
  return writable ? writable : find_pointer(options, matches);
}

const FieldDefinition* ObjectType::find_field(std::string_view key) const {
  auto found = field_by_key.find(std::string(key));
  return found == field_by_key.end() ? nullptr : &fields[found->second];
}

const FieldDefinition* ObjectType::find_field(FieldNumber number) const {
  if (number >= field_by_number.size() || field_by_number[number] < 0) return nullptr;
  return &fields[static_cast<std::size_t>(field_by_number[number])];
}

const FieldDefinition& ObjectType::field(std::string_view key) const {
  if (const FieldDefinition* found = find_field(key)) return *found;
  throw std::logic_error("no field " + std::string(key) + " of " + slug);
}

const RelationshipDefinition* ObjectType::find_relationship(std::string_view key) const {
  auto found = relationship_by_key.find(std::string(key));
  return found == relationship_by_key.end() ? nullptr : &relationships[found->second];
}

const RelationshipFilterKey* ObjectType::find_relationship_filter(std::string_view key) const {
  return find_pointer(relationship_filters, [&](const RelationshipFilterKey& filter) { return filter.key == key; });
}

Schema::Schema(std::uint64_t version, std::vector<ObjectType> object_types, std::vector<LinkType> link_types)
    : version_(version), object_types_(std::move(object_types)), link_types_(std::move(link_types)) {
  std::sort(link_types_.begin(), link_types_.end(), [](const LinkType& a, const LinkType& b) { return a.number < b.number; });
  derive_relationships();
  for (ObjectType& type : object_types_) index_keys(type);
  derive_filter_keys();
  for (ObjectType& type : object_types_) write_heads(type, *this);
}

void Schema::derive_relationships() {
  for (ObjectType& type : object_types_) {
    type.relationships.clear();
    const auto show = [&](const LinkType& link, Side side) {
      const LinkTypeEnd& near = link.end(side);
      if (near.type != type.number || near.key.empty()) return;
      auto* shown = find_pointer(type.relationships, [&](const RelationshipDefinition& view) { return view.key == near.key; });
      if (shown) return widen(*shown, {link.number, side});
      const std::string slug = link.system ? pair_slug(this->type(link.ends[0].type), this->type(link.ends[1].type)) : near.key;
      type.relationships.push_back(view_of(link, side, slug));
    };
    for (const LinkType& link : link_types_) {
      show(link, Side::source);
      if (!link.self_referential() || link.ends[0].key != link.ends[1].key) {
        show(link, Side::destination);
        continue;
      }
      // One key for both roles: values merge, roles stand under `directions`.
      if (auto* view = find_pointer(type.relationships, [&](const RelationshipDefinition& shown) { return link.ends[0].type == type.number && shown.key == link.ends[0].key; })) {
        view->links.push_back({link.number, Side::destination});
        view->self_referential = true;
        // Values of both roles: one at each end can make two.
        view->cardinality = Cardinality::has_many;
      }
    }
  }
}

void Schema::derive_filter_keys() {
  for (ObjectType& type : object_types_) {
    auto& filters = type.relationship_filters;
    filters.clear();
    const auto add = [&](const std::string& key, TypeNumber far, LinkView link) {
      auto* filter = find_pointer(filters, [&](const RelationshipFilterKey& known) { return known.key == key; });
      if (!filter) filter = &filters.emplace_back(RelationshipFilterKey{.key = key, .far_type = far, .links = {}});
      filter->shown &= !link_type(link.link_type).end(link.side).key.empty();
      if (std::find(filter->links.begin(), filter->links.end(), link) == filter->links.end()) filter->links.push_back(link);
    };
    for (const RelationshipDefinition& view : type.relationships) {
      for (LinkView link : view.links) add(view.key, view.far_type, link);
      if (!view.self_referential) continue;
      add(view.key + ":asSource", view.far_type, {view.links.front().link_type, Side::source});
      add(view.key + ":asDestination", view.far_type, {view.links.front().link_type, Side::destination});
    }
    for (const LinkType& link : link_types_) {
      const ObjectType& source = this->type(link.ends[0].type);
      const ObjectType& destination = this->type(link.ends[1].type);
      for (Side side : {Side::source, Side::destination}) {
        if (link.end(side).type != type.number) continue;
        const TypeNumber far = link.end(other_side(side)).type;
        // A custom relationship has one slug, from both ends.
        if (!link.system && !link.self_referential() && !type.find_relationship(link.ends[0].key) && !type.find_field(link.ends[0].key))
          add(link.ends[0].key, far, {link.number, side});
        if (!link.system) continue;
        add(pair_slug(source, destination), far, {link.number, side});
        add(pair_slug(destination, source), far, {link.number, side});
      }
    }
  }
}

const ObjectType* Schema::find_type(TypeNumber number) const {
  return find_pointer(object_types_, [&](const ObjectType& type) { return type.number == number; });
}

const ObjectType* Schema::find_type(std::string_view slug) const {
  return find_pointer(object_types_, [&](const ObjectType& type) { return type.slug == slug; });
}

const ObjectType* Schema::find_type_by_prefix(std::string_view prefix) const {
  return find_pointer(object_types_, [&](const ObjectType& type) { return type.prefix == prefix; });
}

const ObjectType& Schema::type(TypeNumber number) const {
  if (const ObjectType* found = find_type(number)) return *found;
  throw std::logic_error("no object type " + std::to_string(number));
}

const LinkType* Schema::find_link_type(LinkTypeNumber number) const {
  auto found = std::lower_bound(link_types_.begin(), link_types_.end(), number, [](const LinkType& link, LinkTypeNumber wanted) { return link.number < wanted; });
  return found != link_types_.end() && found->number == number ? &*found : nullptr;
}

const LinkType& Schema::link_type(LinkTypeNumber number) const {
  if (const LinkType* found = find_link_type(number)) return *found;
  throw std::logic_error("no link type " + std::to_string(number));
}

std::string public_id(const ObjectType& type, RecordId id) {
  std::string out = type.prefix;
  out += '_';
  id.append_to(out);
  return out;
}

}  // namespace plenoptic::model
