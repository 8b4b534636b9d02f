#include "base/clock.h"

#include <array>
#include <chrono>

namespace plenoptic::base {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
std::int64_t days_of(int year, int month, int day) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)), std::chrono::day(static_cast<unsigned>(day))};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

bool is_date(int year, int month, int day) {
  return std::chrono::year_month_day{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)), std::chrono::day(static_cast<unsigned>(day))}.ok();
}

void put_digits(char* to, std::int64_t value, int count) {
  for (int i = count - 1; i >= 0; --i, value /= 10) to[i] = static_cast<char>('0' + value % 10);
}

/// Reads fixed-width parts of a text from its beginning.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  bool done() const { return rest_.empty(); }
  bool digits(int count, int& value) {
    if (rest_.size() < static_cast<std::size_t>(count)) return false;
    value = 0;
    for (int i = 0; i < count; ++i) {
      const char c = rest_[static_cast<std::size_t>(i)];
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(static_cast<std::size_t>(count));
    return true;
  }
  bool one_of(std::string_view wanted, char* which = nullptr) {
    if (rest_.empty() || wanted.find(rest_.front()) == std::string_view::npos) return false;
    if (which) *which = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  /// `.123456`: to milliseconds; true where there is none.
  bool fraction(int& milliseconds) {
    milliseconds = 0;
    if (!one_of(".")) return true;
    int read = 0;
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; rest_.remove_prefix(1), ++read)
      if (read < 3) milliseconds = milliseconds * 10 + (rest_.front() - '0');
    for (int i = read; i < 3; ++i) milliseconds *= 10;
    return read > 0;
  }

 private:
  std::string_view rest_;
};

constexpr std::string_view form = "must be an RFC 3339 time with an offset, like 2026-05-01T08:30:00Z, or a date like 2026-05-01";

std::unexpected<std::string> refuse(std::string_view why) { return std::unexpected(std::string(form) + std::string(why)); }

/// What is read back has four digits of a year. A leap second ends a day of UTC; no clock here counts it, and so it reads as the next day's beginning.
std::expected<std::int64_t, std::string> checked(std::int64_t utc, int second) {
  constexpr std::int64_t year_0 = -62'167'219'200'000, year_10000 = 253'402'300'800'000;
  if (utc < year_0 || utc >= year_10000) return refuse("; it lies outside the years 0000 to 9999");
  if (second == 60 && (utc - year_0) % day_ms >= 1000) return refuse("; the clock has no such time");
  return utc;
}

}  // namespace

std::int64_t SystemClock::now_ms() const { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

void append_timestamp(std::string& out, std::int64_t unix_ms) {
  std::int64_t days = unix_ms / day_ms;
  std::int64_t rest = unix_ms % day_ms;
  if (rest < 0) {
    rest += day_ms;
    --days;
  }
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  std::array<char, 24> text = {'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0', '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', 'Z'};
  put_digits(&text[0], static_cast<int>(date.year()), 4);
  put_digits(&text[5], static_cast<unsigned>(date.month()), 2);
  put_digits(&text[8], static_cast<unsigned>(date.day()), 2);
  put_digits(&text[11], rest / 3'600'000, 2);
  put_digits(&text[14], rest / 60'000 % 60, 2);
  put_digits(&text[17], rest / 1000 % 60, 2);
  put_digits(&text[20], rest % 1000, 3);
  out.append(text.data(), text.size());
}

std::string format_timestamp(std::int64_t unix_ms) {
  std::string out;
  append_timestamp(out, unix_ms);
  return out;
}

std::expected<std::int64_t, std::string> parse_timestamp(std::string_view text) {
  Reader reader(text);
  int year = 0, month = 0, day = 0;
  if (!reader.digits(4, year) || !reader.one_of("-") || !reader.digits(2, month) || !reader.one_of("-") || !reader.digits(2, day)) return refuse("");
  if (!is_date(year, month, day)) return refuse("; the calendar has no such day");
  const std::int64_t midnight = days_of(year, month, day) * day_ms;
  if (reader.done()) return midnight;

  int hour = 0, minute = 0, second = 0, milliseconds = 0;
  if (!reader.one_of("Tt") || !reader.digits(2, hour) || !reader.one_of(":") || !reader.digits(2, minute)) return refuse("");
  if (!reader.one_of(":") || !reader.digits(2, second) || !reader.fraction(milliseconds)) return refuse("");
  if (hour > 23 || minute > 59 || second > 60) return refuse("; the clock has no such time");
  const std::int64_t local = midnight + ((hour * 60LL + minute) * 60 + second) * 1000 + milliseconds;
  if (reader.one_of("Zz")) return reader.done() ? checked(local, second) : refuse("");

  char sign = '+';
  int offset_hour = 0, offset_minute = 0;
  if (!reader.one_of("+-", &sign)) return refuse("; the offset is missing");
  if (!reader.digits(2, offset_hour) || !reader.one_of(":") || !reader.digits(2, offset_minute) || !reader.done() || offset_hour > 23 || offset_minute > 59) return refuse("");
  const std::int64_t offset = (offset_hour * 60LL + offset_minute) * 60'000;
  return checked(sign == '+' ? local - offset : local + offset, second);
}

}  // namespace plenoptic::base
