#include "server/program.h"

#include <iostream>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "server/admin_session.h"
#include "server/app.h"
#include "server/run.h"

namespace plenoptic::server {

int run_program(int argc, char** argv) {
  CLI::App root{"Plenoptic: a CRM server that speaks the Lightfield API. One binary, one data directory."};
  root.require_subcommand(1);
  root.set_version_flag("--version", version);
  root.failure_message(CLI::FailureMessage::help);
  int exit_code = 0;
  add_server_commands(root, exit_code);
  cli::add_commands(root, connect, exit_code);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return root.exit(failure) == 0 ? 0 : 2;
  } catch (const std::exception& failure) {
    std::cerr << "error: " << failure.what() << std::endl;
    return 1;
  }
  return exit_code;
}

}  // namespace plenoptic::server
