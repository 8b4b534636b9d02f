// What goes wrong, as exceptions: one type for each status that callers tell apart.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/json.h"

namespace plenoptic::sdk {

class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// No answer came: the server cannot be reached, or the connection broke.
class ConnectionError : public Error {
  using Error::Error;
};
class TimeoutError : public ConnectionError {
  using ConnectionError::ConnectionError;
};

/// An answer that is no success: of 400 or more, or a redirection, which is not followed.
class ApiError : public Error {
 public:
  struct Details {
    int status = 0;
    std::string type;   // `bad_request`, `conflict`, …
    std::string code;   // `unknown_field`, …; empty where there is none
    std::string param;  // what was wrong; empty where it is not told
    std::string message;
    std::string request_id;
    std::map<std::string, std::string> headers;  // names in lower case
    base::Json body;
  };
  explicit ApiError(Details details);
  const Details& details() const { return *details_; }
  int status() const { return details_->status; }

 private:
  std::shared_ptr<const Details> details_;
};

// clang-format off: a table, a row each
class BadRequestError : public ApiError { using ApiError::ApiError; };             // 400
class AuthenticationError : public ApiError { using ApiError::ApiError; };         // 401
class PermissionDeniedError : public ApiError { using ApiError::ApiError; };       // 403
class NotFoundError : public ApiError { using ApiError::ApiError; };               // 404
class ConflictError : public ApiError { using ApiError::ApiError; };               // 409
class UnprocessableEntityError : public ApiError { using ApiError::ApiError; };    // 422
class RateLimitError : public ApiError { using ApiError::ApiError; };              // 429
class InternalServerError : public ApiError { using ApiError::ApiError; };         // 500 and more
// clang-format on

/// Throws the type that belongs to the status.
[[noreturn]] void throw_api_error(ApiError::Details details);

}  // namespace plenoptic::sdk
