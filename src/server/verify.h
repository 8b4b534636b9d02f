// The command `plenoptic verify`.
#pragma once

#include <string>

namespace plenoptic::server {

enum class VerdictForm { text, json };

/// Checks a data directory that no server runs on, changes nothing in it, and prints a verdict. Returns the exit code:
/// 0 sound, 1 damaged, 2 it could not be checked.
int run_verify(const std::string& directory, VerdictForm form);

}  // namespace plenoptic::server
