// Finds the operation of a method and path. Literal segments win over parameters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/operation.h"

namespace plenoptic::api {

struct RouteMatch {
  const Operation* operation = nullptr;  // null: unknown path
  bool malformed = false;                // the path does not decode
  std::vector<std::pair<std::string_view, std::string>> parameters;
};

class Router {
 public:
  explicit Router(std::span<const Operation> operations);
  /// `path` is raw (percent-encoded).
  RouteMatch match(std::string_view method, std::string_view path) const;

 private:
  struct Route {
    const Operation* operation;
    std::vector<std::string_view> segments;
  };
  std::vector<std::vector<Route>> by_length_;  // literal segments first
};

}  // namespace plenoptic::api
