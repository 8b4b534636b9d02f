#include "server/run.h"

#include <charconv>
#include <csignal>
#include <iostream>
#include <memory>
#include <thread>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/operation.h"
#include "base/json.h"
#include "base/utf8.h"
#include "server/app.h"
#include "server/demo_seed.h"
#include "server/huge_pages.h"
#include "server/verify.h"
#include "services/members.h"

namespace plenoptic::server {
namespace {

using base::Json;

constexpr int grace_ms = 10'000;

/// What lies outside would turn a protection off, or ask for what no machine has.
CLI::Validator from_to(std::int64_t least, std::int64_t most) {
  const auto check = [least, most](const std::string& given) {
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(given.data(), given.data() + given.size(), value);
    const bool whole = failure == std::errc() && end == given.data() + given.size();
    return whole && value >= least && value <= most ? std::string() : fmt::format("it takes a whole number from {} to {}, not '{}'", least, most, given);
  };
  return {check, fmt::format("{} to {}", least, most)};
}

/// Every setting of `serve` and `dev`, declared once: flag, environment variable, default, help. A file has the same names.
void add_settings(CLI::App& command, Settings& settings) {
  const auto add = [&](const char* flag, auto& target, const char* environment, const char* help) {
    return command.add_option(flag, target, help)->envname(environment)->capture_default_str();
  };
  add("--listen", settings.listen, "PLENOPTIC_LISTEN", "HOST:PORT to listen on; port 0 picks a free one");
  add("--public-url", settings.public_url, "PLENOPTIC_PUBLIC_URL", "where people reach this server; httpLink begins with it");
  add("--rate-limit", settings.rate_limit, "PLENOPTIC_RATE_LIMIT", "requests a second per workspace and category (Read, Write, Search); 0: off")->check(from_to(0, 1'000'000));
  add("--threads", settings.threads, "PLENOPTIC_THREADS", "I/O threads; 0: one per core")->check(from_to(0, 1024));
  add("--max-body-bytes", settings.max_body_bytes, "PLENOPTIC_MAX_BODY_BYTES", "largest request body")->check(from_to(1024, 1 << 30));
  add("--queue-limit", settings.queue_limit, "PLENOPTIC_QUEUE_LIMIT", "writes that may wait before new ones get 503")->check(from_to(1, 1'000'000));
  add("--overload-target-ms", settings.overload_target_ms, "PLENOPTIC_OVERLOAD_TARGET_MS",
      "how long a request may wait while more come than can be answered, before it gets 503; 0: off")
      ->check(from_to(0, 60'000));
  add("--page-cache-mib", settings.page_cache_mib, "PLENOPTIC_PAGE_CACHE_MIB", "database page cache")->check(from_to(1, 1 << 20));
  add("--wal-limit-mib", settings.wal_limit_mib, "PLENOPTIC_WAL_LIMIT_MIB", "size of the write-ahead log past which readers are waited for to empty it")
      ->check(from_to(1, 1 << 20));
  add("--recent-links", settings.recent_links, "PLENOPTIC_RECENT_LINKS", "changes of links that are gathered before they are written where they are read from the other end")
      ->check(from_to(1, 100'000'000));
  add("--answer-cache-mib", settings.answer_cache_mib, "PLENOPTIC_ANSWER_CACHE_MIB", "memory for kept answers of retrieve, at most; 0: off")->check(from_to(0, 1 << 20));
  add("--index-snapshot-after", settings.index_snapshot_after, "PLENOPTIC_INDEX_SNAPSHOT_AFTER",
      "changes after which an index is saved anew, for a quick start, once writes pause; an index of fewer records is not saved; 0: off")
      ->check(from_to(0, 1'000'000'000));
  add("--tls-cert", settings.tls_cert, "PLENOPTIC_TLS_CERT", "PEM file of the certificate chain; with --tls-key");
  add("--tls-key", settings.tls_key, "PLENOPTIC_TLS_KEY", "PEM file of the certificate's key");
  add("--log-level", settings.log_level, "PLENOPTIC_LOG_LEVEL", "debug, info (a line per request), warn, error or off");
  command.add_option("--config", "a file of `name = value` lines with these settings; flags and the environment win over it")->check(CLI::ExistingFile);
}

/// Sets what neither flag nor environment did.
void apply_settings_file(CLI::App& command) {
  CLI::Option* config = command.get_option("--config");
  if (config->count() == 0) return;
  for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_file(config->as<std::string>())) {
    CLI::Option* option = command.get_option_no_throw("--" + item.name);
    if (!option || option == config) throw std::runtime_error("the settings file knows no '" + item.name + "'; see plenoptic " + command.get_name() + " --help for what there is");
    if (option->count() > 0) continue;
    option->add_result(item.inputs);
    option->run_callback();
  }
}

/// Blocks the signals in every thread to come, and waits for one of them.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    // Its terminal was closed; but not where it was started to outlive that.
    struct sigaction hang_up{};
    if (::sigaction(SIGHUP, nullptr, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN) sigaddset(&set_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }
  void wait() {
    int signal = 0;
    sigwait(&set_, &signal);
  }

 private:
  sigset_t set_;
};

/// Thousands of connections need as many descriptors; the soft limit is often 1024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Of the system, before the first thread.
void take_what_a_server_needs() {
  constexpr std::size_t plain_memory = std::size_t{64} << 20;  // a small workspace never gets past it
  raise_descriptor_limit();
  use_huge_pages_past(plain_memory);
}

void serve_until_stopped(App& app, StopSignals& signals) {
  signals.wait();
  app.stop(grace_ms);
}

int run_serve(const Settings& settings) {
  StopSignals signals;
  take_what_a_server_needs();
  App app(settings, Listening::everywhere);
  app.start();
  std::cout << "Plenoptic " << version << " listens on " << app.url() << ", data in " << settings.data << std::endl;
  const std::string data = base::shell_word(settings.data);
  if (app.workspaces().all().empty())
    std::cout << "There is no workspace yet. Make one, a member and a key:\n"
              << "  plenoptic workspace create --data " << data << " --slug acme --name Acme\n"
              << "  plenoptic member create --data " << data << " --email you@example.com --role admin\n"
              << "  plenoptic key create --data " << data << " --name first --member you@example.com" << std::endl;
  serve_until_stopped(app, signals);
  return 0;
}

struct DevOptions {
  std::string seed = "demo";
  bool json = false;
};

constexpr const char* dev_slug = "demo";
constexpr const char* unfinished_name = "Demo, unfinished";
constexpr const char* dev_admin = "ada@plenoptic.example";

struct DevWorkspace {
  std::shared_ptr<const services::WorkspaceEntry> entry;
  std::string opportunity;  // of the demo, to try a call on; empty where there is none
};

/// A start that was cut off is taken up again: until all is there, which comes last and at once, the workspace has another name.
DevWorkspace make_dev_workspace(App& app, const DevOptions& options) {
  const auto find = [&] { return app.workspaces().find(std::string_view(dev_slug)); };
  if (!find()) app.write({}, [&](services::WriteContext& context) { services::create_workspace(context, {.slug = dev_slug, .name = unfinished_name}, app.workspace_sink()); });
  const auto workspace = find();
  if (workspace->name != unfinished_name) return {workspace, {}};
  const bool with_demo = options.seed == "demo";
  if (with_demo) define_demo(app, workspace->id);
  std::string opportunity;
  app.write(workspace->id, [&](services::WriteContext& context) {
    services::create_member(context, {.email = dev_admin, .first_name = "Ada", .last_name = "Okafor", .role = "admin"});
    if (with_demo) opportunity = make_demo_records(context);
    services::update_workspace(context, *find(), "Demo", app.workspace_sink());
  });
  return {find(), std::move(opportunity)};
}

void print_first_call(const App& app, const std::string& key, const std::string& opportunity) {
  const std::string headers = " \\\n    -H 'Authorization: Bearer " + key + "' \\\n    -H 'Lightfield-Version: 2026-03-01'";
  std::cout << "\nPlenoptic " << version << " is ready" << (opportunity.empty() ? "" : ", with a demo workspace") << ".\n\n"
            << "  URL      " << app.url() << "\n  API key  " << key << "\n\nA first call to paste:\n\n";
  if (!opportunity.empty())
    std::cout << "  curl -X POST '" << app.url() << "/v1/opportunities/" << opportunity << "'" << headers
              << " \\\n    -H 'Content-Type: application/json' \\\n    -d '{\"fields\": {\"$stage\": \"Proposal\", \"$amount\": 75000}}'\n\nand one to look around:\n\n";
  std::cout << "  curl '" << app.url() << "/v1/opportunities?limit=3'" << headers << "\n\nStop with Ctrl-C." << std::endl;
}

int run_dev(const Settings& settings, const DevOptions& options) {
  StopSignals signals;
  take_what_a_server_needs();
  App app(settings, Listening::everywhere);
  const DevWorkspace workspace = make_dev_workspace(app, options);
  const std::string key = app.create_admin_key(workspace.entry->id, dev_admin, "dev");
  app.start();
  if (options.json)
    std::cout << Json::object({{"url", app.url()}, {"apiKey", key}, {"workspace", workspace.entry->slug}}).dump() << std::endl;
  else
    print_first_call(app, key, workspace.opportunity);
  serve_until_stopped(app, signals);
  return 0;
}

int run_operations(bool json) {
  Json::Array rows;
  for (const api::Operation& operation : api::operations()) {
    Json::Array scopes;
    for (std::string_view scope : operation.scopes) scopes.emplace_back(scope);
    const bool admin = operation.access == api::Access::admin || operation.access == api::Access::operator_;
    if (!json) std::cout << operation.id << "  " << api::method_name(operation.method) << " " << operation.path << "\n";
    rows.push_back(Json::object({{"id", operation.id},
                                 {"method", api::method_name(operation.method)},
                                 {"path", operation.path},
                                 {"scopes", std::move(scopes)},
                                 {"rate", api::rate_category_name(operation.rate)},
                                 {"idempotent", operation.idempotent()},
                                 {"admin", admin},
                                 {"open", operation.access == api::Access::everyone},
                                 {"operatorOnly", operation.access == api::Access::operator_}}));
  }
  if (json) std::cout << Json(std::move(rows)).dump() << std::endl;
  return 0;
}

}  // namespace

void add_server_commands(CLI::App& root, int& exit_code) {
  auto settings = std::make_shared<Settings>();
  auto dev_settings = std::make_shared<Settings>();
  auto dev = std::make_shared<DevOptions>();

  CLI::App* serve_command = root.add_subcommand("serve", "Run the server on a data directory.\nExample: plenoptic serve --data /var/lib/plenoptic --listen 0.0.0.0:8080");
  serve_command->add_option("--data", settings->data, "data directory; made where missing")->envname("PLENOPTIC_DATA");
  add_settings(*serve_command, *settings);
  serve_command->callback([settings, serve_command, &exit_code] {
    apply_settings_file(*serve_command);
    if (settings->data.empty()) throw std::runtime_error("name the data directory with --data DIR");
    exit_code = run_serve(*settings);
  });

  CLI::App* dev_command = root.add_subcommand("dev", "Run a server with a demo workspace, thrown away at the end.\nExample: plenoptic dev --listen 127.0.0.1:0 --seed none --json");
  dev_settings->rate_limit = 25;
  dev_command->add_option("--data", dev_settings->data, "keep the workspace in this directory");  // PLENOPTIC_DATA names one that is no demo
  dev_command->add_option("--seed", dev->seed, "demo: a small company's pipeline; none: an empty workspace")->check(CLI::IsMember({"demo", "none"}))->capture_default_str();
  dev_command->add_flag("--json", dev->json, R"(print one line {"url","apiKey","workspace"})");
  dev_settings->log_level = "warn";
  add_settings(*dev_command, *dev_settings);
  dev_command->callback([dev_settings, dev, dev_command, &exit_code] {
    apply_settings_file(*dev_command);
    exit_code = run_dev(*dev_settings, *dev);
  });

  auto as_json = std::make_shared<bool>(false);
  CLI::App* operations_command = root.add_subcommand("operations", "Print the operations table.\nExample: plenoptic operations --json");
  operations_command->add_flag("--json", *as_json, "as JSON");
  operations_command->callback([as_json, &exit_code] { exit_code = run_operations(*as_json); });

  auto directory = std::make_shared<std::string>();
  auto verdict_as_json = std::make_shared<bool>(false);
  CLI::App* verify_command =
      root.add_subcommand("verify",
                          "Check a data directory that no server is running on, and change nothing in it.\nEnds with 0: sound, 1: damaged, 2: it could not be "
                          "checked.\nExample: plenoptic verify /var/lib/plenoptic");
  verify_command->add_option("directory", *directory, "the data directory")->required();
  verify_command->add_flag("--json", *verdict_as_json, R"(print one line {"verdict","wrong","notes","checked"})");
  verify_command->callback([directory, verdict_as_json, &exit_code] { exit_code = run_verify(*directory, *verdict_as_json ? VerdictForm::json : VerdictForm::text); });
}

}  // namespace plenoptic::server
