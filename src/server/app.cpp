#include "server/app.h"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <stdexcept>
#include <thread>

#include <unistd.h>

#include "api/pipeline.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "base/utf8.h"
#include "http/server.h"
#include "services/api_keys.h"
#include "services/index_directory.h"
#include "services/members.h"
#include "services/write_lane.h"
#include "storage/sqlite/sqlite_database.h"

namespace plenoptic::server {
namespace {

constexpr auto housekeeping_interval = std::chrono::seconds(30);
constexpr std::size_t expired_at_once = 500;

/// A directory of this process's own, removed with it.
class ThrowAwayDirectory {
 public:
  ThrowAwayDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "plenoptic-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary directory can be made; name one with --data DIR");
    path_ = pattern;
  }
  ~ThrowAwayDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Runs `work` at intervals until it goes.
class Repeater {
 public:
  Repeater(std::chrono::milliseconds interval, std::function<void()> work) : thread_([this, interval, work = std::move(work)] { loop(interval, work); }) {}
  ~Repeater() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

 private:
  void loop(std::chrono::milliseconds interval, const std::function<void()>& work) {
    base::name_this_thread("housekeeping");
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, interval, [this] { return stopping_; })) {
      lock.unlock();
      work();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

struct App::Parts {
  Settings settings;
  Listening listening;
  std::unique_ptr<ThrowAwayDirectory> throw_away;
  std::string directory;
  base::Log log;
  base::SystemClock clock;
  std::unique_ptr<storage::Database> database;
  base::CuidGenerator ids;
  services::WorkspaceDirectory workspaces;
  services::ApiKeyDirectory keys;
  std::unique_ptr<services::AnswerCache> answers;
  std::unique_ptr<services::IndexDirectory> indexes;
  std::unique_ptr<services::WriteLane> lane;
  std::unique_ptr<api::Services> shared;
  std::unique_ptr<api::RateLimiter> limiter;
  api::Metrics metrics;
  std::unique_ptr<api::Pipeline> pipeline;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<Repeater> housekeeping;
  const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  std::atomic<std::int64_t> shed_unlogged = 0;
  std::atomic<std::int64_t> shed_logged_at_s = 0;

  Parts(Settings wanted, Listening where) : settings(std::move(wanted)), listening(where), log(base::parse_log_level(settings.log_level)) {
    open_storage();
    build_services();
    build_api();
    build_server();
  }

  ~Parts() {
    // Requests under way hold on to their connections: who runs them goes before the server does.
    housekeeping.reset();
    if (server) server->stop(0);
    if (lane) lane->stop();  // housekeeping that is under way asks it for another turn
    lane.reset();
    indexes.reset();
    server.reset();
  }

  void open_storage() {
    if (settings.data.empty()) throw_away = std::make_unique<ThrowAwayDirectory>();
    directory = throw_away ? throw_away->path() : settings.data;
    database = storage::open_sqlite(
        {.directory = directory,
         .throw_away = throw_away != nullptr,
         .page_cache_kib = settings.page_cache_mib * 1024,
         .wal_limit_bytes = settings.wal_limit_mib << 20,
         .recent_ends = static_cast<std::size_t>(settings.recent_links),
         .warn = [this](const std::string& text) { log.warn("database_repaired", {{"reason", text}, {"effect", after_damage()}}); },
         .upkeep_fails = [this](const std::string& text) { log.error("upkeep_failed", {{"reason", text}, {"next", "Look at the disk. " + after_damage()}}); }});
    try {
      const auto reader = database->read();
      ids.observe(reader->greatest_record_id());
      workspaces.load(*reader);
      keys.load(*reader);
    } catch (const storage::StorageError& failure) {
      if (failure.kind != storage::StorageError::Kind::corrupt) throw;
      throw damaged(failure);
    } catch (const std::exception& failure) {
      throw damaged(failure);  // read, and not what was ever written
    }
  }

  std::runtime_error damaged(const std::exception& failure) const {
    return std::runtime_error(directory + " is damaged: " + failure.what() + ". Nothing was changed. " + after_damage());
  }

  std::string after_damage() const {
    return "See how much is damaged with: plenoptic verify " + base::shell_word(directory) + " (while no server runs on it), and restore it from a backup.";
  }

  void build_services() {
    const auto schema = [this](model::WorkspaceId id) -> model::SchemaPointer {
      const auto entry = workspaces.find(id);
      return entry ? entry->schema : nullptr;
    };
    answers = std::make_unique<services::AnswerCache>(static_cast<std::size_t>(settings.answer_cache_mib) << 20);
    indexes = std::make_unique<services::IndexDirectory>(*database, schema, snapshots(), index_events());
    for (const auto& workspace : workspaces.all()) load_index(workspace->id);
    const auto publish = [this](const model::SchemaPointer& then, model::WorkspaceId workspace, std::span<const model::Change> changes) {
      for (const model::Change& change : changes) answers->publish(workspace, change);
      indexes->publish(then, workspace, changes);
    };
    const auto abandon = [this](const std::string& why) {
      log.error("commit_outcome_unknown", {{"reason", why}});
      log.flush();
      std::_Exit(70);  // the next start recovers what was committed
    };
    const auto together = [](const std::function<void()>& send) {
      http::AnswerBatch batch;
      send();
    };
    lane = std::make_unique<services::WriteLane>(
        services::WriteLane::Parts{.database = *database, .clock = clock, .ids = ids, .schema = schema, .publish = publish, .abandon = abandon, .together = together},
        static_cast<std::size_t>(settings.queue_limit));
  }

  /// A command's own server answers no lists, and whoever waits for the directory should not wait for their index.
  void load_index(model::WorkspaceId workspace) {
    if (listening == Listening::everywhere) indexes->load(workspace);
  }

  services::WorkspaceSink workspace_sink() {
    return [this](std::shared_ptr<const services::WorkspaceEntry> entry) {
      const model::WorkspaceId id = entry->id;
      workspaces.put(std::move(entry));
      load_index(id);
    };
  }

  services::SnapshotSettings snapshots() const {
    services::SnapshotSettings wanted = snapshot_settings(directory);
    if (!throw_away) wanted.after = static_cast<std::uint64_t>(settings.index_snapshot_after);
    return wanted;
  }

  void build_api() {
    std::string public_url = settings.public_url;
    while (public_url.ends_with('/')) public_url.pop_back();
    shared = std::make_unique<api::Services>(api::Services{.database = *database,
                                                           .workspaces = workspaces,
                                                           .keys = keys,
                                                           .indexes = *indexes,
                                                           .answers = *answers,
                                                           .clock = clock,
                                                           .workspace_sink = workspace_sink(),
                                                           .public_url = std::move(public_url),
                                                           .version = version});
    limiter = std::make_unique<api::RateLimiter>(settings.rate_limit);
    metrics.add_gauge("plenoptic_write_queue", "Writes that wait for the lane.", [this] { return static_cast<double>(lane->queued()); });
    metrics.add_gauge("plenoptic_answer_cache_bytes", "Memory of the kept answers.", [this] { return static_cast<double>(answers->memory_bytes()); });
    metrics.add_gauge("plenoptic_index_bytes", "Memory of the in-memory indexes, about.", [this] { return static_cast<double>(indexes->memory_bytes()); });
    pipeline = std::make_unique<api::Pipeline>(
        api::Pipeline::Parts{.services = *shared, .lane = *lane, .limiter = *limiter, .metrics = metrics, .log = [this](const api::RequestLog& entry) { log_request(entry); }},
        api::PipelineOptions{.max_body_bytes = static_cast<std::size_t>(settings.max_body_bytes), .overload_target = std::chrono::milliseconds(settings.overload_target_ms)});
  }

  void build_server() {
    http::ServerOptions options;
    if (listening == Listening::everywhere) {
      const HostAndPort listen = parse_listen(settings.listen);
      options.host = listen.host;
      options.port = listen.port;
    } else {
      options.host.clear();
    }
    options.unix_socket = listening == Listening::everywhere ? socket_path(directory) : command_socket_path(directory);
    options.tls_certificate = settings.tls_cert;
    options.tls_key = settings.tls_key;
    options.threads = settings.threads;
    options.overload_target_ms = settings.overload_target_ms;
    options.max_body_bytes = static_cast<std::size_t>(settings.max_body_bytes);
    options.max_held_bytes = std::max(options.max_held_bytes, 4 * options.max_body_bytes);
    server = std::make_unique<http::Server>(options, *pipeline);
    metrics.add_gauge("plenoptic_connections", "Open connections.", [this] { return static_cast<double>(server->open_connections()); });
  }

  /// A line a second at most, with how many there were since the last one: overload must not fill the disk too.
  void log_shed() {
    shed_unlogged.fetch_add(1, std::memory_order_relaxed);
    const std::int64_t second = clock.now_ms() / 1000;
    std::int64_t last = shed_logged_at_s.load(std::memory_order_relaxed);
    if (second == last || !shed_logged_at_s.compare_exchange_strong(last, second)) return;
    log.warn("overloaded", {{"shed", shed_unlogged.exchange(0)}, {"writesWaiting", static_cast<std::int64_t>(lane->queued())}});
  }

  std::string slug_of(model::WorkspaceId id) const {
    const auto workspace = workspaces.find(id);
    return workspace ? workspace->slug : std::string();
  }

  services::IndexEvents index_events() {
    using std::chrono::milliseconds;
    return {.loaded = [this](model::WorkspaceId id, const services::LoadedIndex& index, milliseconds took) { log_loaded_index(id, index, took); },
            .failed = [this](model::WorkspaceId id, const std::string& reason) { log_failed_index(id, reason); },
            .snapshot_written =
                [this](model::WorkspaceId id, const services::WrittenSnapshot& written, milliseconds took) {
                  log.info("index_snapshot", {{"workspace", slug_of(id)}, {"bytes", static_cast<std::int64_t>(written.bytes)}, {"ms", took.count()}});
                },
            .snapshot_refused =
                [this](model::WorkspaceId id, const std::string& reason) {
                  log.warn("index_snapshot_refused", {{"workspace", slug_of(id)}, {"reason", reason}, {"effect", "the index is built from the database, and then saved anew"}});
                },
            .snapshot_failed =
                [this](model::WorkspaceId id, const std::string& reason) {
                  log.warn("index_snapshot_failed", {{"workspace", slug_of(id)}, {"reason", reason}, {"effect", "the next start takes longer; nothing else"}});
                }};
  }

  void log_loaded_index(model::WorkspaceId id, const services::LoadedIndex& index, std::chrono::milliseconds took) {
    log.info("index_loaded", {{"workspace", slug_of(id)},
                              {"from", index.base ? "snapshot" : "database"},
                              {"replayed", static_cast<std::int64_t>(index.replayed)},
                              {"ms", static_cast<std::int64_t>(took.count())}});
  }

  void log_failed_index(model::WorkspaceId id, const std::string& reason) {
    log.error("index_failed",
              {{"workspace", slug_of(id)}, {"reason", reason}, {"effect", "lists of this workspace answer 503; retrieves and writes go on"}, {"next", after_damage()}});
  }

  void log_request(const api::RequestLog& entry) {
    if (entry.shed) return log_shed();
    if (entry.status >= 500)
      log.error("request", {{"requestId", entry.request_id},
                            {"operation", entry.operation},
                            {"method", entry.method},
                            {"status", entry.status},
                            {"ms", entry.duration_ms},
                            {"workspace", entry.workspace},
                            {"subject", entry.subject},
                            {"failure", entry.failure}});
    else
      log.info("request", {{"requestId", entry.request_id},
                           {"operation", entry.operation},
                           {"method", entry.method},
                           {"status", entry.status},
                           {"ms", entry.duration_ms},
                           {"workspace", entry.workspace},
                           {"subject", entry.subject}});
  }

  /// An answer from far ahead was made while the clock was ahead, or the clock is behind: at a start, before it was set. Only what stays
  /// ahead for as long as an answer lives goes, or it would stand before all others for good.
  storage::IdempotencyExpiry expiry(std::int64_t now_ms) const {
    const bool clock_is_known = std::chrono::steady_clock::now() - started >= std::chrono::milliseconds(api::idempotency_lifetime_ms);
    return {.created_before_ms = now_ms - api::idempotency_lifetime_ms, .created_after_ms = clock_is_known ? now_ms + api::idempotency_lifetime_ms : INT64_MAX, .now_ms = now_ms};
  }

  /// Old idempotency answers go; keys' last uses are written down. While a batch was full another follows, behind the
  /// requests that wait meanwhile.
  void keep_house() {
    auto more = std::make_shared<bool>(false);
    services::WriteJob job;
    job.actor.id = "operator";
    job.origin.operation = "system.housekeeping";
    job.run = [this, more](services::WriteContext& context) {
      *more = context.storage.expire_idempotent(expiry(context.now_ms), expired_at_once);
      for (const storage::ApiKey& key : keys.used_since_stored()) {
        context.storage.put_api_key(key);
        context.after_commit.push_back([this, key] { keys.put(key); });
      }
    };
    job.finish = [this, more](const std::exception_ptr& error) {
      if (!error && *more) keep_house();  // after an error: at the next turn
    };
    lane->submit(std::move(job));
  }
};

App::App(Settings settings, Listening listening) : parts_(std::make_unique<Parts>(std::move(settings), listening)) {}

App::~App() = default;

void App::start() {
  // The port is known since the server was built; its threads read the URL.
  if (parts_->shared->public_url.empty() && parts_->listening == Listening::everywhere) parts_->shared->public_url = url();
  parts_->server->start();
  parts_->keep_house();
  parts_->housekeeping = std::make_unique<Repeater>(housekeeping_interval, [parts = parts_.get()] { parts->keep_house(); });
}

void App::stop(int grace_ms) {
  parts_->housekeeping.reset();
  parts_->server->stop(grace_ms);
  parts_->keep_house();
  parts_->lane->stop();
  parts_->log.flush();
}

std::uint16_t App::port() const { return parts_->server->port(); }

std::string App::url() const {
  const HostAndPort listen = parse_listen(parts_->settings.listen);
  const std::string host = listen.host == "0.0.0.0" || listen.host == "::" ? "localhost" : listen.host;
  const bool v6 = host.find(':') != std::string::npos;
  return std::string(parts_->settings.tls_cert.empty() ? "http" : "https") + "://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port());
}

std::string App::socket_path(const std::string& data_directory) { return (std::filesystem::path(data_directory) / "plenoptic.sock").string(); }

std::string App::command_socket_path(const std::string& data_directory) { return (std::filesystem::path(data_directory) / "command.sock").string(); }

void App::write(model::WorkspaceId workspace, const std::function<void(services::WriteContext&)>& work) {
  std::promise<void> done;
  services::WriteJob job;
  job.workspace = workspace;
  job.actor.id = "operator";
  job.origin.operation = "system.setup";
  job.run = work;
  job.finish = [&done](const std::exception_ptr& error) { error ? done.set_exception(error) : done.set_value(); };
  job.alone = true;
  if (!parts_->lane->submit(std::move(job))) throw std::runtime_error("the server is stopping");
  try {
    done.get_future().get();
  } catch (const storage::StorageError& failure) {
    if (failure.kind != storage::StorageError::Kind::full) throw;
    throw std::runtime_error("the disk of " + parts_->directory + " is full. Make room and start again.");
  }
}

const services::WorkspaceDirectory& App::workspaces() const { return parts_->workspaces; }

services::WorkspaceSink App::workspace_sink() { return parts_->workspace_sink(); }

std::string App::create_admin_key(model::WorkspaceId workspace, const std::string& email, const std::string& name) {
  std::string secret;
  write(workspace, [&](services::WriteContext& context) {
    const auto member = services::find_member_by_email(context.storage, workspace, *context.schema, email);
    for (const auto& entry : parts_->keys.of_workspace(workspace))
      if (entry->key.name == name && entry->key.member == member && !entry->key.revoked_at_ms) services::revoke_api_key(context, parts_->keys, entry->key.id);
    secret = services::create_api_key(context, parts_->keys, {.name = name, .scopes = {}, .member = member, .expires_at_ms = {}}).secret;
  });
  return secret;
}

}  // namespace plenoptic::server
