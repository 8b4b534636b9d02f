// The demo workspace: a believable small company's pipeline, the same at every start.
#pragma once

#include "server/app.h"

namespace plenoptic::server {

/// Fills an empty workspace through the same services as requests use.
void seed_demo(App& app, model::WorkspaceId workspace);

}  // namespace plenoptic::server
