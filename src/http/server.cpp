#include "http/server.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <vector>

#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/thread_name.h"
#include "http/connection.h"

namespace plenoptic::http {

void set_current_thread(IoThread* thread);

const std::string& IoThread::date_header() {
  const std::time_t now = std::time(nullptr);
  if (now == date_second) return date;
  std::array<char, 40> text;
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  date.assign(text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc));
  date_second = now;
  return date;
}

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::local::stream_protocol;
using boost::system::error_code;

constexpr auto sweep_interval = std::chrono::milliseconds(250);
constexpr auto accept_pause = std::chrono::milliseconds(50);
constexpr int most_accepted_at_once = 64;
constexpr std::size_t most_turned_away = 64;  // at a time with an answer, while there are too many connections; others without one

/// Those that this process may run on: a container or taskset may leave it fewer than there are.
std::size_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return std::max(1U, std::thread::hardware_concurrency());
  return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
}

/// As many as there are descriptors for, but for those that the database, the operator and whoever is turned away need.
std::size_t most_connections(const ServerOptions& options) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return options.max_connections;
  const std::size_t descriptors = limit.rlim_cur, kept_back = std::min(4 * most_turned_away, descriptors / 2);
  return std::min(options.max_connections, descriptors - kept_back);
}

std::unique_ptr<asio::ssl::context> make_tls(const ServerOptions& options) {
  if (options.tls_certificate.empty() && options.tls_key.empty()) return nullptr;
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  try {
    context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
    context->use_certificate_chain_file(options.tls_certificate);
    context->use_private_key_file(options.tls_key, asio::ssl::context::pem);
  } catch (const std::exception& failure) {
    throw std::runtime_error("the TLS certificate " + options.tls_certificate + " or key " + options.tls_key + " cannot be used: " + failure.what() +
                             ". Give both --tls-cert and --tls-key as PEM files.");
  }
  return context;
}

tcp::acceptor bind_tcp(asio::io_context& context, const ServerOptions& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.host == "localhost" ? "127.0.0.1" : options.host, error);
  if (error) throw std::runtime_error("'" + options.host + "' is no address to listen on. Use one of this machine's, like 127.0.0.1 or 0.0.0.0.");
  tcp::acceptor acceptor(context);
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol());
  acceptor.set_option(asio::socket_base::reuse_address(true));
  acceptor.bind(endpoint, error);
  if (error)
    throw std::runtime_error("cannot listen on " + options.host + ":" + std::to_string(options.port) + ": " + error.message() + ". Choose another with --listen HOST:PORT.");
  acceptor.listen(4096);
  acceptor.non_blocking(true);
  return acceptor;
}

stream_protocol::acceptor bind_local(asio::io_context& context, const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  stream_protocol::acceptor acceptor(context);
  const mode_t before = ::umask(0177);
  try {
    acceptor.open();
    acceptor.bind(stream_protocol::endpoint(path));
    acceptor.listen(128);
  } catch (const std::exception& failure) {
    ::umask(before);
    throw std::runtime_error("cannot listen on the socket " + path + ": " + failure.what() + ". A shorter path to the data directory may help.");
  }
  ::umask(before);
  return acceptor;
}

}  // namespace

struct Server::Parts {
  ServerOptions options;
  Shared shared;
  std::unique_ptr<asio::ssl::context> tls;
  std::vector<std::unique_ptr<IoThread>> io;
  std::vector<std::unique_ptr<asio::steady_timer>> sweeps;
  std::optional<tcp::acceptor> tcp_acceptor;
  std::optional<stream_protocol::acceptor> local_acceptor;
  std::optional<asio::steady_timer> tcp_pause, local_pause;
  std::vector<std::thread> threads;
  std::size_t next = 0;
  std::uint16_t bound_port = 0;
  std::atomic<bool> stopping = false;

  Parts(ServerOptions wanted, Handler& handler) : options(std::move(wanted)), shared{.options = options, .handler = handler}, tls(make_tls(options)) {
    options.max_connections = most_connections(options);
    const std::size_t count = options.threads > 0 ? static_cast<std::size_t>(options.threads) : usable_cores();
    for (std::size_t i = 0; i < count; ++i) {
      io.push_back(std::make_unique<IoThread>(std::chrono::milliseconds(options.overload_target_ms)));
      sweeps.push_back(std::make_unique<asio::steady_timer>(io.back()->context));
    }
    if (!options.host.empty()) {
      tcp_acceptor = bind_tcp(io.front()->context, options);
      bound_port = tcp_acceptor->local_endpoint().port();
      if (options.overload_target_ms > 0) stamp_arrivals(tcp_acceptor->native_handle());
    }
    if (!options.unix_socket.empty()) local_acceptor = bind_local(io.front()->context, options.unix_socket);
    tcp_pause.emplace(io.front()->context);
    local_pause.emplace(io.front()->context);
  }

  /// Connections go round the threads. Each lives and dies on its own.
  template <typename Accepted>
  void adopt(Accepted accepted, IoThread& thread, bool trusted_local) {
    asio::post(thread.context, [this, &thread, trusted_local, socket = std::move(accepted)]() mutable {
      if (thread.draining) return;  // accepted just before; nobody would tell it to end
      const std::size_t open = shared.open_connections.load(std::memory_order_relaxed);
      const bool full = !trusted_local && open >= options.max_connections;
      if (full && open >= options.max_connections + most_turned_away) return;
      Socket plain(std::move(socket));
      auto stream = tls && !trusted_local ? tls_stream(std::move(plain), *tls) : plain_stream(std::move(plain));
      const auto connection = std::make_shared<Connection>(shared, thread, std::move(stream), trusted_local);
      full ? connection->turn_away() : connection->start();
    });
  }

  void accept_tcp() {
    IoThread& thread = *io[next++ % io.size()];
    tcp_acceptor->async_accept(thread.context, [this, &thread](error_code error, tcp::socket socket) {
      if (stopping || error == asio::error::operation_aborted) return;
      if (error) return retry(*tcp_pause, [this] { accept_tcp(); });  // out of descriptors, say
      welcome(std::move(socket), thread);
      accept_waiting();
      accept_tcp();
    });
  }

  /// Under load this thread comes back here seldom: whoever waits is let in at once.
  void accept_waiting() {
    for (int i = 1; i < most_accepted_at_once && !stopping; ++i) {
      IoThread& thread = *io[next % io.size()];
      error_code error;
      tcp::socket socket = tcp_acceptor->accept(thread.context, error);
      if (error) return;
      ++next;
      welcome(std::move(socket), thread);
    }
  }

  void welcome(tcp::socket socket, IoThread& thread) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    adopt(std::move(socket), thread, false);
  }

  void accept_local() {
    IoThread& thread = *io[next++ % io.size()];
    local_acceptor->async_accept(thread.context, [this, &thread](error_code error, stream_protocol::socket socket) {
      if (stopping || error == asio::error::operation_aborted) return;
      if (error) return retry(*local_pause, [this] { accept_local(); });
      adopt(std::move(socket), thread, true);
      accept_local();
    });
  }

  /// Each acceptor with a timer of its own: set anew, one forgets who waited for it.
  void retry(asio::steady_timer& pause, std::function<void()> accept) {
    pause.expires_after(accept_pause);
    pause.async_wait([this, accept = std::move(accept)](error_code error) {
      if (!error && !stopping) accept();
    });
  }

  void sweep(std::size_t i) {
    sweeps[i]->expires_after(sweep_interval);
    sweeps[i]->async_wait([this, i](error_code error) {
      if (error) return;
      const auto now = std::chrono::steady_clock::now();
      std::vector<std::shared_ptr<Connection>> alive;
      for (Connection* connection : io[i]->connections) alive.push_back(connection->shared_from_this());
      for (const auto& connection : alive) connection->check_deadline(now);
      sweep(i);
    });
  }

  void start() {
    if (tcp_acceptor) accept_tcp();
    if (local_acceptor) accept_local();
    for (std::size_t i = 0; i < io.size(); ++i) {
      sweep(i);
      threads.emplace_back([thread = io[i].get()] {
        set_current_thread(thread);
        base::name_this_thread("requests");
        thread->context.run();
      });
    }
  }

  void drain() {
    asio::post(io.front()->context, [this] {
      error_code ignored;
      if (tcp_acceptor) tcp_acceptor->close(ignored);
      if (local_acceptor) local_acceptor->close(ignored);
      tcp_pause->cancel();
      local_pause->cancel();
    });
    for (auto& thread : io)
      asio::post(thread->context, [&thread = *thread] {
        thread.draining = true;
        std::vector<std::shared_ptr<Connection>> alive;
        alive.reserve(thread.connections.size());
        for (Connection* connection : thread.connections) alive.push_back(connection->shared_from_this());
        for (const auto& connection : alive) connection->drain();
      });
  }

  void stop(int grace_ms) {
    if (threads.empty() || stopping.exchange(true)) return;
    drain();
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(grace_ms);
    while (shared.open_connections.load() > 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    for (auto& thread : io) thread->context.stop();
    for (std::thread& thread : threads) thread.join();
    threads.clear();
    std::error_code ignored;
    if (!options.unix_socket.empty()) std::filesystem::remove(options.unix_socket, ignored);
  }
};

Server::Server(ServerOptions options, Handler& handler) : parts_(std::make_unique<Parts>(std::move(options), handler)) {}

Server::~Server() { stop(0); }

void Server::start() { parts_->start(); }

void Server::stop(int grace_ms) { parts_->stop(grace_ms); }

std::uint16_t Server::port() const { return parts_->bound_port; }

std::size_t Server::open_connections() const { return parts_->shared.open_connections.load(std::memory_order_relaxed); }

}  // namespace plenoptic::http
