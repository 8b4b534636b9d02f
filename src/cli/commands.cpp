#include "cli/commands.h"

#include <cstdlib>
#include <iostream>
#include <map>

#include "base/clock.h"
#include "base/utf8.h"
#include "cli/command_table.h"
#include "cli/table.h"

namespace plenoptic::cli {
namespace {

using base::Json;

/// What the command line said, for one command.
struct Invocation {
  Target target;
  std::string workspace;
  std::string positional;
  bool json = false;
  std::map<std::string_view, std::string> texts;  // by flag
  std::map<std::string_view, bool> flags;
};

/// A number of days like `30d`, or a time as it is.
std::string as_time(const std::string& text) {
  const bool days = text.size() > 1 && text.size() < 6 && text.back() == 'd' && text.find_first_not_of("0123456789") == text.size() - 1;
  if (!days) return text;
  return base::format_timestamp(base::SystemClock().now_ms() + std::stoll(text) * 86'400'000);
}

Json as_number(const OptionRow& option, const std::string& text) {
  if (text.size() > 9 || text.find_first_not_of("0123456789") != std::string::npos)
    throw std::runtime_error(std::string(option.flag) + " takes a whole number from 0 on, not " + base::shell_word(text));
  return base::JsonNumber{text};
}

Json as_list(const std::string& text) {
  Json::Array items;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) items.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

Json body_of(const CommandRow& row, const Invocation& invocation) {
  if (row.method == "GET") return {};
  Json body = Json::object();
  for (const OptionRow& option : row.options) {
    const auto text = invocation.texts.find(option.flag);
    const auto flag = invocation.flags.find(option.flag);
    if (flag != invocation.flags.end() && flag->second) body[option.key] = option.takes == Takes::yes;
    if (text == invocation.texts.end() || text->second.empty()) continue;
    switch (option.takes) {
      case Takes::list: body[option.key] = as_list(text->second); break;
      case Takes::number: body[option.key] = as_number(option, text->second); break;
      case Takes::time: body[option.key] = as_time(text->second); break;
      default: body[option.key] = text->second;
    }
  }
  return body;
}

/// The one named, or the only one there is.
std::string choose_workspace(const sdk::Client& client, const std::string& named) {
  if (!named.empty()) return named;
  const Json list = client.request("GET", "/admin/v1/workspaces");
  const auto& workspaces = list.at("data").items();
  if (workspaces.size() == 1) return workspaces.front().at("slug").string();
  if (workspaces.empty()) throw std::runtime_error("there is no workspace yet; make one with: plenoptic workspace create --slug acme --name Acme");
  std::string slugs;
  for (const Json& workspace : workspaces) slugs += (slugs.empty() ? "" : ", ") + workspace.at("slug").string();
  throw std::runtime_error("there are several workspaces; name one with --workspace: " + slugs);
}

std::string path_of(const CommandRow& row, const sdk::Client& client, const Invocation& invocation) {
  std::string path(row.path);
  if (const std::size_t at = path.find("{}"); at != std::string::npos) path.replace(at, 2, sdk::percent_encode(invocation.positional));
  if (path.starts_with("/admin/")) return path;
  return "/admin/v1/workspaces/" + sdk::percent_encode(choose_workspace(client, invocation.workspace)) + path;
}

void print(const CommandRow& row, const Json& answer, bool as_json) {
  if (as_json) {
    std::cout << answer.dump() << std::endl;
    return;
  }
  std::cout << (answer.at("data").is_array() ? table(answer.at("data").items(), row.columns) : properties(answer, row.columns));
  if (row.noun == "key" && row.verb == "create") std::cout << "Keep the key now: it is not shown again.\n";
  std::cout << std::flush;
}

/// What a listing is narrowed by.
sdk::RequestOptions request_options(const CommandRow& row, const Invocation& invocation) {
  // An administration command is not tried again: the person who typed it sees what happened.
  sdk::RequestOptions options{.max_retries = 0};
  if (row.method != "GET") return options;
  for (const OptionRow& option : row.options)
    if (const auto text = invocation.texts.find(option.flag); text != invocation.texts.end() && !text->second.empty()) options.query.emplace_back(option.key, text->second);
  return options;
}

int run(const CommandRow& row, const Invocation& invocation, const Connect& connect) {
  try {
    const auto session = connect(invocation.target);
    const Json answer = session->client().request(row.method, path_of(row, session->client(), invocation), body_of(row, invocation), request_options(row, invocation));
    print(row, answer, invocation.json);
    if (std::cout) return 0;
    const Json& id = answer.at("id");
    std::cerr << "error: this was done, but its answer could not be written" << (id.is_string() ? ": " + base::printable(id.string()) : "") << std::endl;
  } catch (const sdk::ApiError& failure) {
    std::cerr << "error: " << failure.details().message << std::endl;
  } catch (const std::exception& failure) {
    std::cerr << "error: " << failure.what() << std::endl;
  }
  return 1;
}

/// An option that is given says something: an empty list of scopes would mean all of them.
std::string refuse_empty(const std::string& given) { return given.find_first_not_of(" \t,") == std::string::npos ? "it is empty; give it a value, or leave the option out" : ""; }

/// The environment says what the command line did not; it never stands against it.
void complete_from_environment(Target& target) {
  const auto environment = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  if (target.data.empty() && target.url.empty()) target.data = environment("PLENOPTIC_DATA");
  if (!target.url.empty() && target.admin_key.empty()) target.admin_key = environment("PLENOPTIC_ADMIN_KEY");
}

void add_target_options(CLI::App& command, Invocation& invocation) {
  auto* data = command.add_option("--data", invocation.target.data, "the server's data directory, whether or not it runs (Env: PLENOPTIC_DATA)");
  auto* url = command.add_option("--url", invocation.target.url, "a server to speak to over the network; with --admin-key");
  command.add_option("--admin-key", invocation.target.admin_key, "an API key that may administrate (Env: PLENOPTIC_ADMIN_KEY)")->needs(url);
  data->excludes(url);
  for (CLI::Option* option : {data, url}) option->check(CLI::Validator(refuse_empty, ""));
  command.add_option("--workspace", invocation.workspace, "slug of the workspace; not needed where there is one");
  command.add_flag("--json", invocation.json, "print the answer as JSON, on one line");
}

void add_command(CLI::App& noun, const CommandRow& row, const Connect& connect, int& exit_code) {
  auto invocation = std::make_shared<Invocation>();
  invocation->target.may_make_data = row.noun == "workspace" && row.verb == "create";
  CLI::App* command = noun.add_subcommand(std::string(row.verb), std::string(row.help) + "\nExample: " + std::string(row.example));
  if (!row.positional.empty()) command->add_option(std::string(row.positional), invocation->positional, "which one")->required();
  for (const OptionRow& option : row.options) {
    const bool flag = option.takes == Takes::yes || option.takes == Takes::no;
    CLI::Option* added = flag ? command->add_flag(std::string(option.flag), invocation->flags[option.flag], std::string(option.help))
                              : command->add_option(std::string(option.flag), invocation->texts[option.flag], std::string(option.help));
    if (option.required) added->required();
    if (!flag) added->check(CLI::Validator(refuse_empty, ""));
  }
  add_target_options(*command, *invocation);
  command->callback([&row, invocation, connect, &exit_code] {
    complete_from_environment(invocation->target);
    if (invocation->target.data.empty() && invocation->target.url.empty()) throw CLI::ValidationError("name the server with --data DIR, or with --url URL --admin-key KEY");
    exit_code = run(row, *invocation, connect);
  });
}

}  // namespace

void add_commands(CLI::App& root, const Connect& connect, int& exit_code) {
  std::map<std::string_view, CLI::App*> nouns;
  for (const CommandRow& row : command_table()) {
    CLI::App*& noun = nouns[row.noun];
    if (!noun) {
      noun = root.add_subcommand(std::string(row.noun), "Administer: " + std::string(row.noun) + "s");
      noun->require_subcommand(1);
    }
    add_command(*noun, row, connect, exit_code);
  }
}

}  // namespace plenoptic::cli
