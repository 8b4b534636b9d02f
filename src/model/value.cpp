#include "model/value.h"

#include <algorithm>
#include <stdexcept>

namespace plenoptic::model {
namespace {

const Value unset_value;

/// The stored form of one value: a tag and what it says follows.
enum class Tag : std::uint8_t { unset, no, yes, integer, text, texts, option, options, full_name, address };

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out += text;
}

/// Parts that may be absent: a bit for each, then those there are.
void put_parts(std::string& out, std::initializer_list<const std::optional<std::string>*> parts) {
  unsigned present = 0, bit = 1;
  for (const auto* part : parts) {
    if (*part) present |= bit;
    bit <<= 1;
  }
  out += static_cast<char>(present);
  for (const auto* part : parts)
    if (*part) put_text(out, **part);
}

struct Encoder {
  std::string& out;
  void tag(Tag tag) { out += static_cast<char>(tag); }
  void operator()(std::monostate) { tag(Tag::unset); }
  void operator()(bool value) { tag(value ? Tag::yes : Tag::no); }
  void operator()(std::int64_t value) {
    tag(Tag::integer);
    put_varint(out, (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void operator()(const std::string& value) {
    tag(Tag::text);
    put_text(out, value);
  }
  void operator()(const std::vector<std::string>& value) {
    tag(Tag::texts);
    put_varint(out, value.size());
    for (const std::string& text : value) put_text(out, text);
  }
  void operator()(OptionNumber value) {
    tag(Tag::option);
    put_varint(out, value.value);
  }
  void operator()(const std::vector<OptionNumber>& value) {
    tag(Tag::options);
    put_varint(out, value.size());
    for (OptionNumber option : value) put_varint(out, option.value);
  }
  void operator()(const FullName& value) {
    tag(Tag::full_name);
    put_parts(out, {&value.first_name, &value.last_name});
  }
  void operator()(const Address& value) {
    tag(Tag::address);
    put_parts(out, {&value.street, &value.street2, &value.city, &value.state, &value.postal_code, &value.country, &value.latitude, &value.longitude});
  }
};

[[noreturn]] void corrupt() { throw std::runtime_error("a stored record does not decode"); }

/// Reads what Encoder wrote, never past the end.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}
  bool done() const { return rest_.empty(); }

  std::uint8_t byte() {
    if (rest_.empty()) corrupt();
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t part = byte();
      value |= static_cast<std::uint64_t>(part & 0x7f) << shift;
      if (!(part & 0x80)) return value;
    }
    corrupt();
  }

  std::uint32_t small() {
    const std::uint64_t value = varint();
    if (value > UINT32_MAX) corrupt();
    return static_cast<std::uint32_t>(value);
  }

  /// A number of items, each of which takes a byte at least.
  std::size_t count() {
    const std::uint64_t value = varint();
    if (value > rest_.size()) corrupt();
    return static_cast<std::size_t>(value);
  }

  std::string_view text() {
    const std::size_t size = count();
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }

  void parts(std::initializer_list<std::optional<std::string>*> parts) {
    const unsigned present = byte();
    if (present >> parts.size()) corrupt();
    unsigned bit = 1;
    for (auto* part : parts) {
      if (present & bit) *part = std::string(text());
      bit <<= 1;
    }
  }

  Value value() {
    switch (static_cast<Tag>(byte())) {
      case Tag::unset: return {};
      case Tag::no: return false;
      case Tag::yes: return true;
      case Tag::integer: {
        const std::uint64_t folded = varint();
        return static_cast<std::int64_t>((folded >> 1) ^ (~(folded & 1) + 1));
      }
      case Tag::text: return std::string(text());
      case Tag::texts: {
        std::vector<std::string> texts(count());
        for (std::string& item : texts) item = text();
        return texts;
      }
      case Tag::option: return OptionNumber{small()};
      case Tag::options: {
        std::vector<OptionNumber> options(count());
        for (OptionNumber& option : options) option.value = small();
        return options;
      }
      case Tag::full_name: {
        FullName name;
        parts({&name.first_name, &name.last_name});
        return name;
      }
      case Tag::address: {
        Address address;
        parts({&address.street, &address.street2, &address.city, &address.state, &address.postal_code, &address.country, &address.latitude, &address.longitude});
        return address;
      }
    }
    corrupt();
  }

 private:
  std::string_view rest_;
};

auto place_of(std::vector<FieldValues::Entry>& entries, FieldNumber number) {
  return std::lower_bound(entries.begin(), entries.end(), number, [](const FieldValues::Entry& entry, FieldNumber wanted) { return entry.first < wanted; });
}

}  // namespace

const Value* FieldValues::find(FieldNumber number) const {
  auto found = std::lower_bound(entries_.begin(), entries_.end(), number, [](const Entry& entry, FieldNumber wanted) { return entry.first < wanted; });
  return found != entries_.end() && found->first == number ? &found->second : nullptr;
}

const Value& FieldValues::get(FieldNumber number) const {
  const Value* found = find(number);
  return found ? *found : unset_value;
}

void FieldValues::set(FieldNumber number, Value value) {
  auto place = place_of(entries_, number);
  if (place != entries_.end() && place->first == number)
    place->second = std::move(value);
  else
    entries_.emplace(place, number, std::move(value));
}

void FieldValues::erase(FieldNumber number) {
  auto place = place_of(entries_, number);
  if (place != entries_.end() && place->first == number) entries_.erase(place);
}

std::string encode_fields(const FieldValues& values) {
  std::string out;
  for (const auto& [number, value] : values.entries()) {
    put_varint(out, number);
    std::visit(Encoder{out}, value);
  }
  return out;
}

FieldValues decode_fields(std::string_view bytes) {
  FieldValues values;
  if (!bytes.empty()) values.reserve(16);
  Decoder decoder(bytes);
  while (!decoder.done()) {
    const FieldNumber number = decoder.small();
    if (!values.entries().empty() && values.entries().back().first >= number) corrupt();
    values.append(number, decoder.value());
  }
  return values;
}

}  // namespace plenoptic::model
