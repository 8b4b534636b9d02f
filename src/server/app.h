// The composition root: builds every part, in order, and takes them down in reverse.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "server/settings.h"
#include "services/index_snapshots.h"
#include "services/workspaces.h"
#include "services/write_context.h"

namespace plenoptic::server {

inline constexpr const char* version = "0.1.0";

/// Of the indexes' snapshots in a data directory, but for `after`.
inline services::SnapshotSettings snapshot_settings(const std::string& data_directory) { return {.directory = data_directory, .program = std::string("plenoptic ") + version}; }

/// Where the application listens.
enum class Listening {
  everywhere,   // TCP and the operator's socket in the data directory
  socket_only,  // for an admin command's own length
};

class App {
 public:
  /// Opens the data directory. Throws std::runtime_error (storage, addresses, certificates) with the next step in it.
  App(Settings settings, Listening listening);
  ~App();

  void start();
  /// Requests under way finish, at most `grace_ms`.
  void stop(int grace_ms);

  std::uint16_t port() const;
  /// Where it listens; what people see may be another (`public_url`).
  std::string url() const;
  /// Where a running server is administered.
  static std::string socket_path(const std::string& data_directory);
  /// Where an application of one command's length listens: others do not find it, since it goes when its command is done.
  static std::string command_socket_path(const std::string& data_directory);

  /// Runs `work` in a transaction of its own on the write lane, as the operator, and waits for the commit.
  /// What `work` throws comes through.
  void write(model::WorkspaceId workspace, const std::function<void(services::WriteContext&)>& work);
  const services::WorkspaceDirectory& workspaces() const;
  services::WorkspaceSink workspace_sink();
  /// Makes a key of the member with that address, with every scope, and returns its secret; their earlier ones of that
  /// name are revoked. An admin's one may administrate.
  std::string create_admin_key(model::WorkspaceId workspace, const std::string& email, const std::string& name);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace plenoptic::server
