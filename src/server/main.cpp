#include "server/program.h"

int main(int argc, char** argv) { return plenoptic::server::run_program(argc, argv); }
