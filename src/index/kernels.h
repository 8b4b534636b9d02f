// The inner loops of a query, in the quickest form that this processor has. Chosen at run time, since the program shall run on
// any x86-64 (and elsewhere).
#pragma once

#include <cstddef>
#include <cstdint>

namespace plenoptic::index {

struct Kernels {
  /// A bit for each of `words` times 64 codes: whether it lies within `least` and `most`, both included.
  void (*compare_codes)(const std::uint8_t* codes, std::size_t words, std::uint8_t least, std::uint8_t most, std::uint64_t* bits);
  std::uint64_t (*count_bits)(const std::uint64_t* bits, std::size_t words);
};

const Kernels& kernels();
/// For tests: the plain ones, and every other that this processor has.
const Kernels* find_kernels(std::size_t number);

}  // namespace plenoptic::index
