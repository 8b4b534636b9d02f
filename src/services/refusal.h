// What is malformed (400) is told before what is refused (422), whichever the body names first.
#pragma once

#include <optional>
#include <utility>

#include "model/errors.h"

namespace plenoptic::services {

/// The first check that a request's content did not pass, kept until the request is known to be well formed and its record to be there.
class Refusal {
 public:
  /// Keeps a 422 that `check` throws; whatever else it throws is thrown on.
  template <typename Check>
  void keep(Check&& check) {
    try {
      std::forward<Check>(check)();
    } catch (const model::Error& error) {
      if (error.kind != model::ErrorKind::unprocessable_content) throw;
      if (!first_) first_ = error;
    }
  }

  void tell() const {
    if (first_) throw model::Error(*first_);
  }

 private:
  std::optional<model::Error> first_;
};

}  // namespace plenoptic::services
