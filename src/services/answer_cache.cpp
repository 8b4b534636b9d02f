#include "services/answer_cache.h"

#include <bit>

namespace plenoptic::services {

AnswerCache::AnswerCache(std::size_t slots) : slots_(slots == 0 ? 0 : std::bit_ceil(slots)), mask_(slots_.size() - 1) {}

AnswerCache::Slot& AnswerCache::slot(model::RecordId record) { return slots_[(std::hash<model::RecordId>()(record) * 0x9e3779b97f4a7c15ULL >> 20) & mask_]; }

bool AnswerCache::find(model::WorkspaceId workspace, model::RecordId record, std::uint64_t schema_version, std::string& out) {
  if (slots_.empty()) return false;
  Slot& place = slot(record);
  std::lock_guard lock(place.mutex);
  if (place.record != record || place.workspace != workspace || place.schema_version != schema_version || place.answer.empty()) return false;
  out += place.answer;
  return true;
}

void AnswerCache::put(model::WorkspaceId workspace, model::RecordId record, std::uint64_t schema_version, std::uint64_t ticket, const std::string& answer) {
  if (slots_.empty() || answer.size() > largest_answer) return;
  Slot& place = slot(record);
  std::lock_guard lock(place.mutex);
  // publish() counts first and empties slots afterwards, under their mutexes: nothing out of date can stay.
  if (published_.load(std::memory_order_acquire) != ticket) return;
  place.workspace = workspace;
  place.record = record;
  place.schema_version = schema_version;
  place.answer = answer;
}

void AnswerCache::publish(model::WorkspaceId workspace, const model::Change& change) {
  published_.fetch_add(1, std::memory_order_acq_rel);
  if (slots_.empty()) return;
  drop(workspace, change.record);
  for (const model::LinkChange& link : change.links) {
    drop(workspace, link.source);
    drop(workspace, link.destination);
  }
  for (model::RecordId neighbour : change.neighbours) drop(workspace, neighbour);
}

void AnswerCache::drop(model::WorkspaceId workspace, model::RecordId record) {
  Slot& place = slot(record);
  std::lock_guard lock(place.mutex);
  if (place.record == record && place.workspace == workspace) place.answer.clear();
}

}  // namespace plenoptic::services
