#include "index/kernels.h"

#include <bit>
#include <iterator>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace plenoptic::index {
namespace {

std::uint64_t bits_within(const std::uint8_t* codes, CodeRange range) {
  const auto span = static_cast<std::uint8_t>(range.most - range.least);
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < 64; ++i) bits |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(codes[i] - range.least) <= span) << i;
  return bits;
}

void keep_plainly(const std::uint8_t* codes, std::size_t words, CodeRange outer, CodeRange inner, std::uint64_t* bits, std::uint64_t* edges) {
  for (std::size_t word = 0; word < words; ++word) {
    bits[word] &= bits_within(codes + word * 64, outer);
    edges[word] = bits[word] & ~bits_within(codes + word * 64, inner);
  }
}

std::uint64_t count_plainly(const std::uint64_t* bits, std::size_t words) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < words; ++i) count += static_cast<std::uint64_t>(std::popcount(bits[i]));
  return count;
}

constexpr Kernels plain{keep_plainly, count_plainly};

#if defined(__x86_64__)

struct Lanes32 {
  __m256i least, most;
};

__attribute__((target("avx2"), always_inline)) inline Lanes32 lanes_32(CodeRange range) {
  return {_mm256_set1_epi8(static_cast<char>(range.least)), _mm256_set1_epi8(static_cast<char>(range.most))};
}

__attribute__((target("avx2"), always_inline)) inline std::uint64_t within_32(__m256i some, const Lanes32& range) {
  const __m256i within = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_max_epu8(some, range.least), some), _mm256_cmpeq_epi8(_mm256_min_epu8(some, range.most), some));
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(within)));
}

__attribute__((target("avx2"))) void keep_by_32(const std::uint8_t* codes, std::size_t words, CodeRange outer, CodeRange inner, std::uint64_t* bits, std::uint64_t* edges) {
  const Lanes32 outer_lanes = lanes_32(outer), inner_lanes = lanes_32(inner);
  for (std::size_t word = 0; word < words; ++word) {
    const __m256i first = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + word * 64));
    const __m256i second = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + word * 64 + 32));
    bits[word] &= within_32(first, outer_lanes) | within_32(second, outer_lanes) << 32;
    edges[word] = bits[word] & ~(within_32(first, inner_lanes) | within_32(second, inner_lanes) << 32);
  }
}

__attribute__((target("avx512bw"))) void keep_by_64(const std::uint8_t* codes, std::size_t words, CodeRange outer, CodeRange inner, std::uint64_t* bits, std::uint64_t* edges) {
  const __m512i outer_least = _mm512_set1_epi8(static_cast<char>(outer.least)), outer_span = _mm512_set1_epi8(static_cast<char>(outer.most - outer.least));
  const __m512i inner_least = _mm512_set1_epi8(static_cast<char>(inner.least)), inner_span = _mm512_set1_epi8(static_cast<char>(inner.most - inner.least));
  for (std::size_t word = 0; word < words; ++word) {
    const __m512i some = _mm512_loadu_si512(codes + word * 64);
    bits[word] &= _mm512_cmple_epu8_mask(_mm512_sub_epi8(some, outer_least), outer_span);
    edges[word] = bits[word] & ~_mm512_cmple_epu8_mask(_mm512_sub_epi8(some, inner_least), inner_span);
  }
}

__attribute__((target("popcnt"))) std::uint64_t count_by_instruction(const std::uint64_t* bits, std::size_t words) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < words; ++i) count += static_cast<std::uint64_t>(_mm_popcnt_u64(bits[i]));
  return count;
}

constexpr Kernels by_32{keep_by_32, count_by_instruction};
constexpr Kernels by_64{keep_by_64, count_by_instruction};

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
