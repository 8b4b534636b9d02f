#include "api/router.h"

#include <algorithm>
#include <array>

#include "api/query_string.h"

namespace plenoptic::api {
namespace {

constexpr std::size_t most_segments = 10;

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
    if (segments.size() > most_segments) break;
  }
  return segments;
}

bool fits(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& segments) {
  for (std::size_t i = 0; i < pattern.size(); ++i)
    if (!is_parameter(pattern[i]) && pattern[i] != segments[i]) return false;
  return true;
}

}  // namespace

Router::Router(std::span<const Operation> operations) : by_length_(most_segments + 1) {
  for (const Operation& operation : operations) {
    Route route{&operation, split(operation.path)};
    by_length_[route.segments.size()].push_back(std::move(route));
  }
  for (auto& routes : by_length_)
    std::stable_sort(routes.begin(), routes.end(), [](const Route& a, const Route& b) {
      return std::count_if(a.segments.begin(), a.segments.end(), is_parameter) < std::count_if(b.segments.begin(), b.segments.end(), is_parameter);
    });
}

RouteMatch Router::match(std::string_view method, std::string_view path) const {
  RouteMatch match;
  if (path.empty() || path.front() != '/') return match;
  const auto segments = split(path);
  if (segments.size() > most_segments) return match;
  for (const Route& route : by_length_[segments.size()]) {
    if (method_name(route.operation->method) != method || !fits(route.segments, segments)) continue;
    for (std::size_t i = 0; i < segments.size(); ++i) {
      if (!is_parameter(route.segments[i])) continue;
      auto value = percent_decode(segments[i]);
      if (!value || value->empty()) {
        match.malformed = !value;
        match.parameters.clear();
        return match;
      }
      match.parameters.emplace_back(route.segments[i].substr(1, route.segments[i].size() - 2), std::move(*value));
    }
    match.operation = route.operation;
    return match;
  }
  return match;
}

}  // namespace plenoptic::api
