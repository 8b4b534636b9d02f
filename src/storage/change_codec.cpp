#include "storage/change_codec.h"

#include <stdexcept>

namespace plenoptic::storage {
namespace {

void put_number(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

[[noreturn]] void corrupt() { throw std::runtime_error("a stored log entry does not decode"); }

class BodyReader {
 public:
  explicit BodyReader(std::string_view body) : rest_(body) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto part = static_cast<unsigned char>(bytes(1).front());
      value |= static_cast<std::uint64_t>(part & 0x7f) << shift;
      if (!(part & 0x80)) return value;
    }
    corrupt();
  }

  std::string_view bytes(std::uint64_t count) {
    if (count > rest_.size()) corrupt();
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(count));
    rest_.remove_prefix(static_cast<std::size_t>(count));
    return taken;
  }

  std::vector<model::LinkChange> links() {
    const std::uint64_t count = number();
    if (count > rest_.size()) corrupt();
    std::vector<model::LinkChange> links;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t type = number();
      const auto source = model::RecordId::from_bytes(bytes(model::RecordId::byte_count));
      const auto destination = model::RecordId::from_bytes(bytes(model::RecordId::byte_count));
      links.push_back({static_cast<model::LinkTypeNumber>(type / 2), source, destination, type % 2 == 1});
    }
    return links;
  }

 private:
  std::string_view rest_;
};

void put_fields(std::string& out, const model::FieldValues& values) {
  const std::string encoded = model::encode_fields(values);
  put_number(out, encoded.size());
  out += encoded;
}

void put_id(std::string& out, model::RecordId id) {
  const auto bytes = id.bytes();
  out.append(bytes.data(), bytes.size());
}

}  // namespace

std::string encode_change_body(const model::Change& change) {
  const bool with_values = change.kind != model::ChangeKind::created;
  std::string out;
  put_fields(out, with_values ? change.before : model::FieldValues{});
  put_fields(out, with_values ? change.after : model::FieldValues{});
  put_number(out, change.links.size());
  for (const model::LinkChange& link : change.links) {
    put_number(out, static_cast<std::uint64_t>(link.type) * 2 + (link.added ? 1 : 0));
    put_id(out, link.source);
    put_id(out, link.destination);
  }
  return out;
}

void decode_change_body(std::string_view body, model::Change& change) {
  BodyReader reader(body);
  change.before = model::decode_fields(reader.bytes(reader.number()));
  change.after = model::decode_fields(reader.bytes(reader.number()));
  change.links = reader.links();
}

std::vector<model::LinkChange> decode_link_changes(std::string_view body) {
  BodyReader reader(body);
  for (int side = 0; side < 2; ++side) reader.bytes(reader.number());
  return reader.links();
}

}  // namespace plenoptic::storage
