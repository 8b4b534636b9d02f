#include "http/connection.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/asio/post.hpp>
#include <boost/beast/http/status.hpp>

namespace plenoptic::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_output = 256 << 10;  // pipelined answers wait to be written at most
constexpr std::size_t most_lingered = 8 << 20;  // of a refused body that is read and thrown away
constexpr int linger_ms = 2000;
constexpr std::size_t few_bytes = 4 << 10;    // of a request: not counted among what all connections hold
constexpr std::size_t most_spare = 64 << 10;  // a thread's buffer for answers, between them
constexpr int most_in_a_turn = 16;            // pipelined requests, before the thread's other connections go on

thread_local IoThread* current_thread = nullptr;

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

/// Its memory too, which `= {}` would keep.
void release(std::string& buffer) { std::string().swap(buffer); }

/// The clock that the kernel stamps arrivals with.
std::chrono::nanoseconds arrival_clock() { return std::chrono::system_clock::now().time_since_epoch(); }

}  // namespace

void set_current_thread(IoThread* thread) { current_thread = thread; }

Connection::Connection(Shared& shared, IoThread& thread, std::unique_ptr<Stream> stream, bool trusted_local)
    : shared_(shared), thread_(thread), stream_(std::move(stream)), trusted_local_(trusted_local) {
  shared_.open_connections.fetch_add(1, std::memory_order_relaxed);
  thread_.connections.insert(this);
}

Connection::~Connection() {
  shared_.held_bytes.fetch_sub(held_, std::memory_order_relaxed);
  shared_.unsent_bytes.fetch_sub(unsent_, std::memory_order_relaxed);
  thread_.connections.erase(this);
  shared_.open_connections.fetch_sub(1, std::memory_order_relaxed);
}

void Connection::start() {
  set_deadline(shared_.options.header_timeout_ms);
  stream_->open([self = shared_from_this()](error_code failure, std::size_t) {
    if (failure || self->state_ == State::closed) return self->close();
    self->state_ = State::reading;
    self->read();
  });
}

void Connection::turn_away() {
  set_deadline(shared_.options.header_timeout_ms);
  stream_->open([self = shared_from_this()](error_code failure, std::size_t) {
    if (failure) return self->close();
    self->refuse(ProtocolError::too_many_connections);
  });
}

void Connection::drain() {
  close_after_ = true;
  if (idle()) close();
}

void Connection::check_deadline(Clock::time_point now) {
  if (state_ == State::closed || now < deadline_ || (state_ == State::handling && !writing_)) return;
  const bool request_begun = state_ == State::reading && !writing_ && !input_.empty();
  if (request_begun) return refuse(ProtocolError::timeout);
  close();
}

void Connection::read() {
  if (reading_ || peer_finished_ || state_ == State::closed) return;
  reading_ = true;
  if (input_.empty()) set_arrival_deadline_ = true;
  stream_->read_into(input_, [self = shared_from_this()](error_code failure, std::size_t count) {
    self->reading_ = false;
    if (self->state_ == State::closed) return;
    if (failure) {
      self->peer_finished_ = true;
      count = 0;
    }
    self->on_read(count);
  });
}

void Connection::on_read(std::size_t count) {
  if (state_ == State::lingering) {
    lingered_ += count;
    input_.clear();
    if (peer_finished_ || lingered_ > most_lingered) return close();
    return read();
  }
  if (set_arrival_deadline_ && count > 0) {
    set_arrival_deadline_ = false;
    set_deadline(shared_.options.header_timeout_ms);
  }
  if (count > 0) note_arrival();
  if (state_ == State::reading && !count_held() && !trusted_local_) return refuse(ProtocolError::too_much_held);
  if (state_ == State::reading) advance();
}

/// Bodies are read before a key is looked at: without a bound over all of them, anyone could fill the memory with halves of requests.
bool Connection::count_held() {
  const std::size_t size = input_.size() + (parser_ ? parser_->chunked_body.size() : 0);
  const std::size_t now = size > few_bytes ? size : 0, before = std::exchange(held_, now);
  if (now == before) return true;
  const std::size_t all = shared_.held_bytes.fetch_add(now - before, std::memory_order_relaxed) + (now - before);
  return now < before || all <= shared_.options.max_held_bytes;
}

void Connection::count_unsent() {
  const std::size_t size = output_.size() + in_flight_.size();
  const std::size_t now = size > few_bytes ? size : 0, before = std::exchange(unsent_, now);
  if (now != before) shared_.unsent_bytes.fetch_add(now - before, std::memory_order_relaxed);
}

/// A write was done, and is told of in any case.
bool Connection::may_answer(const Response& response) const {
  if (!reads_only_ || trusted_local_ || response.body.size() <= few_bytes) return true;
  return unsent_bytes() + response.body.size() <= shared_.options.max_held_bytes;
}

/// What came while the connection was busy with the request before waited for that, not for the thread: it tells nothing.
void Connection::note_arrival() {
  const std::chrono::nanoseconds arrived(stream_->arrived_ns());
  waited_ = std::chrono::nanoseconds::zero();
  overdue_ = false;
  if (arrived.count() == 0 || arrived < free_since_) return;
  const std::chrono::nanoseconds now = arrival_clock();
  waited_ = std::max(now - arrived, waited_);
  overdue_ = thread_.queue.is_overdue(waited_, now);
}

void Connection::advance() {
  if (in_advance_) return;
  in_advance_ = true;
  const auto self = shared_from_this();
  int taken = 0;
  while (state_ == State::reading && !writing_ && output_.size() < most_output && taken < most_in_a_turn && take_request()) ++taken;
  turn_over_ = taken == most_in_a_turn;
  in_advance_ = false;
  if (state_ == State::closed || state_ == State::lingering || writing_) return;
  if (!output_.empty()) return flush();
  if (state_ != State::reading) return;
  if (peer_finished_) return close();
  if (close_after_ && input_.empty()) return close();
  read();
}

bool Connection::take_request() {
  if (!parser_ && !take_head()) return false;
  if (!take_body()) return false;
  dispatch();
  return state_ == State::reading;
}

bool Connection::take_head() {
  // Blank lines before a request line are passed over (RFC 9112, 2.2).
  const std::size_t begin = std::min(input_.find_first_not_of("\r\n"), input_.size());
  if (begin > 0) input_.erase(0, begin);
  if (input_.empty()) {
    input_.shrink_to_fit();
    set_deadline(shared_.options.idle_timeout_ms);
    return false;
  }
  const ServerOptions& options = shared_.options;
  const std::size_t from = searched_ < 3 ? 0 : searched_ - 3;
  const std::size_t end = input_.find("\r\n\r\n", from);
  searched_ = input_.size();
  const std::size_t seen = end == std::string::npos ? input_.size() : end + 4;
  const std::size_t line = std::min(input_.find("\r\n"), input_.size());
  if (line > options.max_uri_bytes + 32) return refuse(ProtocolError::uri_too_long), false;
  if (seen > options.max_header_bytes) return refuse(ProtocolError::headers_too_large), false;
  if (end == std::string::npos) return false;

  head_size_ = seen;
  parser_.emplace();
  parser_->set_base(input_.data(), head_size_, options.max_headers, options.max_body_bytes);
  parser_->header_limit(static_cast<std::uint32_t>(options.max_header_bytes));
  parser_->body_limit(boost::none);
  parser_->eager(false);
  error_code error;
  parser_->put(asio::buffer(input_.data(), head_size_), error);
  if (error == beast_http::error::need_more) error = {};
  if (error || !parser_->is_header_done()) return refuse(error ? protocol_error_of(error) : ProtocolError::bad_request), false;
  if (const auto unclear = unclear_framing(*parser_, input_)) return refuse(*unclear), false;
  set_deadline(options.body_timeout_ms);
  const std::uint64_t length = parser_->content_length().value_or(0);
  body_too_large_ = length > options.max_body_bytes;
  body_size_ = body_too_large_ ? 0 : static_cast<std::size_t>(length);
  if (body_too_large_) return true;
  if ((body_size_ > 0 || parser_->chunked()) && waits_to_send(*parser_, input_)) output_ += "HTTP/1.1 100 Continue\r\n\r\n";
  return true;
}

bool Connection::take_body() {
  if (body_too_large_) return true;
  if (!parser_->chunked()) return input_.size() >= head_size_ + body_size_;
  error_code error;
  parser_->eager(true);
  while (!parser_->is_done() && input_.size() > head_size_) {
    const std::size_t used = parser_->put(asio::buffer(input_.data() + head_size_, input_.size() - head_size_), error);
    input_.erase(head_size_, used);
    if (error == beast_http::error::need_more) break;
    if (error) return refuse(ProtocolError::bad_request), false;
  }
  if (parser_->chunked_too_large) body_too_large_ = true;
  if (!parser_->is_done() && input_.size() > head_size_ + shared_.options.max_header_bytes) return refuse(ProtocolError::bad_request), false;
  return parser_->is_done() || body_too_large_;
}

void Connection::dispatch() {
  const RequestParser& parser = *parser_;
  headers_.clear();
  for (const auto& [name, value] : parser.headers) headers_.push_back({piece(name), piece(value)});
  Request request;
  request.method = piece(parser.method);
  const std::string_view target = piece(parser.target);
  const std::size_t question = std::min(target.find('?'), target.size());
  request.path = target.substr(0, question);
  request.query = target.substr(std::min(question + 1, target.size()));
  request.headers = headers_;
  request.body_too_large = body_too_large_;
  request.trusted_local = trusted_local_;
  request.waited = std::exchange(waited_, {});
  request.overdue = overdue_;
  if (!body_too_large_) request.body = parser.chunked() ? std::string_view(parser.chunked_body) : std::string_view(input_).substr(head_size_, body_size_);
  head_only_ = request.method == "HEAD";
  reads_only_ = head_only_ || request.method == "GET";
  if (head_only_) request.method = "GET";
  close_after_ = close_after_ || !parser.keep_alive() || body_too_large_;
  state_ = State::handling;
  // What a write answers is told in any case, once it is done: so it is not begun. (Kept answers to repeated writes may be large.)
  if (!reads_only_ && !trusted_local_ && unsent_bytes() > shared_.options.max_held_bytes) return take_answer(shared_.handler.protocol_error(ProtocolError::too_much_held));
  shared_.handler.handle(request, Responder(shared_from_this()));
}

void Connection::answer(std::shared_ptr<AnswerSink> self, Response&& response) {
  if (current_thread == &thread_) return take_answer(std::move(response));
  // The share goes along: were it let go here, the connection could end on the wrong thread.
  asio::post(thread_.context, [this, self = std::move(self), response = std::move(response)]() mutable { take_answer(std::move(response)); });
}

void Connection::answer_together(std::vector<WaitingAnswer>&& answers) {
  asio::post(thread_.context, [answers = std::move(answers)]() mutable {
    for (WaitingAnswer& answer : answers) static_cast<Connection&>(*answer.sink).take_answer(std::move(answer.response));
  });
}

void Connection::take_answer(Response&& response) {
  if (state_ != State::handling) return;
  if (thread_.draining) close_after_ = true;
  append_answer(may_answer(response) ? response : shared_.handler.protocol_error(ProtocolError::too_much_held));
  input_.erase(0, head_size_ + (parser_->chunked() || body_too_large_ ? 0 : body_size_));
  // A byte of a next request shall not keep the memory of a large body.
  if (input_.capacity() > most_spare && input_.size() < input_.capacity() / 4) input_.shrink_to_fit();
  searched_ = 0;
  const bool must_linger = body_too_large_;
  parser_.reset();
  count_held();
  body_too_large_ = false;
  state_ = close_after_ ? State::ending : State::reading;
  free_since_ = arrival_clock();
  if (must_linger) lingered_ = 1;
  // Answered within handle(): advance() goes on by itself and writes what has gathered.
  if (in_advance_) return;
  if (state_ == State::reading)
    advance();
  else
    flush();
}

void Connection::append_answer(const Response& response) {
  if (output_.empty()) output_.swap(thread_.spare_output);
  const auto reason = beast_http::obsolete_reason(static_cast<beast_http::status>(response.status));
  output_ += "HTTP/1.1 ";
  append_number(output_, static_cast<std::uint64_t>(response.status));
  output_ += ' ';
  output_.append(reason.data(), reason.size());
  output_ += "\r\nDate: ";
  output_ += thread_.date_header();
  output_ += "\r\nContent-Type: ";
  output_ += response.content_type;
  output_ += "\r\nContent-Length: ";
  append_number(output_, response.body.size());
  for (const auto& [name, value] : response.headers) {
    output_ += "\r\n";
    output_ += name;
    output_ += ": ";
    output_ += value;
  }
  output_ += close_after_ ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n";
  if (!head_only_) output_ += response.body;
  count_unsent();
}

void Connection::refuse(ProtocolError error) {
  close_after_ = true;
  head_only_ = false;
  append_answer(shared_.handler.protocol_error(error));
  parser_.reset();
  release(input_);
  count_held();
  lingered_ = 1;
  state_ = State::ending;
  if (!in_advance_) flush();
}

void Connection::flush() {
  if (writing_) return;
  const std::size_t sent = stream_->write_now(output_);
  if (sent == output_.size()) {
    output_.clear();
    count_unsent();
    return after_flush();
  }
  // A slow reader: nothing more is taken from it until this is gone.
  in_flight_.swap(output_);
  written_ = sent;
  writing_ = true;
  set_deadline(shared_.options.write_timeout_ms);  // for all of it: a reader that takes a byte now and then is cut off too
  write_on();
}

void Connection::write_on() {
  stream_->write_some(in_flight_.data() + written_, in_flight_.size() - written_, [self = shared_from_this()](error_code failure, std::size_t count) {
    if (self->state_ == State::closed) return;
    if (failure) return self->close();
    self->written_ += count;
    if (self->written_ < self->in_flight_.size()) return self->write_on();
    self->writing_ = false;
    self->free_since_ = arrival_clock();
    release(self->in_flight_);
    self->count_unsent();
    self->output_.empty() ? self->after_flush() : self->flush();
  });
}

/// An idle connection holds no buffer; the thread keeps one for whoever answers next.
void Connection::put_away_output() {
  if (output_.capacity() > thread_.spare_output.capacity() && output_.capacity() <= most_spare) output_.swap(thread_.spare_output);
  release(output_);
}

void Connection::after_flush() {
  put_away_output();
  if (state_ == State::handling) return;
  if (state_ == State::ending || close_after_) return lingered_ > 0 ? linger() : close();
  // What came behind the request before begins now: while answers were written, nothing was read.
  const ServerOptions& options = shared_.options;
  set_deadline(parser_ ? options.body_timeout_ms : input_.empty() ? options.idle_timeout_ms : options.header_timeout_ms);
  turn_over_ ? rest() : advance();
}

/// The thread's other connections have their turn before this one goes on.
void Connection::rest() {
  turn_over_ = false;
  asio::post(thread_.context, [self = shared_from_this()] { self->advance(); });
}

/// Closing with unread bytes would reset the connection and take the answer with it: read on for a moment.
void Connection::linger() {
  state_ = State::lingering;
  set_deadline(linger_ms);
  stream_->finish_writing();
  if (peer_finished_) return close();
  read();
}

void Connection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  stream_->close();
}

void Connection::set_deadline(int timeout_ms) { deadline_ = Clock::now() + std::chrono::milliseconds(timeout_ms); }

}  // namespace plenoptic::http
