// The demo workspace: a believable small company's pipeline, the same at every start.
#pragma once

#include <string>

#include "server/app.h"

namespace plenoptic::server {

/// Adds the demo's fields and relationships, those that are not there yet.
void define_demo(App& app, model::WorkspaceId workspace);
/// Makes its records, through the same services as requests use, in a workspace that has its fields. Returns the id of an opportunity to try things on.
std::string make_demo_records(services::WriteContext& context);

}  // namespace plenoptic::server
