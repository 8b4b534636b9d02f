#include "faults/fault_plan.h"

#include <array>
#include <charconv>
#include <stdexcept>
#include <string>

namespace plenoptic::faults {
namespace {

constexpr std::array<std::string_view, operation_count> operation_names = {"read", "write", "sync", "truncate", "shm"};

[[noreturn]] void refuse(std::string_view part) { throw std::invalid_argument("PLENOPTIC_FAULTS does not take '" + std::string(part) + "'"); }

Operation operation_of(std::string_view name) {
  for (std::size_t i = 0; i < operation_names.size(); ++i)
    if (operation_names[i] == name) return static_cast<Operation>(i);
  refuse(name);
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) refuse(text);
  return number;
}

void take(FaultPlan& plan, std::string_view part) {
  const std::size_t equals = part.find('=');
  if (equals == std::string_view::npos) refuse(part);
  const std::string_view name = part.substr(0, equals), value = part.substr(equals + 1);
  if (name == "seed")
    plan.seed = number_of(value);
  else if (name == "crash_after")
    plan.crash_after = number_of(value);
  else if (name == "enospc_at")
    plan.full.at = number_of(value);
  else if (name == "enospc_for")
    plan.full.count = number_of(value);
  else if (name == "eio_at")
    plan.failing.at = number_of(value);
  else if (name == "eio_for")
    plan.failing.count = number_of(value);
  else if (name == "eio_on")
    plan.failing_on = operation_of(value);
  else if (name == "lying")
    plan.lying = number_of(value) != 0;
  else
    refuse(part);
}

}  // namespace

FaultPlan parse_fault_plan(std::string_view text) {
  FaultPlan plan;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    take(plan, text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return plan;
}

}  // namespace plenoptic::faults
