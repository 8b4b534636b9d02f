#include "services/lists.h"

#include "api/envelope.h"
#include "api/handlers/handlers.h"

namespace plenoptic::api::handlers {

Answer create_list(Call& call) { return record_answer(call, call.type(), services::create_list(*call.write, call.body.at("fields"), call.body.at("relationships"))); }

Answer update_list(Call& call) {
  const auto write = asked_write(call, services::WriteMode::update);
  return record_answer(call, call.type(), services::update_list(*call.write, path_record_id(call, call.type()), write));
}

/// The row's type is what the list must hold.
Answer list_members(Call& call) {
  const model::ObjectType& lists = call.schema().type(model::types::list);
  const model::ObjectType& type = call.type();
  const model::RecordId id = path_record_id(call, lists, "listId");
  const auto content = services::list_content(services::get_live_record(call.storage(), call.workspace->id, lists, id));
  if (content.type != type.number) throw model::errors::list_holds_other_type(call.schema().type(content.type).plural);
  return answer_list(call, type, model::RelationshipPredicate{.links = {{content.link_type, model::Side::destination}}, .far_type = lists.number, .negated = false, .target = id});
}

}  // namespace plenoptic::api::handlers
