// The administration commands: clients of the HTTP admin operations, one row each.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "plenoptic/sdk/client.h"

namespace plenoptic::cli {

/// Which server a command speaks to: a data directory (its running server, or one for the command's own length), or a URL.
struct Target {
  std::string data;
  std::string url;
  std::string admin_key;
  bool may_make_data = false;  // else the directory must hold data already
};

/// A connection for one command. What it needs to stay alive goes with it.
class Session {
 public:
  virtual ~Session() = default;
  virtual const sdk::Client& client() const = 0;
};
using Connect = std::function<std::unique_ptr<Session>(const Target&)>;

/// Adds the commands to `root`. Each runs in its callback, prints to standard output, and sets `exit_code`; what goes
/// wrong is printed to standard error with the next step.
void add_commands(CLI::App& root, const Connect& connect, int& exit_code);

}  // namespace plenoptic::cli
