// NUMBER, CURRENCY and DATETIME: a dense array of values, and for each record the code of the bin of neighbouring values that
// its own lies in. A range compares codes, 64 records at a time, and looks at the values of the bins at its two edges only.
#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <span>
#include <vector>

#include "index/column.h"
#include "index/kernels.h"

namespace plenoptic::index {
namespace {

constexpr std::uint8_t unset = 0;              // the code of a record without a value
constexpr std::size_t most_bins = 255;         // codes 1 to 255
constexpr std::uint64_t smallest_full = 1024;  // bins below this stay as they are
constexpr std::uint64_t skew = 4;              // a bin this many times the average is too full
constexpr std::size_t sample_size = 64 << 10;  // values that new borders are taken from

constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
constexpr auto highest = std::numeric_limits<std::int64_t>::max();

constexpr ValueRange nothing{highest, lowest};

/// Where bits are set; returns how many. Words without any, which are most, are passed over without a branch for each.
std::size_t places_of(std::span<const std::uint64_t> bits, std::array<std::uint16_t, chunk_size>& places) {
  std::array<std::uint16_t, std::tuple_size_v<ChunkWords>> filled;
  std::size_t filled_count = 0, count = 0;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    filled[filled_count] = static_cast<std::uint16_t>(i);
    filled_count += bits[i] != 0;
  }
  for (const std::uint16_t i : std::span(filled).first(filled_count))
    for (std::uint64_t word = bits[i]; word != 0; word &= word - 1) places[count++] = static_cast<std::uint16_t>(i * 64 + std::countr_zero(word));
  return count;
}

class RangeCondition final : public Condition {
 public:
  struct Parts {
    const std::vector<std::int64_t>& values;
    const std::vector<std::uint8_t>& codes;
    ValueRange range;
    unsigned first, last;              // codes of the bins that the range touches
    unsigned first_whole, last_whole;  // of those that lie within it; none where first_whole > last_whole
    std::uint64_t estimate;
  };
  explicit RangeCondition(const Parts& parts) : parts_(parts) {}

  void keep(std::uint32_t chunk, ChunkWords& words) const override {
    const std::size_t begin = std::size_t{chunk} * chunk_size;
    const std::size_t known = std::min(words.size(), (parts_.codes.size() - begin) / 64);
    const bool any_whole = parts_.first_whole <= parts_.last_whole;
    const CodeRange outer = range_of(parts_.first, parts_.last), inner = any_whole ? range_of(parts_.first_whole, parts_.last_whole) : CodeRange{unset, unset};
    ChunkWords edges;
    kernels().keep_codes(parts_.codes.data() + begin, known, outer, inner, words.data(), edges.data());
    look(begin, std::span(edges).first(known), words);
    std::fill(words.begin() + static_cast<std::ptrdiff_t>(known), words.end(), 0);
  }
  bool may_match(std::uint32_t chunk) const override { return std::size_t{chunk} * chunk_size < parts_.codes.size(); }
  std::uint64_t estimate() const override { return parts_.estimate; }
  bool matches(Ordinal record) const override {
    return record < parts_.codes.size() && parts_.codes[record] != unset && parts_.range.from <= parts_.values[record] && parts_.values[record] <= parts_.range.to;
  }
  bool looks_at_values() const override { return true; }

 private:
  static CodeRange range_of(unsigned least, unsigned most) { return {static_cast<std::uint8_t>(least), static_cast<std::uint8_t>(most)}; }

  /// Takes the records whose bins lie across an end of the range, and whose values are outside.
  void look(std::size_t begin, std::span<const std::uint64_t> edges, ChunkWords& words) const {
    std::array<std::uint16_t, chunk_size> places;
    const std::size_t count = places_of(edges, places);
    // Values lie far apart: all of them are asked for before the first is looked at.
    for (const std::uint16_t place : std::span(places).first(count)) __builtin_prefetch(&parts_.values[begin + place]);
    for (const std::uint16_t place : std::span(places).first(count)) {
      const std::int64_t value = parts_.values[begin + place];
      const bool outside = value < parts_.range.from || value > parts_.range.to;
      words[place / 64] &= ~(static_cast<std::uint64_t>(outside) << place % 64);
    }
  }

  Parts parts_;
};

class NumberColumn final : public Column {
 public:
  void update(const model::FieldDefinition&, Ordinal ordinal, const model::Value& before, const model::Value& after) override {
    if (std::holds_alternative<std::int64_t>(before)) remove(ordinal);
    if (const auto* value = std::get_if<std::int64_t>(&after)) add(ordinal, *value);
  }

  void load(const model::FieldDefinition&, Ordinal ordinal, const model::Value& value) override {
    if (const auto* number = std::get_if<std::int64_t>(&value)) put(ordinal, *number);
  }

  void finish_loading() override { choose_bins(); }

  ConditionPointer condition(const model::FieldPredicate& predicate) const override { return condition(range_of(predicate)); }

  ConditionPointer conjunction(std::span<const model::FieldPredicate* const> predicates) const override { return condition(*range_of(predicates)); }

  std::optional<ValueRange> range_of(std::span<const model::FieldPredicate* const> predicates) const override {
    ValueRange all;
    for (const model::FieldPredicate* predicate : predicates) {
      const ValueRange one = range_of(*predicate);
      all = {std::max(all.from, one.from), std::min(all.to, one.to)};
    }
    return all;
  }

  std::optional<std::int64_t> number_of(Ordinal ordinal) const override {
    return ordinal < codes_.size() && codes_[ordinal] != unset ? std::optional(values_[ordinal]) : std::nullopt;
  }

  std::size_t memory_bytes() const override { return values_.capacity() * sizeof(std::int64_t) + codes_.capacity(); }

  void archive(Archive& archive) override {
    archive(values_, codes_, least_, sizes_, total_, since_choice_);
    archive.require(codes_.size() == values_.size() && codes_.size() % 64 == 0 && sizes_.size() == least_.size());
    archive.require(!least_.empty() && least_.size() <= most_bins && least_.front() == lowest);
    if (archive.is_restoring()) archive.require(std::all_of(codes_.begin(), codes_.end(), [&](std::uint8_t code) { return code <= least_.size(); }));
  }

 private:
  std::size_t bin_of(std::int64_t value) const { return static_cast<std::size_t>(std::upper_bound(least_.begin() + 1, least_.end(), value) - least_.begin()) - 1; }
  static std::uint8_t code_of(std::size_t bin) { return static_cast<std::uint8_t>(bin + 1); }
  std::int64_t greatest_of(std::size_t bin) const { return bin + 1 == least_.size() ? highest : least_[bin + 1] - 1; }

  std::size_t put(Ordinal ordinal, std::int64_t value) {
    if (ordinal >= values_.size()) {
      // Whole words of codes, so that 64 can always be compared.
      codes_.resize((std::size_t{ordinal} / 64 + 1) * 64);
      values_.resize(codes_.size());
    }
    const std::size_t bin = bin_of(value);
    values_[ordinal] = value;
    codes_[ordinal] = code_of(bin);
    ++sizes_[bin];
    ++total_;
    return bin;
  }

  void add(Ordinal ordinal, std::int64_t value) {
    const std::size_t bin = put(ordinal, value);
    ++since_choice_;
    if (sizes_[bin] > std::max(smallest_full, skew * total_ / most_bins) && since_choice_ > total_ / 8) choose_bins();
  }

  void remove(Ordinal ordinal) {
    if (ordinal >= codes_.size() || codes_[ordinal] == unset) return;
    --sizes_[codes_[ordinal] - 1U];
    --total_;
    codes_[ordinal] = unset;
  }

  /// Borders at the quantiles of a sample, every record's code anew. Rare: the column has grown by an eighth since.
  void choose_bins() {
    std::vector<std::int64_t> sample;
    const std::size_t step = std::max<std::size_t>(1, total_ / sample_size);
    std::size_t skipped = 0;
    for (std::size_t i = 0; i < values_.size(); ++i)
      if (codes_[i] != unset && skipped++ % step == 0) sample.push_back(values_[i]);
    std::sort(sample.begin(), sample.end());
    least_.assign(1, lowest);
    for (std::size_t i = 1; i < most_bins && !sample.empty(); ++i)
      if (const std::int64_t border = sample[i * sample.size() / most_bins]; border > least_.back()) least_.push_back(border);
    sizes_.assign(least_.size(), 0);
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (codes_[i] == unset) continue;
      const std::size_t bin = bin_of(values_[i]);
      codes_[i] = code_of(bin);
      ++sizes_[bin];
    }
    since_choice_ = 0;
  }

  static ValueRange range_of(const model::FieldPredicate& predicate) {
    using enum model::FilterOperator;
    const std::int64_t number = predicate.number;
    switch (predicate.op) {
      case equal: return {number, number};
      case greater_than: return number == highest ? nothing : ValueRange{number + 1, highest};
      case greater_than_or_equal: return {number, highest};
      case less_than: return number == lowest ? nothing : ValueRange{lowest, number - 1};
      case less_than_or_equal: return {lowest, number};
      default: return nothing;
    }
  }

  ConditionPointer condition(ValueRange range) const {
    if (range.from > range.to) return empty_condition();
    const std::size_t first = bin_of(range.from), last = bin_of(range.to);
    const bool begins_whole = range.from <= least_[first], ends_whole = range.to >= greatest_of(last);
    std::uint64_t estimate = 0;
    for (std::size_t bin = first; bin <= last; ++bin) estimate += sizes_[bin];
    const unsigned first_whole = code_of(first) + (begins_whole ? 0U : 1U), last_whole = code_of(last) - (ends_whole ? 0U : 1U);
    return std::make_unique<RangeCondition>(RangeCondition::Parts{values_, codes_, range, code_of(first), code_of(last), first_whole, last_whole, estimate});
  }

  std::vector<std::int64_t> values_;         // by ordinal
  std::vector<std::uint8_t> codes_;          // by ordinal; as many as values_, in whole words
  std::vector<std::int64_t> least_{lowest};  // of each bin
  std::vector<std::uint64_t> sizes_{0};      // of each bin
  std::uint64_t total_ = 0;
  std::uint64_t since_choice_ = 0;  // values added since the bins were chosen
};

}  // namespace

std::unique_ptr<Column> make_number_column() { return std::make_unique<NumberColumn>(); }

}  // namespace plenoptic::index
