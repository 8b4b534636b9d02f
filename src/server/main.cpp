#include <iostream>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "server/admin_session.h"
#include "server/app.h"
#include "server/run.h"

int main(int argc, char** argv) {
  CLI::App root{"Plenoptic: a CRM server that speaks the Lightfield API. One binary, one data directory."};
  root.require_subcommand(1);
  root.set_version_flag("--version", plenoptic::server::version);
  root.failure_message(CLI::FailureMessage::help);
  int exit_code = 0;
  plenoptic::server::add_server_commands(root, exit_code);
  plenoptic::cli::add_commands(root, plenoptic::server::connect, exit_code);
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
