#include "server/admin_session.h"

#include <chrono>
#include <filesystem>
#include <random>
#include <thread>

#include "base/utf8.h"
#include "server/app.h"
#include "storage/database.h"

namespace plenoptic::server {
namespace {

class AdminSession final : public cli::Session {
 public:
  /// `app` may be null: somebody else's server.
  AdminSession(std::unique_ptr<App> app, sdk::ClientOptions options) : app_(std::move(app)), client_(std::move(options)) {}
  ~AdminSession() override {
    if (app_) app_->stop(1000);
  }
  const sdk::Client& client() const override { return client_; }

 private:
  std::unique_ptr<App> app_;
  sdk::Client client_;
};

sdk::ClientOptions through_socket(const std::string& path) {
  sdk::ClientOptions options;
  options.unix_socket = path;
  return options;
}

bool is_served(const std::string& directory) {
  try {
    sdk::Client(through_socket(App::socket_path(directory))).request("GET", "/healthz", {}, {.timeout = std::chrono::seconds(5), .max_retries = 0});
    return true;
  } catch (const sdk::ConnectionError&) {
    return false;
  }
}

void require_data(const std::string& directory) {
  const std::filesystem::path database = std::filesystem::path(directory) / "plenoptic.db";
  std::error_code failure;
  if (std::filesystem::file_size(database, failure) > 0 && !failure) return;
  if (failure == std::errc::permission_denied) throw std::runtime_error(directory + " may not be read by you. Run this as the user that the server runs as.");
  throw std::runtime_error(directory + " is no data directory of Plenoptic: it holds no plenoptic.db. Check the path, or begin there with: plenoptic workspace create --data " +
                           base::shell_word(directory) + " --slug acme --name Acme");
}

constexpr auto longest_wait = std::chrono::seconds(10);

std::unique_ptr<App> start_for_one_command(const std::string& directory) {
  Settings settings;
  settings.data = directory;
  settings.log_level = "warn";
  settings.threads = 1;
  auto app = std::make_unique<App>(settings, Listening::socket_only);
  app->start();
  return app;
}

/// A running server where there is one, else one for the command's own length. Where another command has the directory,
/// or a server is about to listen, the turn comes.
std::unique_ptr<cli::Session> connect_to_directory(const std::string& directory, bool may_make_data) {
  const auto deadline = std::chrono::steady_clock::now() + longest_wait;
  std::minstd_rand random(std::random_device{}());
  for (;;) {
    if (is_served(directory)) return std::make_unique<AdminSession>(nullptr, through_socket(App::socket_path(directory)));
    if (!may_make_data) require_data(directory);
    try {
      auto app = start_for_one_command(directory);
      return std::make_unique<AdminSession>(std::move(app), through_socket(App::command_socket_path(directory)));
    } catch (const storage::StorageError& failure) {
      if (failure.kind != storage::StorageError::Kind::busy || std::chrono::steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(std::uniform_int_distribution<>(5, 40)(random)));
  }
}

}  // namespace

std::unique_ptr<cli::Session> connect(const cli::Target& target) {
  if (!target.url.empty()) {
    if (target.admin_key.empty()) throw std::runtime_error("--url needs --admin-key KEY: a key with the scope workspace:admin, or an admin's with full access");
    if (!target.url.starts_with("http://") && !target.url.starts_with("https://"))
      throw std::runtime_error("--url begins with https:// or http://, and the key is sent as it says: --url https://" + target.url);
    sdk::ClientOptions options;
    options.base_url = target.url;
    options.api_key = target.admin_key;
    return std::make_unique<AdminSession>(nullptr, std::move(options));
  }
  return connect_to_directory(target.data, target.may_make_data);
}

}  // namespace plenoptic::server
