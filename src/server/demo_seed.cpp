#include "server/demo_seed.h"

namespace plenoptic::server {

void seed_demo(App&, model::WorkspaceId) {}

}  // namespace plenoptic::server
