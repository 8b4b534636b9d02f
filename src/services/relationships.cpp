#include "services/relationships.h"

#include <algorithm>
#include <map>
#include <utility>

#include "model/errors.h"

namespace plenoptic::services {
namespace {

using base::Json;
using model::Cardinality;
using model::LinkChange;
using model::LinkView;
using model::ObjectType;
using model::RecordId;
using model::RelationshipDefinition;
using model::Schema;
using model::Side;
namespace errors = model::errors;

constexpr std::size_t link_limit = 25;

bool contains(const std::vector<RecordId>& ids, RecordId id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

/// Reads ids of one key after another, and counts them all against the request's limit; of those past it each key keeps one.
class IdReader {
 public:
  IdReader(const Schema& schema) : schema_(schema) {}

  std::vector<RecordId> read(const RelationshipDefinition& relationship, const Json& input) {
    std::vector<RecordId> ids;
    if (input.is_string()) {
      take(relationship, input, ids);
    } else if (input.is_array()) {
      for (const Json& item : input.items()) take(relationship, item, ids);
    } else {
      throw errors::relationship_shape(relationship.key);
    }
    return ids;
  }

  void check_limit() const {
    if (count_ > link_limit) throw errors::relationship_write_limit("reference record ids,");
  }

 private:
  void take(const RelationshipDefinition& relationship, const Json& item, std::vector<RecordId>& ids) {
    if (!item.is_string()) throw errors::relationship_shape(relationship.key);
    const ObjectType& far = schema_.type(relationship.far_type);
    const auto id = parse_public_id(far, item.string());
    if (!id) throw errors::relationship_entity_missing(relationship.key, item.string(), far);
    if ((++count_ <= link_limit || ids.empty()) && !contains(ids, *id)) ids.push_back(*id);
  }

  const Schema& schema_;
  std::size_t count_ = 0;
};

void check_writable(const ObjectType& type, const RelationshipDefinition& relationship, WriteMode mode) {
  if (relationship.read_only) throw errors::read_only_relationship(type, relationship);
  if (relationship.create_only && mode == WriteMode::update) throw errors::create_only_relationship(type, relationship);
}

RelationshipOperation parse_for_create(const ObjectType& type, const RelationshipDefinition& relationship, const Json& input, IdReader& ids) {
  RelationshipOperation operation{.relationship = &relationship, .add = {}, .remove = {}, .replace = {}};
  if (!(input.is_null() && relationship.required)) operation.add = ids.read(relationship, input);
  if (relationship.required && operation.add.empty()) throw errors::required_relationship_cleared(type, relationship.key);
  return operation;
}

RelationshipOperation parse_for_update(const ObjectType& type, const RelationshipDefinition& relationship, const Json& input, IdReader& ids) {
  if (!input.is_object()) throw errors::relationship_no_operation(relationship.key);
  RelationshipOperation operation{.relationship = &relationship, .add = {}, .remove = {}, .replace = {}};
  for (const auto& [name, value] : input.members())
    if (name != "add" && name != "remove" && name != "replace") throw errors::relationship_operation_unknown(relationship.key, name);
  const Json* replace = input.find("replace");
  if (input.members().empty() || (replace && input.members().size() > 1)) throw errors::relationship_operations_mixed(relationship.key);
  if (replace) {
    if (!takes_replace(type)) throw errors::relationship_replace_refused(relationship.key);
    operation.replace = replace->is_null() ? std::vector<RecordId>{} : ids.read(relationship, *replace);
    return operation;
  }
  if (const Json* add = input.find("add")) operation.add = ids.read(relationship, *add);
  if (const Json* remove = input.find("remove")) operation.remove = ids.read(relationship, *remove);
  return operation;
}

void refuse_id_in_both(const ObjectType& far, const RelationshipOperation& operation) {
  for (RecordId id : operation.add)
    if (contains(operation.remove, id)) throw errors::relationship_id_in_both(operation.relationship->key, model::public_id(far, id));
}

/// Applies one request's operations to one record's links, counting the changes.
class LinkWriter {
 public:
  LinkWriter(WriteContext& context, const ObjectType& type, RecordId record) : context_(context), type_(type), record_(record) {}

  void apply(const RelationshipOperation& operation) {
    const RelationshipDefinition& relationship = *operation.relationship;
    check_far_records(relationship, operation.add);
    check_far_records(relationship, operation.remove);
    if (operation.replace) check_far_records(relationship, *operation.replace);

    const LinkView view = relationship.links.front();
    const model::LinkType& link_type = context_.schema->link_type(view.link_type);
    const bool single = link_type.end(view.side).cardinality == Cardinality::has_one;
    const std::vector<RecordId>& wanted = operation.replace ? *operation.replace : operation.add;
    if (single && wanted.size() > 1) throw errors::relationship_has_one(relationship.key);

    const std::vector<model::Link> links = context_.storage.links(context_.workspace, link_type, view.side, record_);
    const std::vector<RecordId> current = live_ends(links);
    bool cleared = operation.replace && wanted.empty();
    for (RecordId id : operation.remove) {
      cleared |= contains(current, id);
      remove(relationship, id);
    }
    if (operation.replace || (single && !wanted.empty())) unlink_others(view, record_, links, wanted);
    for (RecordId id : wanted)
      if (!contains(current, id)) add(link_type, view, id);
    if (relationship.required && cleared && wanted.empty() && live_targets(link_type, view.side, record_).empty())
      throw errors::required_relationship_cleared(type_, relationship.key);
  }

  std::vector<LinkChange> take() { return std::move(changes_); }

 private:
  void check_far_records(const RelationshipDefinition& relationship, const std::vector<RecordId>& ids) {
    const ObjectType& far = context_.schema->type(relationship.far_type);
    for (RecordId id : ids) {
      const auto live = context_.storage.is_live(context_.workspace, relationship.far_type, id);
      if (!live) throw errors::relationship_entity_missing(relationship.key, model::public_id(far, id), far);
      if (!*live) throw errors::relationship_entity_inactive(relationship.key, model::public_id(far, id));
      if (id == record_) throw errors::relationship_to_itself(relationship.key);
    }
  }

  static std::vector<RecordId> live_ends(const std::vector<model::Link>& links) {
    std::vector<RecordId> ids;
    for (const model::Link& link : links)
      if (link.other_live) ids.push_back(link.other);
    return ids;
  }

  std::vector<RecordId> live_targets(const model::LinkType& type, Side side, RecordId record) { return live_ends(context_.storage.links(context_.workspace, type, side, record)); }

  /// Links to trashed records go too: a restore shall not bring back what was replaced.
  void unlink_others(LinkView view, RecordId near, const std::vector<model::Link>& links, const std::vector<RecordId>& wanted) {
    for (const model::Link& link : links)
      if (!contains(wanted, link.other)) record(view, near, link.other, false, link.other_live);
  }

  /// In a relationship from a type to itself, whichever direction the link has.
  void remove(const RelationshipDefinition& relationship, RecordId id) {
    for (LinkView view : relationship.links) unlink(view, record_, id);
  }

  void add(const model::LinkType& link_type, LinkView view, RecordId id) {
    const Side far_side = model::other_side(view.side);
    if (link_type.end(far_side).cardinality == Cardinality::has_one)
      unlink_others({view.link_type, far_side}, id, context_.storage.links(context_.workspace, link_type, far_side, id), {record_});
    record(view, record_, id, true);
  }

  void unlink(LinkView view, RecordId near, RecordId far) { record(view, near, far, false); }

  /// `counts`: links that nobody sees do not, since a write shall not be refused for more than its writer can know of.
  void record(LinkView view, RecordId near, RecordId far, bool added, bool counts = true) {
    const bool near_is_source = view.side == Side::source;
    LinkChange change{view.link_type, near_is_source ? near : far, near_is_source ? far : near, added};
    const model::LinkType& type = context_.schema->link_type(view.link_type);
    const bool changed = added ? context_.storage.add_link(context_.workspace, type, change.source, change.destination)
                               : context_.storage.remove_link(context_.workspace, type, change.source, change.destination);
    if (!changed) return;
    changes_.push_back(change);
    if (counts && ++counted_ > link_limit) throw errors::relationship_write_limit("make link changes,");
  }

  WriteContext& context_;
  const ObjectType& type_;
  RecordId record_;
  std::vector<LinkChange> changes_;
  std::size_t counted_ = 0;  // of them
};

}  // namespace

std::optional<RecordId> parse_public_id(const ObjectType& type, std::string_view text) {
  if (!text.starts_with(type.prefix) || text.size() <= type.prefix.size() || text[type.prefix.size()] != '_') return std::nullopt;
  return RecordId::parse(text.substr(type.prefix.size() + 1));
}

bool takes_replace(const ObjectType& type) { return type.number != model::types::note && type.number != model::types::list; }

std::vector<RelationshipOperation> parse_relationships(const Schema& schema, const ObjectType& type, const Json& body, WriteMode mode, Refusal& refusal) {
  std::vector<RelationshipOperation> operations;
  IdReader ids(schema);
  for (const auto& [key, input] : body.members()) {
    const RelationshipDefinition* relationship = type.find_relationship(key);
    if (!relationship) throw errors::unknown_relationship(type, key);
    check_writable(type, *relationship, mode);
    refusal.keep([&] {
      operations.push_back(mode == WriteMode::create ? parse_for_create(type, *relationship, input, ids) : parse_for_update(type, *relationship, input, ids));
      refuse_id_in_both(schema.type(relationship->far_type), operations.back());
    });
  }
  refusal.keep([&] { ids.check_limit(); });
  return operations;
}

std::vector<LinkChange> apply_relationships(WriteContext& context, const ObjectType& type, RecordId record, const std::vector<RelationshipOperation>& operations) {
  LinkWriter writer(context, type, record);
  for (const RelationshipOperation& operation : operations) writer.apply(operation);
  return writer.take();
}

std::vector<LinkChange> drop_taken_links(WriteContext& context, RecordId record) {
  std::vector<LinkChange> dropped;
  const std::vector<model::Link> links = context.storage.links(context.workspace, record);
  std::map<std::pair<model::LinkTypeNumber, Side>, std::size_t> live_of_own;
  for (const model::Link& link : links) live_of_own[{link.type, link.side}] += link.other_live ? 1 : 0;
  const auto live_count = [&](const model::LinkType& link_type, Side side, RecordId holder) {
    const auto others = context.storage.links(context.workspace, link_type, side, holder);
    return std::count_if(others.begin(), others.end(), [](const model::Link& link) { return link.other_live; });
  };
  for (const model::Link& link : links) {
    const model::LinkType* link_type = context.schema->find_link_type(link.type);
    if (!link_type || !link.other_live) continue;
    const Side far_side = model::other_side(link.side);
    // The restored record counts as live already: a HAS_ONE end with two live links was taken meanwhile.
    const bool far_taken = link_type->end(far_side).cardinality == Cardinality::has_one && live_count(*link_type, far_side, link.other) > 1;
    const bool near_taken = link_type->end(link.side).cardinality == Cardinality::has_one && live_of_own[{link.type, link.side}] > 1;
    if (!far_taken && !near_taken) continue;
    const bool source = link.side == Side::source;
    LinkChange change{link.type, source ? record : link.other, source ? link.other : record, false};
    context.storage.remove_link(context.workspace, *link_type, change.source, change.destination);
    --live_of_own[{link.type, link.side}];
    dropped.push_back(change);
  }
  return dropped;
}

}  // namespace plenoptic::services
