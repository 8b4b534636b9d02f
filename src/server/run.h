// The commands that run a server: `serve` and `dev`, and those that look at a data directory.
#pragma once

#include <CLI/CLI.hpp>

namespace plenoptic::server {

/// Adds the commands to `root`; each runs in its callback and sets `exit_code`.
void add_server_commands(CLI::App& root, int& exit_code);

}  // namespace plenoptic::server
