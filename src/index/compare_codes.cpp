#include "index/compare_codes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace plenoptic::index {
namespace {

[[maybe_unused]] std::uint64_t compare_plainly(const std::uint8_t* codes, std::uint8_t least, std::uint8_t most) {
  std::uint64_t bits = 0;
  const auto span = static_cast<std::uint8_t>(most - least);
  for (unsigned i = 0; i < 64; ++i) bits |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(codes[i] - least) <= span) << i;
  return bits;
}

#if defined(__x86_64__)

/// Every x86-64 has SSE2.
std::uint64_t compare_by_16(const std::uint8_t* codes, std::uint8_t least, std::uint8_t most) {
  const __m128i low = _mm_set1_epi8(static_cast<char>(least)), high = _mm_set1_epi8(static_cast<char>(most));
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const __m128i some = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes) + i);
    const __m128i within = _mm_and_si128(_mm_cmpeq_epi8(_mm_max_epu8(some, low), some), _mm_cmpeq_epi8(_mm_min_epu8(some, high), some));
    bits |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(within))) << 16 * i;
  }
  return bits;
}

__attribute__((target("avx2"))) std::uint64_t compare_by_32(const std::uint8_t* codes, std::uint8_t least, std::uint8_t most) {
  const __m256i low = _mm256_set1_epi8(static_cast<char>(least)), high = _mm256_set1_epi8(static_cast<char>(most));
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < 2; ++i) {
    const __m256i some = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes) + i);
    const __m256i within = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_max_epu8(some, low), some), _mm256_cmpeq_epi8(_mm256_min_epu8(some, high), some));
    bits |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(within))) << 32 * i;
  }
  return bits;
}

#endif

}  // namespace

CompareCodes compare_codes() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") ? compare_by_32 : compare_by_16;
#else
  return compare_plainly;
#endif
}

}  // namespace plenoptic::index
