#include "api/envelope.h"
#include "api/handlers/handlers.h"

namespace plenoptic::api::handlers {

Answer health(Call& call) { return json_answer(base::Json::object({{"status", "ok"}, {"version", call.services.version}})); }

/// Ready once every index is loaded: until then retrieves and writes work, and lists wait. `failed`: one could not be.
Answer ready(Call& call) {
  const bool ready = call.services.indexes.all_ready();
  Answer answer = json_answer(base::Json::object({{"status", ready ? "ready" : call.services.indexes.any_failed() ? "failed" : "loading"}}));
  if (!ready) {
    answer.status = 503;
    answer.headers.emplace_back("Retry-After", "1");
  }
  return answer;
}

}  // namespace plenoptic::api::handlers
