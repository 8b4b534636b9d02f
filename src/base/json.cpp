#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <boost/json/basic_parser_impl.hpp>

#include "base/utf8.h"

namespace plenoptic::base {
namespace {

namespace bj = boost::json;

/// Builds values from the parser's events; keeps number text as it stands.
struct Builder {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  std::size_t max_values = 0;
  std::size_t values = 0;
  std::string problem;
  std::string text;  // of the key, string or number under way
  Json root;

  struct Frame {
    Json container;
    std::string key;
    std::set<std::string> keys;  // only once an object is large; in order, since hashes can be made to collide
  };
  std::vector<Frame> open;

  bool refuse(std::string why, bj::error_code& ec) {
    problem = std::move(why);
    ec = make_error_code(bj::error::syntax);
    return false;
  }

  bool put(Json value, bj::error_code& ec) {
    if (++values > max_values) return refuse(fmt::format("more than {} values", max_values), ec);
    if (open.empty())
      root = std::move(value);
    else if (open.back().container.is_object())
      open.back().container.members().emplace_back(std::move(open.back().key), std::move(value));
    else
      open.back().container.items().push_back(std::move(value));
    return true;
  }

  bool has_key(Frame& frame, const std::string& key) {
    constexpr std::size_t small = 16;
    const auto& members = frame.container.members();
    if (members.size() < small) return std::any_of(members.begin(), members.end(), [&](const JsonMember& member) { return member.first == key; });
    if (frame.keys.empty())
      for (const JsonMember& member : members) frame.keys.insert(member.first);
    return !frame.keys.insert(key).second;
  }

  bool close(bj::error_code& ec) {
    Json done = std::move(open.back().container);
    open.pop_back();
    return put(std::move(done), ec);
  }

  bool finish_number(bj::string_view rest, bj::error_code& ec) {
    text.append(rest.data(), rest.size());
    Json number(JsonNumber{std::move(text)});
    text.clear();
    return put(std::move(number), ec);
  }

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_object_begin(bj::error_code&) {
    open.push_back({Json::object(), {}, {}});
    return true;
  }
  bool on_object_end(std::size_t, bj::error_code& ec) { return close(ec); }
  bool on_array_begin(bj::error_code&) {
    open.push_back({Json::array(), {}, {}});
    return true;
  }
  bool on_array_end(std::size_t, bj::error_code& ec) { return close(ec); }
  bool on_key_part(bj::string_view part, std::size_t, bj::error_code&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_key(bj::string_view rest, std::size_t, bj::error_code& ec) {
    text.append(rest.data(), rest.size());
    if (has_key(open.back(), text)) return refuse(fmt::format("the key \"{}\" stands twice in one object", utf8_prefix(text, 80)), ec);
    open.back().key = std::move(text);
    text.clear();
    return true;
  }
  bool on_string_part(bj::string_view part, std::size_t, bj::error_code&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_string(bj::string_view rest, std::size_t, bj::error_code& ec) {
    text.append(rest.data(), rest.size());
    Json value(std::move(text));
    text.clear();
    return put(std::move(value), ec);
  }
  bool on_number_part(bj::string_view part, bj::error_code&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t, bj::string_view rest, bj::error_code& ec) { return finish_number(rest, ec); }
  bool on_uint64(std::uint64_t, bj::string_view rest, bj::error_code& ec) { return finish_number(rest, ec); }
  bool on_double(double, bj::string_view rest, bj::error_code& ec) { return finish_number(rest, ec); }
  bool on_bool(bool value, bj::error_code& ec) { return put(Json(value), ec); }
  bool on_null(bj::error_code& ec) { return put(Json(), ec); }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }
};

std::string describe(const bj::error_code& ec) {
  if (ec == bj::error::incomplete) return "it ends too early";
  if (ec == bj::error::extra_data) return "something follows the value";
  if (ec == bj::error::too_deep) return "it is nested too deeply";
  if (ec == bj::error::expected_utf16_escape || ec == bj::error::illegal_leading_surrogate || ec == bj::error::illegal_trailing_surrogate || ec == bj::error::expected_hex_digit)
    return "a \\u escape is broken";
  if (ec == bj::error::exponent_overflow) return "a number's exponent is too large";
  return "it is not as JSON should be";
}

JsonError error_at(std::string_view text, std::size_t offset, std::string message) {
  JsonError error{std::move(message), 1, 1};
  for (std::size_t i = 0; i < std::min(offset, text.size()); ++i) {
    if (text[i] == '\n') {
      ++error.line;
      error.column = 1;
    } else {
      ++error.column;
    }
  }
  return error;
}

const Json null_json;

}  // namespace

Json::Json(double value) {
  if (!std::isfinite(value)) return;
  std::array<char, 32> buffer;
  const auto [end, failure] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  data_ = JsonNumber{std::string(buffer.data(), end)};
}

Json::Json(Array value) : data_(std::move(value)) {}
Json::Json(Object value) : data_(std::move(value)) {}

Json Json::object(std::initializer_list<JsonMember> members) { return Json(Object(members)); }
Json Json::array(std::initializer_list<Json> items) { return Json(Array(items)); }

double Json::number_as_double() const { return std::strtod(number_text().c_str(), nullptr); }

std::expected<std::int64_t, std::monostate> Json::number_as_int64() const {
  const std::string& text = number_text();
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::unexpected(std::monostate());
  return value;
}

const Json* Json::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  for (const JsonMember& member : members())
    if (member.first == key) return &member.second;
  return nullptr;
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) data_ = Object();
  for (JsonMember& member : members())
    if (member.first == key) return member.second;
  return members().emplace_back(std::string(key), Json()).second;
}

const Json& Json::at(std::string_view key) const {
  const Json* found = find(key);
  return found ? *found : null_json;
}

const Json& Json::at(std::size_t index) const { return is_array() && index < items().size() ? items()[index] : null_json; }

void Json::push_back(Json item) {
  if (is_null()) data_ = Array();
  items().push_back(std::move(item));
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\u00";
        out += hex[c >> 4];
        out += hex[c & 15];
    }
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

void Json::dump_to(std::string& out) const {
  switch (kind()) {
    case Kind::null: out += "null"; return;
    case Kind::boolean: out += boolean() ? "true" : "false"; return;
    case Kind::number: out += number_text(); return;
    case Kind::string: append_json_string(out, string()); return;
    case Kind::array: {
      out += '[';
      for (std::size_t i = 0; i < items().size(); ++i) {
        if (i > 0) out += ',';
        items()[i].dump_to(out);
      }
      out += ']';
      return;
    }
    case Kind::object: {
      out += '{';
      for (std::size_t i = 0; i < members().size(); ++i) {
        if (i > 0) out += ',';
        append_json_string(out, members()[i].first);
        out += ':';
        members()[i].second.dump_to(out);
      }
      out += '}';
    }
  }
}

std::string Json::dump() const {
  std::string out;
  dump_to(out);
  return out;
}

std::expected<Json, JsonError> parse_json(std::string_view text, const JsonLimits& limits) {
  bj::parse_options options;
  options.max_depth = limits.max_depth;
  bj::basic_parser<Builder> parser(options);
  parser.handler().max_values = limits.max_values;
  bj::error_code ec;
  const std::size_t consumed = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && consumed < text.size()) ec = bj::error::extra_data;
  if (ec) {
    std::string message = parser.handler().problem.empty() ? describe(ec) : std::move(parser.handler().problem);
    return std::unexpected(error_at(text, consumed, std::move(message)));
  }
  return std::move(parser.handler().root);
}

}  // namespace plenoptic::base
