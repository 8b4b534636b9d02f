#include <array>
#include <stdexcept>

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>

#include "base/utf8.h"
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

void require_success(UErrorCode status) {
  if (U_FAILURE(status)) throw std::runtime_error("Unicode data is missing");
}

/// ICU makes it at the first use; the language's own guard passes it to other threads in sight of TSan.
const icu::Normalizer2& composition() {
  static const icu::Normalizer2* const instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* made = icu::Normalizer2::getNFCInstance(status);
    require_success(status);
    return made;
  }();
  return *instance;
}

/// A combining grapheme joiner after each thirty marks, as Unicode's stream-safe format has it (UAX 15): putting a run of marks in
/// order costs the square of its length.
std::string with_short_runs_of_marks(std::string_view text) {
  constexpr int most_marks = 30;
  std::string out;
  out.reserve(text.size());
  int marks = 0;
  base::for_each_character(text, [&](UChar32 c, std::string_view bytes) {
    marks = c >= 0 && u_getIntPropertyValue(c, UCHAR_LEAD_CANONICAL_COMBINING_CLASS) != 0 ? marks + 1 : 0;
    if (marks > most_marks) {
      out += "\xCD\x8F";
      marks = 1;
    }
    out += bytes;
  });
  return out;
}

/// ASCII by hand; the rest by ICU's `change`, and composed.
template <typename Change>
std::string changed_in_case(std::string_view text, Change change) {
  std::string out;
  if (fold_ascii(text, out)) return out;
  UErrorCode status = U_ZERO_ERROR;
  std::string changed;
  icu::StringByteSink<std::string> changed_sink(&changed);
  change(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())), changed_sink, status);
  out.clear();
  icu::StringByteSink<std::string> sink(&out);
  composition().normalizeUTF8(0, with_short_runs_of_marks(changed), sink, nullptr, status);
  require_success(status);
  return out;
}

}  // namespace

std::string folding_library() {
  UVersionInfo version;
  u_getVersion(version);
  std::array<char, U_MAX_VERSION_STRING_LENGTH> text{};
  u_versionToString(version, text.data());
  return std::string("ICU ") + text.data();
}

std::string fold_text(std::string_view text) {
  return changed_in_case(text, [](icu::StringPiece from, icu::ByteSink& to, UErrorCode& status) { icu::CaseMap::utf8Fold(0, from, to, nullptr, status); });
}

std::string lower_text(std::string_view text) {
  return changed_in_case(text, [](icu::StringPiece from, icu::ByteSink& to, UErrorCode& status) { icu::CaseMap::utf8ToLower("", 0, from, to, nullptr, status); });
}

std::string fold_label(std::string_view text) {
  std::string out;
  bool gap = false;
  base::for_each_character(fold_text(text), [&](UChar32 c, std::string_view bytes) {
    if (c >= 0 && u_isUWhiteSpace(c)) {
      gap = !out.empty();
      return;
    }
    if (gap) out += ' ';
    gap = false;
    out += bytes;
  });
  return out;
}

}  // namespace plenoptic::model
