#include "server/admin_session.h"

#include <optional>

#include "server/app.h"

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

sdk::ClientOptions through_socket(const std::string& directory) {
  sdk::ClientOptions options;
  options.unix_socket = App::socket_path(directory);
  return options;
}

bool is_served(const std::string& directory) {
  try {
    sdk::Client(through_socket(directory)).request("GET", "/healthz", {}, {.timeout = std::chrono::seconds(5), .max_retries = 0});
    return true;
  } catch (const sdk::ConnectionError&) {
    return false;
  }
}

}  // namespace

std::unique_ptr<cli::Session> connect(const cli::Target& target) {
  if (!target.url.empty()) {
    if (target.admin_key.empty()) throw std::runtime_error("--url needs --admin-key KEY: a key with the scope workspace:admin, or an admin's with full access");
    sdk::ClientOptions options;
    options.base_url = target.url;
    options.api_key = target.admin_key;
    return std::make_unique<AdminSession>(nullptr, std::move(options));
  }
  std::unique_ptr<App> app;
  if (!is_served(target.data)) {
    Settings settings;
    settings.data = target.data;
    settings.log_level = "warn";
    settings.threads = 1;
    app = std::make_unique<App>(settings, Listening::socket_only);
    app->start();
  }
  return std::make_unique<AdminSession>(std::move(app), through_socket(target.data));
}

}  // namespace plenoptic::server
