// `plenoptic_faulty`: the whole program on a file system that fails as PLENOPTIC_FAULTS says. For the crash tests; never installed.
#include <cstdlib>
#include <iostream>

#include <unistd.h>

#include "faults/faulty_file_system.h"
#include "server/program.h"

namespace {

/// What the process ends with when the power goes.
constexpr int power_lost = 86;

}  // namespace

int main(int argc, char** argv) {
  const char* text = std::getenv("PLENOPTIC_FAULTS");
  try {
    // Outlives every connection of the program: the process ends with it.
    static plenoptic::faults::FaultyFileSystem system(
        plenoptic::faults::parse_fault_plan(text ? text : ""), [] { ::_exit(power_lost); }, [](int code) { std::cerr << "fault: SQLite code " << code << std::endl; });
    return plenoptic::server::run_program(argc, argv);
  } catch (const std::invalid_argument& failure) {
    std::cerr << "error: " << failure.what() << std::endl;
    return 2;
  }
}
