// What is wrong with an input, as a value. Becomes an Error (errors.h) once its `param` is known.
#pragma once

#include <string>
#include <string_view>

namespace plenoptic::model {

/// The contract's error types; each has one HTTP status.
enum class ErrorKind {
  bad_request,
  unauthorized,
  forbidden,
  not_found,
  conflict,
  idempotency_conflict,
  payload_too_large,
  unsupported_media_type,
  unprocessable_content,
  too_many_requests,
  internal,
  unavailable,
};

struct Problem {
  ErrorKind kind = ErrorKind::bad_request;
  /// A code of the contract (`invalid_type`, …); empty where the contract has none for the case.
  std::string_view code;
  /// A sentence that says what is wrong and what would be right.
  std::string message;
};

}  // namespace plenoptic::model
