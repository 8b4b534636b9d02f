#include <stdexcept>

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "model/value_types.h"

namespace plenoptic::model {
namespace {

bool fold_ascii(std::string_view text, std::string& out) {
  out.resize(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) return false;
    out[i] = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  return true;
}

}  // namespace

std::string fold_text(std::string_view text) {
  std::string out;
  if (fold_ascii(text, out)) return out;
  UErrorCode status = U_ZERO_ERROR;
  std::string folded;
  icu::StringByteSink<std::string> folded_sink(&folded);
  icu::CaseMap::utf8Fold(0, icu::StringPiece(text.data(), static_cast<int32_t>(text.size())), folded_sink, nullptr, status);
  out.clear();
  icu::StringByteSink<std::string> sink(&out);
  icu::Normalizer2::getNFCInstance(status)->normalizeUTF8(0, folded, sink, nullptr, status);
  if (U_FAILURE(status)) throw std::runtime_error("Unicode data is missing");
  return out;
}

std::string fold_label(std::string_view text) {
  const std::string folded = fold_text(text);
  const auto size = static_cast<int32_t>(folded.size());
  const auto* bytes = reinterpret_cast<const uint8_t*>(folded.data());
  std::string out;
  bool gap = false;
  for (int32_t at = 0; at < size;) {
    const int32_t begin = at;
    UChar32 c;
    U8_NEXT(bytes, at, size, c);
    if (c >= 0 && u_isUWhiteSpace(c)) {
      gap = !out.empty();
      continue;
    }
    if (gap) out += ' ';
    gap = false;
    out.append(folded, static_cast<std::size_t>(begin), static_cast<std::size_t>(at - begin));
  }
  return out;
}

}  // namespace plenoptic::model
