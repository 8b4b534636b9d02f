// Requests, answers, and who handles them. Light: no Boost here; everyone above includes this.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plenoptic::http {

struct Header {
  std::string_view name;
  std::string_view value;
};

/// Valid until its Responder has sent, or is gone.
struct Request {
  std::string_view method;  // `GET`
  std::string_view path;    // raw (percent-encoded), up to `?`
  std::string_view query;   // raw, after `?`
  std::string_view body;
  std::span<const Header> headers;
  /// The declared or streamed body passes the limit: `body` is empty, and the connection closes after the answer.
  bool body_too_large = false;
  /// From the arrival of its last bytes in the kernel until now, where that is known.
  std::chrono::nanoseconds waited{};
  /// More waits than can be answered in time, and this waited too long already: whoever can do without it should.
  bool overdue = false;
  /// It came through the owner-only Unix socket.
  bool trusted_local = false;

  /// Without regard to case; the first of that name, or empty.
  std::string_view header(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

class AnswerSink;

/// An answer on its way to where it is written.
struct WaitingAnswer {
  std::shared_ptr<AnswerSink> sink;
  Response response;
};

/// Where a connection takes its answer from. Implemented by the server.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  /// From any thread. Takes the caller's share of the sink with it, so that the sink ends on its own thread.
  virtual void answer(std::shared_ptr<AnswerSink> self, Response&& response) = 0;
  /// Sinks of one home can be answered together.
  virtual const void* home() const = 0;
  /// As `answer`, for this sink and others of its home.
  virtual void answer_together(std::vector<WaitingAnswer>&& answers) = 0;
  /// Of answers that clients have not read yet, over all connections.
  virtual std::size_t unsent_bytes() const = 0;
};

/// While it stands, answers sent on this thread wait in it; when it goes, they leave together: one wake-up for each I/O thread
/// instead of one for each answer. One at a time on a thread.
class AnswerBatch {
 public:
  AnswerBatch();
  ~AnswerBatch();
  AnswerBatch(const AnswerBatch&) = delete;
  AnswerBatch& operator=(const AnswerBatch&) = delete;
  void add(WaitingAnswer answer) { answers_.push_back(std::move(answer)); }

 private:
  std::vector<WaitingAnswer> answers_;
};

/// Answers one request, once, from any thread. Gone without having sent, it answers 500.
class Responder {
 public:
  Responder() = default;
  explicit Responder(std::shared_ptr<AnswerSink> sink) : sink_(std::move(sink)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) noexcept = default;
  ~Responder();
  void send(Response&& response);
  /// Of all answers that clients have not read yet.
  std::size_t unsent_bytes() const { return sink_ ? sink_->unsent_bytes() : 0; }

 private:
  std::shared_ptr<AnswerSink> sink_;
};

/// What is wrong before there is a request.
enum class ProtocolError : std::uint8_t {
  bad_request,
  headers_too_large,
  uri_too_long,
  timeout,
  not_implemented,
  version_not_supported,
  too_many_connections,
  too_much_held,
  internal
};

class Handler {
 public:
  virtual ~Handler() = default;
  /// On an I/O thread; must not block for long.
  virtual void handle(const Request& request, Responder responder) = 0;
  virtual Response protocol_error(ProtocolError error) = 0;
};

}  // namespace plenoptic::http
