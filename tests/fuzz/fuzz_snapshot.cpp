// The index's snapshots: a file of any bytes is refused, and so are a part's bytes of any kind; nothing worse.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "index/snapshot_file.h"
#include "model/system_schema.h"
#include "model/value_types.h"

using namespace plenoptic;

namespace {

const model::Schema& schema() {
  static const model::Schema made = [] {
    int count = 0;
    auto system = model::system_schema("USD", [&](std::string_view prefix) { return std::string(prefix) + std::to_string(++count); });
    return model::Schema(1, std::move(system.object_types), std::move(system.link_types));
  }();
  return made;
}

void read_as_file(std::string_view bytes) {
  const int memory = ::memfd_create("snapshot", MFD_CLOEXEC);
  if (memory < 0 || ::write(memory, bytes.data(), bytes.size()) < 0) std::abort();
  try {
    const index::SnapshotFile file("/proc/self/fd/" + std::to_string(memory));
    for (const index::StoredPart& part : file.parts()) file.read(part);
  } catch (const index::SnapshotRefused&) {
  }
  ::close(memory);
}

/// Past its checksum. The first byte picks what it is taken for.
void restore_as_part(std::string_view bytes) {
  static const std::vector<index::SnapshotPart> parts = [] {
    std::vector<index::SnapshotPart> all;
    for (const model::ObjectType& type : schema().object_types()) {
      all.push_back({.kind = index::SnapshotPart::Kind::ids, .type = type.number});
      all.push_back({.kind = index::SnapshotPart::Kind::links, .type = type.number, .number = 1});
      for (const model::FieldDefinition& field : type.fields)
        if (!model::value_type_row(field.type).operators.empty())
          all.push_back({.kind = index::SnapshotPart::Kind::column, .type = type.number, .number = field.number, .variant = static_cast<std::uint32_t>(field.type)});
    }
    return all;
  }();
  if (bytes.empty()) return;
  const index::SnapshotPart& part = parts[static_cast<unsigned char>(bytes.front()) % parts.size()];
  index::WorkspaceIndex restored;
  restored.begin_restoring(schema(), 0, std::span(&part, 1));
  try {
    restored.restore_part(part, 0, bytes.substr(1));
  } catch (const index::SnapshotRefused&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_as_file(bytes);
  restore_as_part(bytes);
  return 0;
}
