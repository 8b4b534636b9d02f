// One connection: reads requests one after the other (pipelined ones too), hands each to the handler, writes the answers in
// order. Lives on one I/O thread; only answer() may come from elsewhere. For src/http alone (heavy).
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include <boost/asio/io_context.hpp>

#include "http/head_parser.h"
#include "http/message.h"
#include "http/server.h"
#include "http/standing_queue.h"
#include "http/stream.h"

namespace plenoptic::http {

class Connection;

/// One thread's loop and the connections that live on it.
struct IoThread {
  explicit IoThread(StandingQueue::Duration overload_target) : queue(overload_target) {}

  StandingQueue queue;
  std::string spare_output;  // a buffer for the next answer
  std::unordered_set<Connection*> connections;
  /// Kept for a second.
  const std::string& date_header();
  std::string date;
  std::int64_t date_second = 0;
  bool draining = false;  // stopping: no connection is kept alive
  /// Last, so that it goes first: the handlers that it still holds own connections, which sign off above.
  boost::asio::io_context context{1};
};

/// What all connections share.
struct Shared {
  const ServerOptions& options;
  Handler& handler;
  std::atomic<std::size_t> open_connections = 0;
  std::atomic<std::size_t> held_bytes = 0;    // of requests not answered yet, where a connection has more than a few
  std::atomic<std::size_t> unsent_bytes = 0;  // of answers, likewise
};

class Connection final : public AnswerSink, public std::enable_shared_from_this<Connection> {
 public:
  Connection(Shared& shared, IoThread& thread, std::unique_ptr<Stream> stream, bool trusted_local);
  ~Connection() override;

  void start();
  /// Answers 503 and closes: there are too many connections.
  void turn_away();
  /// Closes at once where idle; else after the answer under way.
  void drain();
  /// Called now and then: closes what has waited too long.
  void check_deadline(std::chrono::steady_clock::time_point now);
  void answer(std::shared_ptr<AnswerSink> self, Response&& response) override;
  const void* home() const override { return &thread_; }
  void answer_together(std::vector<WaitingAnswer>&& answers) override;
  std::size_t unsent_bytes() const override { return shared_.unsent_bytes.load(std::memory_order_relaxed); }
  bool idle() const { return state_ == State::reading && input_.empty() && output_.empty() && !writing_; }

 private:
  enum class State { opening, reading, handling, ending, lingering, closed };

  void read();
  void on_read(std::size_t count);
  void note_arrival();
  /// How much of its client's it holds. False where that grew and all connections together hold more than they may.
  bool count_held();
  void count_unsent();
  /// False where all connections together hold so much of answers that nobody has read yet that this one is not to come on top.
  bool may_answer(const Response& response) const;
  /// Takes requests from the input for as long as they are whole and answered at once.
  void advance();
  /// False where more bytes are needed, or the request is under way, or the connection ends.
  bool take_request();
  bool take_head();
  bool take_body();
  void dispatch();
  void refuse(ProtocolError error);
  void take_answer(Response&& response);
  void append_answer(const Response& response);
  void flush();
  void write_on();
  void put_away_output();
  void after_flush();
  void rest();
  void linger();
  void close();
  void set_deadline(int timeout_ms);
  std::string_view piece(const Piece& piece) const { return std::string_view(input_).substr(piece.offset, piece.size); }

  Shared& shared_;
  IoThread& thread_;
  std::unique_ptr<Stream> stream_;
  const bool trusted_local_;

  State state_ = State::opening;
  std::chrono::steady_clock::time_point deadline_;
  std::string input_;         // unread bytes: the head of the request under way stands at its beginning
  std::size_t held_ = 0;      // of them and of a chunked body, as the others know it
  std::size_t unsent_ = 0;    // of `output_` and `in_flight_`, as the others know it
  std::size_t searched_ = 0;  // how far the end of the head was looked for
  std::string output_;        // answers not yet given to the stream
  std::string in_flight_;     // what the stream is writing
  std::size_t written_ = 0;   // of `in_flight_`
  bool writing_ = false;
  bool set_arrival_deadline_ = false;  // the next byte is a request's first
  bool reading_ = false;               // a read is under way
  bool peer_finished_ = false;         // the peer sends no more
  bool close_after_ = false;           // the answer under way is the last
  bool in_advance_ = false;
  bool turn_over_ = false;                 // it has had its turn: others of this thread go first
  std::chrono::nanoseconds free_since_{};  // since when it could take another request, by the clock of arrivals
  std::chrono::nanoseconds waited_{};      // the request read last, for its thread
  bool overdue_ = false;

  // The request under way.
  std::optional<RequestParser> parser_;
  std::size_t head_size_ = 0;
  std::size_t body_size_ = 0;
  bool body_too_large_ = false;
  bool head_only_ = false;   // HEAD
  bool reads_only_ = false;  // GET or HEAD
  std::vector<Header> headers_;
  std::size_t lingered_ = 0;
};

}  // namespace plenoptic::http
