// One row of the operations table: everything the server knows of an operation stands here.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "model/definitions.h"

namespace plenoptic::api {

struct Call;
struct Answer;

enum class Method : std::uint8_t { get, post, delete_ };
std::string_view method_name(Method method);

/// Who may call.
enum class Access : std::uint8_t {
  everyone,   // no key: health, metrics
  key,        // an API key with the row's scopes
  admin,      // the workspace's admins, and the operator
  operator_,  // the operator of the machine only
};

/// Buckets of the rate limit.
enum class RateCategory : std::uint8_t { none, read, write, search };
std::string_view rate_category_name(RateCategory category);

/// Where the handler runs. `write_alone`: its commit is its own, since it changes what later requests are checked against.
enum class Lane : std::uint8_t { read, write, write_alone };

/// What JSON a body's key takes.
enum class Shape : std::uint8_t { object, boolean, string, nullable_string, string_list, integer };
struct BodyKey {
  std::string_view name;
  Shape shape = Shape::object;
  bool required = false;
};

enum class BodyRule : std::uint8_t {
  none,            // whatever is sent is ignored
  optional_empty,  // nothing, `{}` or `null`
  object,          // a JSON object with the row's keys
};

struct Operation {
  std::string_view id;  // `opportunity.update`
  Method method = Method::get;
  std::string_view path;       // `/v1/opportunities/{id}`
  model::TypeNumber type = 0;  // the object type that a generic handler works on
  Access access = Access::key;
  std::vector<std::string_view> scopes = {};
  RateCategory rate = RateCategory::none;
  Lane lane = Lane::read;
  BodyRule body_rule = BodyRule::none;
  std::vector<BodyKey> body = {};
  Answer (*handler)(Call&) = nullptr;
  std::string_view summary;

  bool versioned() const { return access == Access::key; }                                                       // needs the Lightfield-Version header
  bool shows_health() const { return id == "system.health" || id == "system.ready" || id == "system.metrics"; }  // served under overload too
  bool idempotent() const { return method != Method::get; }
};

/// All rows. Literal path segments win over `{parameters}`.
std::span<const Operation> operations();

}  // namespace plenoptic::api
