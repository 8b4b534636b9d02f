#include "api/envelope.h"
#include "api/handlers/handlers.h"

namespace plenoptic::api::handlers {

Answer validate_key(Call& call) {
  base::Json::Array scopes;
  if (call.principal.key)
    for (const std::string& scope : call.principal.key->key.scopes) scopes.push_back(scope);
  return json_answer(base::Json::object({{"active", true}, {"tokenType", "api_key"}, {"subjectType", call.principal.subject_type()}, {"scopes", std::move(scopes)}}));
}

}  // namespace plenoptic::api::handlers
