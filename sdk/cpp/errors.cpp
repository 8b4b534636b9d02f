#include "plenoptic/sdk/errors.h"

namespace plenoptic::sdk {

ApiError::ApiError(Details details)
    : Error(std::to_string(details.status) + " " + details.type + ": " + details.message), details_(std::make_shared<const Details>(std::move(details))) {}

void throw_api_error(ApiError::Details details) {
  switch (details.status) {
    case 400: throw BadRequestError(std::move(details));
    case 401: throw AuthenticationError(std::move(details));
    case 403: throw PermissionDeniedError(std::move(details));
    case 404: throw NotFoundError(std::move(details));
    case 409: throw ConflictError(std::move(details));
    case 422: throw UnprocessableEntityError(std::move(details));
    case 429: throw RateLimitError(std::move(details));
    default: break;
  }
  if (details.status >= 500) throw InternalServerError(std::move(details));
  throw ApiError(std::move(details));
}

}  // namespace plenoptic::sdk
