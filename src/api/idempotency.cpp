#include "api/idempotency.h"

#include <utility>

namespace plenoptic::api {

InFlightKeys::Hold& InFlightKeys::Hold::operator=(Hold&& other) noexcept {
  if (this == &other) return *this;
  release();
  owner_ = std::exchange(other.owner_, nullptr);
  name_ = std::move(other.name_);
  return *this;
}

void InFlightKeys::Hold::release() {
  if (!owner_) return;
  std::lock_guard lock(owner_->mutex_);
  owner_->names_.erase(name_);
  owner_ = nullptr;
}

InFlightKeys::Hold InFlightKeys::take(const storage::IdempotencySpace& space) {
  std::string name = std::to_string(space.workspace.value);
  for (std::string_view part : {space.operation, space.record, space.key}) {
    name += '\n';
    name += part;
  }
  std::lock_guard lock(mutex_);
  if (!names_.insert(name).second) return {};
  return {this, std::move(name)};
}

}  // namespace plenoptic::api
