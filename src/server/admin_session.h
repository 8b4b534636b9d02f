// How an administration command reaches its server: a running one through its socket, or one for the command's own length.
#pragma once

#include "cli/commands.h"

namespace plenoptic::server {

/// Throws std::runtime_error with the next step.
std::unique_ptr<cli::Session> connect(const cli::Target& target);

}  // namespace plenoptic::server
