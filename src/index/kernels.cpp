#include "index/kernels.h"

#include <bit>
#include <iterator>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace plenoptic::index {
namespace {

void compare_plainly(const std::uint8_t* codes, std::size_t words, std::uint8_t least, std::uint8_t most, std::uint64_t* bits) {
  const auto span = static_cast<std::uint8_t>(most - least);
  for (std::size_t word = 0; word < words; ++word) {
    bits[word] = 0;
    for (unsigned i = 0; i < 64; ++i) bits[word] |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(codes[word * 64 + i] - least) <= span) << i;
  }
}

std::uint64_t count_plainly(const std::uint64_t* bits, std::size_t words) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < words; ++i) count += static_cast<std::uint64_t>(std::popcount(bits[i]));
  return count;
}

constexpr Kernels plain{compare_plainly, count_plainly};

#if defined(__x86_64__)

__attribute__((target("avx2"))) void compare_by_32(const std::uint8_t* codes, std::size_t words, std::uint8_t least, std::uint8_t most, std::uint64_t* bits) {
  const __m256i low = _mm256_set1_epi8(static_cast<char>(least)), high = _mm256_set1_epi8(static_cast<char>(most));
  const auto within = [&](const std::uint8_t* from) __attribute__((target("avx2"), always_inline)) {
    const __m256i some = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    const __m256i both = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_max_epu8(some, low), some), _mm256_cmpeq_epi8(_mm256_min_epu8(some, high), some));
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(both)));
  };
  for (std::size_t word = 0; word < words; ++word) bits[word] = within(codes + word * 64) | within(codes + word * 64 + 32) << 32;
}

__attribute__((target("avx512bw"))) void compare_by_64(const std::uint8_t* codes, std::size_t words, std::uint8_t least, std::uint8_t most, std::uint64_t* bits) {
  const __m512i low = _mm512_set1_epi8(static_cast<char>(least)), span = _mm512_set1_epi8(static_cast<char>(most - least));
  for (std::size_t word = 0; word < words; ++word) {
    const __m512i some = _mm512_loadu_si512(codes + word * 64);
    bits[word] = _mm512_cmple_epu8_mask(_mm512_sub_epi8(some, low), span);
  }
}

__attribute__((target("popcnt"))) std::uint64_t count_by_instruction(const std::uint64_t* bits, std::size_t words) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < words; ++i) count += static_cast<std::uint64_t>(_mm_popcnt_u64(bits[i]));
  return count;
}

constexpr Kernels by_32{compare_by_32, count_by_instruction};
constexpr Kernels by_64{compare_by_64, count_by_instruction};

const Kernels& choose() {
  if (!__builtin_cpu_supports("popcnt")) return plain;
  if (__builtin_cpu_supports("avx512bw")) return by_64;
  return __builtin_cpu_supports("avx2") ? by_32 : plain;
}

#endif

}  // namespace

#if defined(__x86_64__)

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

const Kernels* find_kernels(std::size_t number) {
  const Kernels* const all[] = {&plain, __builtin_cpu_supports("avx2") ? &by_32 : &plain, __builtin_cpu_supports("avx512bw") ? &by_64 : &plain};
  return number < std::size(all) ? all[number] : nullptr;
}

#else

const Kernels& kernels() { return plain; }
const Kernels* find_kernels(std::size_t number) { return number == 0 ? &plain : nullptr; }

#endif

}  // namespace plenoptic::index
