#include "plenoptic/sdk/types.h"

#include <cmath>

#include "plenoptic/sdk/errors.h"

namespace plenoptic::sdk {
namespace {

double finite(double value) {
  if (!std::isfinite(value)) throw Error("a field's value must be a finite number");
  return value;
}

void put(Json& json, std::string_view key, const std::optional<std::string>& part) {
  if (part) json[key] = *part;
}
void put(Json& json, std::string_view key, const std::optional<double>& part) {
  if (part) json[key] = finite(*part);
}

}  // namespace

FieldValue::FieldValue(double value) : json_(finite(value)) {}

FieldValue::FieldValue(const std::vector<std::string>& values) {
  Json::Array items;
  for (const std::string& value : values) items.emplace_back(value);
  json_ = std::move(items);
}

FieldValue::FieldValue(std::initializer_list<const char*> values) : FieldValue(std::vector<std::string>(values.begin(), values.end())) {}

FieldValue::FieldValue(const Address& value) : json_(Json::object()) {
  put(json_, "street", value.street);
  put(json_, "street2", value.street2);
  put(json_, "city", value.city);
  put(json_, "state", value.state);
  put(json_, "postalCode", value.postal_code);
  put(json_, "country", value.country);
  put(json_, "latitude", value.latitude);
  put(json_, "longitude", value.longitude);
}

FieldValue::FieldValue(const FullName& value) : json_(Json::object()) {
  put(json_, "firstName", value.first_name);
  put(json_, "lastName", value.last_name);
}

Ids::Ids(std::initializer_list<Id> ids) {
  for (const Id& id : ids) ids_.push_back(id.text());
}

Json Ids::json() const {
  if (ids_.size() == 1) return ids_.front();
  Json::Array items;
  for (const std::string& id : ids_) items.emplace_back(id);
  return items;
}

}  // namespace plenoptic::sdk
