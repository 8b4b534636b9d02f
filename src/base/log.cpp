#include "base/log.h"

#include <cstdio>
#include <mutex>
#include <stdexcept>

#include <unistd.h>

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include "base/clock.h"
#include "base/json.h"

namespace plenoptic::base {
namespace {

constexpr std::string_view names[] = {"debug", "info", "warn", "error", "off"};

/// Standard error with a buffer of its own; the library's own console sinks flush each line.
class BufferedStderr final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  BufferedStderr() {
    if (const int copy = ::dup(STDERR_FILENO); copy >= 0) stream_ = ::fdopen(copy, "a");
  }
  ~BufferedStderr() override {
    if (stream_) std::fclose(stream_);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (stream_) std::fwrite(line.data(), 1, line.size(), stream_);
  }
  void flush_() override {
    if (stream_) std::fflush(stream_);
  }

  std::FILE* stream_ = nullptr;
};

}  // namespace

LogLevel parse_log_level(std::string_view name) {
  for (std::size_t i = 0; i < std::size(names); ++i)
    if (names[i] == name) return static_cast<LogLevel>(i);
  throw std::invalid_argument("the log level must be debug, info, warn, error or off, not '" + std::string(name) + "'");
}

struct Log::State {
  std::shared_ptr<spdlog::logger> logger;
};

Log::Log(LogLevel least) : least_(least), state_(std::make_unique<State>()) {
  auto sink = std::make_shared<BufferedStderr>();
  state_->logger = std::make_shared<spdlog::logger>("plenoptic", std::move(sink));
  state_->logger->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
  state_->logger->flush_on(spdlog::level::warn);
  spdlog::register_logger(state_->logger);
  spdlog::flush_every(std::chrono::seconds(1));
}

Log::~Log() {
  flush();
  spdlog::drop("plenoptic");
}

void Log::line(LogLevel level, std::string_view event, LogFields fields) {
  if (level < least_) return;
  std::string out = "{\"time\":\"";
  append_timestamp(out, SystemClock().now_ms());
  out += "\",\"level\":\"";
  out += names[static_cast<std::size_t>(level)];
  out += "\",\"event\":";
  append_json_string(out, event);
  for (const LogField& field : fields) {
    out += ',';
    append_json_string(out, field.key);
    out += ':';
    if (const auto* text = std::get_if<std::string_view>(&field.value)) append_json_string(out, *text);
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) out += std::to_string(*number);
    if (const auto* real = std::get_if<double>(&field.value)) fmt::format_to(std::back_inserter(out), "{:.3f}", *real);
  }
  out += '}';
  const auto spd_level = level >= LogLevel::warn ? spdlog::level::warn : spdlog::level::info;
  state_->logger->log(spd_level, spdlog::string_view_t(out.data(), out.size()));
}

void Log::flush() { state_->logger->flush(); }

}  // namespace plenoptic::base
