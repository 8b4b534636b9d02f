// NUMBER, CURRENCY and DATETIME: a dense array of values, and bins of neighbouring values with a bitmap each. A range is the
// union of the bins that lie within it and a look at the values of the one or two at its edges.
#include <algorithm>
#include <limits>
#include <vector>

#include "index/column.h"

namespace plenoptic::index {
namespace {

constexpr std::uint64_t smallest_split = 1024;  // bins below this stay as they are
constexpr std::uint64_t wanted_bins = 128;

struct Bin {
  std::int64_t least;  // the bin holds values from here to the next bin's least
  Bitmap records;
  std::uint64_t size = 0;
  std::uint64_t retry_split_at = 0;  // where all its values were the same: not before it has grown to this
};

class NumberColumn final : public Column {
 public:
  NumberColumn() { bins_.push_back({std::numeric_limits<std::int64_t>::min(), {}, 0, 0}); }

  void update(const model::FieldDefinition&, Ordinal ordinal, const model::Value& before, const model::Value& after) override {
    if (const auto* value = std::get_if<std::int64_t>(&before)) remove(ordinal, *value);
    if (const auto* value = std::get_if<std::int64_t>(&after)) add(ordinal, *value);
  }

  Matches match(const model::FieldPredicate& predicate) const override {
    constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();
    using enum model::FilterOperator;
    const std::int64_t number = predicate.number;
    switch (predicate.op) {
      case equal: return range(number, number);
      case greater_than: return range(number + 1, highest);
      case greater_than_or_equal: return range(number, highest);
      case less_than: return range(lowest, number - 1);
      case less_than_or_equal: return range(lowest, number);
      default: return {};
    }
  }

  std::size_t memory_bytes() const override {
    std::size_t bytes = values_.capacity() * sizeof(std::int64_t);
    for (const Bin& bin : bins_) bytes += bin.records.getSizeInBytes(false) + sizeof(Bin);
    return bytes;
  }

 private:
  std::size_t bin_of(std::int64_t value) const {
    const auto after = std::upper_bound(bins_.begin(), bins_.end(), value, [](std::int64_t wanted, const Bin& bin) { return wanted < bin.least; });
    return static_cast<std::size_t>(after - bins_.begin()) - 1;
  }

  void add(Ordinal ordinal, std::int64_t value) {
    if (ordinal >= values_.size()) values_.resize(ordinal + 1);
    values_[ordinal] = value;
    ++total_;
    const std::size_t place = bin_of(value);
    Bin& bin = bins_[place];
    bin.records.add(ordinal);
    ++bin.size;
    if (bin.size > std::max({smallest_split, 2 * total_ / wanted_bins, bin.retry_split_at})) split(place);
  }

  void remove(Ordinal ordinal, std::int64_t value) {
    Bin& bin = bins_[bin_of(value)];
    bin.records.remove(ordinal);
    --bin.size;
    --total_;
  }

  /// Halves a bin at its median value.
  void split(std::size_t place) {
    std::vector<Ordinal> ordinals(bins_[place].size);
    bins_[place].records.toUint32Array(ordinals.data());
    std::vector<std::int64_t> values;
    for (Ordinal ordinal : ordinals) values.push_back(values_[ordinal]);
    const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
    if (*least == *greatest) {
      bins_[place].retry_split_at = 2 * bins_[place].size;
      return;
    }
    const std::int64_t low = *least;
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    const std::int64_t median = values[values.size() / 2];
    const std::int64_t border = median > low ? median : low + 1;
    Bin upper{border, {}, 0, 0};
    for (Ordinal ordinal : ordinals)
      if (values_[ordinal] >= border) {
        upper.records.add(ordinal);
        ++upper.size;
      }
    bins_[place].records -= upper.records;
    bins_[place].size -= upper.size;
    bins_.insert(bins_.begin() + static_cast<std::ptrdiff_t>(place) + 1, std::move(upper));
  }

  /// Both ends included.
  Matches range(std::int64_t from, std::int64_t to) const {
    Matches matches;
    if (from > to) return matches;
    const std::size_t first = bin_of(from), last = bin_of(to);
    std::vector<const Bitmap*> whole;
    for (std::size_t i = first; i <= last; ++i) {
      const bool begins_within = from <= bins_[i].least;
      const bool ends_within = i < last || (i + 1 == bins_.size() ? to == std::numeric_limits<std::int64_t>::max() : to >= bins_[i + 1].least - 1);
      if (begins_within && ends_within)
        whole.push_back(&bins_[i].records);
      else
        look(bins_[i], from, to, matches.made);
    }
    if (whole.empty()) return matches;
    whole.push_back(&matches.made);
    matches.made = Bitmap::fastunion(whole.size(), whole.data());
    return matches;
  }

  void look(const Bin& bin, std::int64_t from, std::int64_t to, Bitmap& out) const {
    std::vector<Ordinal> ordinals(bin.size);
    bin.records.toUint32Array(ordinals.data());
    const auto end = std::remove_if(ordinals.begin(), ordinals.end(), [&](Ordinal ordinal) { return values_[ordinal] < from || values_[ordinal] > to; });
    out.addMany(static_cast<std::size_t>(end - ordinals.begin()), ordinals.data());
  }

  std::vector<std::int64_t> values_;
  std::vector<Bin> bins_;
  std::uint64_t total_ = 0;
};

}  // namespace

std::unique_ptr<Column> make_number_column() { return std::make_unique<NumberColumn>(); }

}  // namespace plenoptic::index
