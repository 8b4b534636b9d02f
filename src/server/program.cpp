#include "server/program.h"

#include <iostream>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "server/admin_session.h"
#include "server/app.h"
#include "server/run.h"

namespace plenoptic::server {

namespace {

/// What was typed where a command was expected, and the commands there are; else what is wrong, and the command's help.
std::string explain(const CLI::App* app, const CLI::Error& failure) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  const std::vector<std::string> rest = app->remaining();
  const bool wants_command = app->get_require_subcommand_min() > 0 && app->get_subcommands().empty();
  if (!wants_command || rest.empty()) return CLI::FailureMessage::help(app, failure);
  std::string known;
  for (const CLI::App* command : app->get_subcommands([](const CLI::App*) { return true; })) known += (known.empty() ? "" : ", ") + command->get_name();
  const std::string of = app->get_parent() ? app->get_name() + " " : "";
  return "error: there is no command '" + of + rest.front() + "'. There are: " + known + ". See plenoptic " + of + "--help.\n";
}

}  // namespace

int run_program(int argc, char** argv) {
  CLI::App root{"Plenoptic: a CRM server that speaks the Lightfield API. One binary, one data directory."};
  root.require_subcommand(1);
  root.set_version_flag("--version", version);
  root.failure_message(explain);
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
