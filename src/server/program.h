// The program `plenoptic`: reads its arguments and runs a command. Apart from `main`, so that tests can put something under it.
#pragma once

namespace plenoptic::server {

/// Returns the exit code.
int run_program(int argc, char** argv);

}  // namespace plenoptic::server
