// TEXT, MARKDOWN and HTML.
#include "base/utf8.h"
#include "model/value_types/families.h"

namespace plenoptic::model::value_types {
namespace {

constexpr std::size_t longest_text = 10'000;
constexpr std::size_t longest_markdown = 1'000'000;

}  // namespace

ParsedValue parse_text(const FieldDefinition& field, const base::Json& input) {
  if (!input.is_string()) return wrong_type(field, "a string", input);
  const std::string_view text = trimmed(input.string());
  if (base::utf8_length(text) > longest_text) return unacceptable(field, "takes at most 10,000 characters");
  return text.empty() ? Value() : Value(std::string(text));
}

ParsedValue parse_markdown(const FieldDefinition& field, const base::Json& input) {
  if (!input.is_string()) return wrong_type(field, "a string of markdown", input);
  if (base::utf8_length(input.string()) > longest_markdown) return unacceptable(field, "takes at most 1,000,000 characters");
  return trimmed(input.string()).empty() ? Value() : Value(input.string());
}

}  // namespace plenoptic::model::value_types
