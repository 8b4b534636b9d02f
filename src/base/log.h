// The log: one JSON object a line. Buffered; flushed each second, and at once from warnings on. Any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace plenoptic::base {

enum class LogLevel : std::uint8_t { debug, info, warn, error, off };
/// Throws std::invalid_argument naming the levels.
LogLevel parse_log_level(std::string_view name);

struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double> value;
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const std::string& text) : key(name), value(std::string_view(text)) {}
  LogField(std::string_view name, const char* text) : key(name), value(std::string_view(text)) {}
  LogField(std::string_view name, int number) : key(name), value(static_cast<std::int64_t>(number)) {}
  LogField(std::string_view name, std::int64_t number) : key(name), value(number) {}
  LogField(std::string_view name, double number) : key(name), value(number) {}
};
using LogFields = std::initializer_list<LogField>;

class Log {
 public:
  /// Lines go to standard error.
  explicit Log(LogLevel least);
  ~Log();
  void info(std::string_view event, LogFields fields = {}) { line(LogLevel::info, event, fields); }
  void warn(std::string_view event, LogFields fields = {}) { line(LogLevel::warn, event, fields); }
  void error(std::string_view event, LogFields fields = {}) { line(LogLevel::error, event, fields); }
  void line(LogLevel level, std::string_view event, LogFields fields);
  void flush();

 private:
  struct State;
  LogLevel least_;
  std::unique_ptr<State> state_;
};

}  // namespace plenoptic::base
