// Lists: curated collections of accounts, contacts or opportunities. Records of type list whose members are links.
#pragma once

#include "services/records.h"

namespace plenoptic::services {

model::Record create_list(WriteContext& context, const base::Json& fields, const base::Json& relationships);
model::Record update_list(WriteContext& context, model::RecordId id, const RecordWrite& write);

/// What a list holds: the object type, and its link type to the list.
struct ListContent {
  model::TypeNumber type = 0;
  model::LinkTypeNumber link_type = 0;
};
ListContent list_content(const model::Record& list);

}  // namespace plenoptic::services
