// An open-loop load: requests leave when they are due, whatever became of those before. bench/overload.py builds and runs it.
//   open_loop PORT CONNECTIONS REQUESTS_FILE RATE:SECONDS[,RATE:SECONDS]...
// The file holds whole HTTP requests, each behind its size as four bytes in this machine's order; they are sent in turn. RATE 0
// is a closed loop: each connection sends its next request when it has its answer. Prints a line of JSON per phase. A request
// that finds no free connection when it is due is not sent, and is counted. Latency runs from the sending to the last byte.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point then) { return std::chrono::duration<double>(Clock::now() - then).count(); }

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

struct Phase {
  double rate = 0;
  double seconds = 0;
};

struct Counts {
  std::vector<float> accepted_ms, shed_ms, lag_ms;
  std::int64_t others = 0, unsent = 0, broken = 0;
  double last_shed_s = 0, last_slow_s = 0;
};

struct Connection {
  int descriptor = -1;
  bool busy = false;
  int status = 0;
  std::size_t left = 0;  // bytes of the answer's body to come
  bool in_body = false;
  std::string head;
  Clock::time_point sent;
};

float quantile(std::vector<float>& values, double share) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

class Load {
 public:
  Load(std::uint16_t port, std::size_t connections, const char* requests) : port_(port), connections_(connections) {
    read_requests(requests);
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    epoll_ = ::epoll_create1(0);
    for (std::size_t i = 0; i < connections; ++i) connect(i);
  }

  void run(const Phase& phase) {
    counts_ = {};
    began_ = Clock::now();
    double due = 0;
    closed_loop_ = phase.rate == 0;
    running_ = true;
    if (closed_loop_)
      while (!free_.empty()) send(take_free());
    while (seconds_since(began_) < phase.seconds) {
      const double now = seconds_since(began_);
      for (int burst = 0; !closed_loop_ && burst < 64 && due / phase.rate <= now; ++burst, ++due) send_due(now - due / phase.rate);
      receive(0);
    }
    running_ = false;
    report(phase);
  }

  /// Waits for what is under way, so that the next phase begins with free connections only where it should.
  void settle() {
    const auto began = Clock::now();
    while (free_.size() < connections_.size() && seconds_since(began) < 10) receive(10);
  }

 private:
  void read_requests(const char* path) {
    std::ifstream in(path, std::ios::binary);
    std::uint32_t size = 0;
    while (in.read(reinterpret_cast<char*>(&size), sizeof size)) {
      std::string text(size, '\0');
      in.read(text.data(), size);
      requests_.push_back(std::move(text));
    }
    if (requests_.empty()) fail(std::string("no requests in ") + path);
  }

  void connect(std::size_t i) {
    Connection& connection = connections_[i];
    connection = {};
    connection.descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(connection.descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
    const int on = 1;
    ::setsockopt(connection.descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.descriptor, &event);
    free_.push_back(i);
  }

  std::size_t take_free() {
    const std::size_t i = free_.back();
    free_.pop_back();
    return i;
  }

  void send_due(double lag_s) {
    if (free_.empty()) {
      ++counts_.unsent;
      return;
    }
    counts_.lag_ms.push_back(static_cast<float>(lag_s * 1000));
    send(take_free());
  }

  void send(std::size_t i) {
    Connection& connection = connections_[i];
    const std::string& text = requests_[next_++ % requests_.size()];
    connection.busy = true;
    connection.in_body = false;
    connection.head.clear();
    connection.sent = Clock::now();
    if (::send(connection.descriptor, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) broken(i);
  }

  void broken(std::size_t i) {
    ++counts_.broken;
    ::close(connections_[i].descriptor);
    connect(i);
  }

  void receive(int timeout_ms) {
    epoll_event events[256];
    const int count = ::epoll_wait(epoll_, events, 256, timeout_ms);
    for (int n = 0; n < count; ++n) read(events[n].data.u64);
  }

  void read(std::size_t i) {
    static char buffer[256 << 10];
    Connection& connection = connections_[i];
    const ssize_t got = ::recv(connection.descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return broken(i);
    std::string_view bytes(buffer, static_cast<std::size_t>(got));
    if (!connection.in_body) {
      connection.head += bytes;
      const std::size_t end = connection.head.find("\r\n\r\n");
      if (end == std::string::npos) return;
      const std::size_t length = connection.head.find("Content-Length: ");
      connection.status = std::atoi(connection.head.c_str() + 9);
      const auto size = static_cast<std::size_t>(std::atoll(connection.head.c_str() + length + 16));
      connection.left = size - std::min(size, connection.head.size() - end - 4);
      connection.in_body = true;
    } else {
      connection.left -= std::min(connection.left, bytes.size());
    }
    if (connection.left == 0) answered(i);
  }

  void answered(std::size_t i) {
    Connection& connection = connections_[i];
    const float took_ms = static_cast<float>(seconds_since(connection.sent) * 1000);
    if (connection.status == 200) counts_.accepted_ms.push_back(took_ms);
    if (connection.status == 503) counts_.shed_ms.push_back(took_ms);
    if (connection.status != 200 && connection.status != 503) ++counts_.others;
    if (connection.status == 503) counts_.last_shed_s = seconds_since(began_);
    if (took_ms > 100) counts_.last_slow_s = seconds_since(began_);
    connection.busy = false;
    if (closed_loop_ && running_) return send(i);
    free_.push_back(i);
  }

  void report(const Phase& phase) {
    Counts& c = counts_;
    const double accepted = static_cast<double>(c.accepted_ms.size()), shed = static_cast<double>(c.shed_ms.size());
    std::printf(
        "{\"offered_per_s\": %.0f, \"accepted_per_s\": %.0f, \"shed_per_s\": %.0f, \"shed_share\": %.4f, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f, \"shed_p99_ms\": %.2f, \"others\": %lld, "
        "\"unsent\": %lld, \"broken\": %lld, \"lag_p99_ms\": %.2f, \"last_shed_s\": %.2f, \"last_over_100_ms_s\": %.2f}\n",
        phase.rate, accepted / phase.seconds, shed / phase.seconds, accepted + shed > 0 ? shed / (accepted + shed) : 0, quantile(c.accepted_ms, 0.5), quantile(c.accepted_ms, 0.99),
        quantile(c.accepted_ms, 1), quantile(c.shed_ms, 0.99), static_cast<long long>(c.others), static_cast<long long>(c.unsent), static_cast<long long>(c.broken),
        quantile(c.lag_ms, 0.99), c.last_shed_s, c.last_slow_s);
    std::fflush(stdout);
  }

  std::uint16_t port_;
  std::vector<Connection> connections_;
  std::vector<std::size_t> free_;
  std::vector<std::string> requests_;
  std::size_t next_ = 0;
  int epoll_ = -1;
  Counts counts_;
  Clock::time_point began_;
  bool closed_loop_ = false;
  bool running_ = false;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::fprintf(stderr, "open_loop PORT CONNECTIONS REQUESTS_FILE RATE:SECONDS[,RATE:SECONDS]...\n");
    return 2;
  }
  Load load(static_cast<std::uint16_t>(std::atoi(arguments[1])), static_cast<std::size_t>(std::atoll(arguments[2])), arguments[3]);
  for (const char* at = arguments[4]; at;) {
    char* colon = nullptr;
    Phase phase;
    phase.rate = std::strtod(at, &colon);
    phase.seconds = std::strtod(colon + 1, nullptr);
    load.run(phase);
    at = std::strchr(at, ',');
    if (at) ++at;
    if (phase.rate == 0) load.settle();
  }
  return 0;
}
