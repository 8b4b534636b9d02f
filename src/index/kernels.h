// The inner loops of a query, in the quickest form that this processor has. Chosen at run time, since the program shall run on
// any x86-64 (and elsewhere).
#pragma once

#include <cstddef>
#include <cstdint>

namespace plenoptic::index {

/// Codes from `least` to `most`, both included.
struct CodeRange {
  std::uint8_t least = 0;
  std::uint8_t most = 0;
};

struct Kernels {
  /// Takes the bits of codes outside `outer` from `bits`, of which there are `words` times 64, and leaves in `edges` those of the
  /// rest that are outside `inner`. Both at once, since reading the codes is what takes the time.
  void (*keep_codes)(const std::uint8_t* codes, std::size_t words, CodeRange outer, CodeRange inner, std::uint64_t* bits, std::uint64_t* edges);
  std::uint64_t (*count_bits)(const std::uint64_t* bits, std::size_t words);
};

const Kernels& kernels();
/// For tests: the plain ones, and every other that this processor has.
const Kernels* find_kernels(std::size_t number);

}  // namespace plenoptic::index
