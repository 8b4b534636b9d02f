// The demo workspace: a believable small company's pipeline, the same at every start.
#pragma once

#include <string>

#include "server/app.h"

namespace plenoptic::server {

/// Fills a workspace without records, which may have some of the demo's fields already, through the same services as requests use. Returns the id of an opportunity to try things on.
std::string seed_demo(App& app, model::WorkspaceId workspace);

}  // namespace plenoptic::server
