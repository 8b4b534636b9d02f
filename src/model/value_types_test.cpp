#include "model/value_types.h"

#include <gtest/gtest.h>

#include "model/errors.h"

namespace plenoptic::model {
namespace {

FieldDefinition field(ValueType type) {
  FieldDefinition definition;
  definition.key = "key";
  definition.type = type;
  if (type == ValueType::social_handle) definition.handle_service = HandleService::twitter;
  return definition;
}

/// What comes back after a value was written and read; the problem's status where it is refused.
std::string round_trip(const FieldDefinition& definition, const std::string& input) {
  const auto value = parse_value(definition, *base::parse_json(input));
  if (!value) return std::to_string(http_status(value.error().kind));
  std::string out;
  write_value(definition, *value, out);
  return out;
}

TEST(Numbers, AreExactToTheHundredth) {
  const std::pair<const char*, const char*> cases[] = {{"0.1", "0.1"},
                                                       {"-0.01", "-0.01"},
                                                       {"1e2", "100"},
                                                       {"12.5e1", "125"},
                                                       {"9007199254740991", "9007199254740991"},
                                                       {"9007199254740991.00", "9007199254740991"},
                                                       {"-9007199254740991", "-9007199254740991"},
                                                       {"9007199254740991.01", "422"},
                                                       {"0.001", "422"},
                                                       {"1e17", "422"},
                                                       {"-0", "0"},
                                                       {"1e-2", "0.01"},
                                                       {"1e-3", "422"},
                                                       {"\"5\"", "400"},
                                                       {"true", "400"}};
  for (const auto& [input, output] : cases) EXPECT_EQ(round_trip(field(ValueType::number), input), output) << input;
}

TEST(Emails, FollowThePublishedPattern) {
  for (const char* taken : {"a@b.co", "first.last+tag@sub-domain.example.org", "\\\"quoted x\\\"@example.com", "a@[127.0.0.1]", "ünï@example.com"})
    EXPECT_EQ(round_trip(field(ValueType::email), "\"" + std::string(taken) + "\""), "\"" + std::string(taken) + "\"");
  for (const char* refused : {"a", "a@b", "@b.co", "a@", "a@b.c", "a b@c.de", "a..b@c.de", ".a@c.de", "a.@c.de", "a@b..co", "a@-.", "a@b.c0", "a@[1.2.3]", "<a@b.co>",
                              "\\\"a\\u0001b\\\"@example.com", "\\\"a\\tb\\\"@example.com"})
    EXPECT_EQ(round_trip(field(ValueType::email), "\"" + std::string(refused) + "\""), "422") << refused;
}

TEST(StoredForm, ReadsWhatItWrites) {
  FieldValues values;
  values.set(9, Value(std::vector<std::string>{"a", "", "c"}));
  values.set(1, Value(std::string("text")));
  values.set(300, Value(std::int64_t{-123456789}));
  values.set(2, Value(true));
  values.set(3, Value(OptionNumber{70000}));
  values.set(4, Value(std::vector<OptionNumber>{{1}, {200}}));
  values.set(5, Value(FullName{"Ada", std::nullopt}));
  values.set(6, Value(Address{.city = "Berlin", .latitude = "52.5"}));
  values.set(7, Value());
  values.set(8, Value(INT64_MIN));
  const std::string bytes = encode_fields(values);
  EXPECT_EQ(decode_fields(bytes), values);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    try {
      decode_fields(std::string_view(bytes).substr(0, cut));  // may be whole by luck, must never read past
    } catch (const std::runtime_error&) {
    }
  }
}

TEST(Folding, IgnoresCaseAndComposition) {
  EXPECT_EQ(fold_text("ABC"), "abc");
  EXPECT_EQ(fold_text("STRASSE"), fold_text("Straße"));
  EXPECT_EQ(fold_text("A\u0308"), fold_text("ä"));
  EXPECT_EQ(fold_text("ΣΊΣΥΦΟΣ"), fold_text("σίσυφος"));
}

/// Marks are put in order by a sort whose time is the square of their run: two million would take the better part of an hour.
TEST(Folding, ManyMarksTakeNoTime) {
  std::string text = "a";
  for (const char* mark : {"\u0301", "\u0323"})
    for (int i = 0; i < 1'000'000; ++i) text += mark;
  EXPECT_EQ(fold_text(text), fold_text("A" + text.substr(1)));
  std::string composed;  // of two marks each
  for (int i = 0; i < 1'000'000; ++i) composed += "\u0F73";
  EXPECT_GE(fold_text(composed).size(), composed.size());
  EXPECT_EQ(fold_text("A\u0301\u0323"), fold_text("a\u0323\u0301"));
}

TEST(UniqueForms, SeeThroughSpelling) {
  const auto forms = [](ValueType type, const char* text) { return unique_forms(field(type), Value(std::string(text))); };
  EXPECT_EQ(forms(ValueType::url, "https://www.Example.com/"), forms(ValueType::url, "http://example.com"));
  EXPECT_NE(forms(ValueType::url, "https://example.com/a"), forms(ValueType::url, "https://example.com/b"));
  EXPECT_EQ(forms(ValueType::email, "Ada@Example.com"), forms(ValueType::email, "ada@example.COM"));
  EXPECT_EQ(forms(ValueType::email, "Ÿ@x.co"), forms(ValueType::email, "ÿ@x.co"));
  EXPECT_NE(forms(ValueType::email, "straße@x.co"), forms(ValueType::email, "strasse@x.co"));
}

FieldDefinition of_several(ValueType type) {
  FieldDefinition definition = field(type);
  definition.multiple = true;
  return definition;
}

TEST(Values, AListOfOneNullClearsWhatHoldsOneValue) {
  for (const ValueTypeRow& row : value_type_rows()) EXPECT_EQ(round_trip(field(row.type), "[null]"), row.type == ValueType::multi_select ? "400" : "null") << row.name;
  for (ValueType type : {ValueType::email, ValueType::telephone, ValueType::url}) EXPECT_EQ(round_trip(of_several(type), "[null]"), "400");
}

TEST(Values, OnlyTextIsClearedByABlankOne) {
  for (ValueType type : {ValueType::text, ValueType::markdown, ValueType::html}) EXPECT_EQ(round_trip(field(type), R"(" ")"), "null");
  for (ValueType type : {ValueType::email, ValueType::telephone, ValueType::url, ValueType::social_handle, ValueType::single_select, ValueType::multi_select})
    EXPECT_EQ(round_trip(field(type), R"(" ")"), "422");
  EXPECT_EQ(round_trip(of_several(ValueType::email), R"(["a@b.co", ""])"), "422");
  EXPECT_EQ(round_trip(field(ValueType::datetime), R"("")"), "400");
}

TEST(Values, TheSameAgainIsOneValue) {
  EXPECT_EQ(round_trip(field(ValueType::text), R"(["x","x "])"), "\"x\"");
  EXPECT_EQ(round_trip(field(ValueType::number), "[1, 1.00]"), "1");
  EXPECT_EQ(round_trip(field(ValueType::email), R"(["a@b.co","A@B.co"])"), R"("a@b.co")");
  EXPECT_EQ(round_trip(field(ValueType::text), R"(["x",null])"), "422");
}

TEST(Options, OfALabelThatLooksLikeAnId) {
  FieldDefinition select = field(ValueType::single_select);
  SelectOption option;
  option.id = "opt_1";
  option.number = {1};
  option.set_label("opt_in");
  select.options.push_back(option);
  EXPECT_EQ(round_trip(select, R"("opt_in")"), R"("opt_1")");
  EXPECT_EQ(round_trip(select, R"(["OPT_IN","opt_1"])"), R"("opt_1")");
  EXPECT_EQ(round_trip(select, R"("opt_out")"), "400");
  EXPECT_EQ(round_trip(select, R"("out")"), "422");
}

TEST(Times, ALeapSecondEndsADayOfUtc) {
  EXPECT_EQ(round_trip(field(ValueType::datetime), R"("2016-12-31T23:59:60Z")"), R"("2017-01-01T00:00:00.000Z")");
  EXPECT_EQ(round_trip(field(ValueType::datetime), R"("1968-06-30T18:59:60.5-05:00")"), R"("1968-07-01T00:00:00.500Z")");
  EXPECT_EQ(round_trip(field(ValueType::datetime), R"("2026-05-01T08:30:60Z")"), "400");
  EXPECT_EQ(round_trip(field(ValueType::datetime), R"("2026-05-01T23:59:60+01:00")"), "400");
}

TEST(Values, EmailAddressesOfOneListAreTheSameAsUniqueOnesAre) {
  const FieldDefinition emails = of_several(ValueType::email);
  EXPECT_EQ(round_trip(emails, R"(["ÿ@x.co","Ÿ@x.co"])"), R"(["ÿ@x.co"])");
  EXPECT_EQ(round_trip(emails, R"(["straße@x.co","strasse@x.co"])"), R"(["straße@x.co","strasse@x.co"])");
}

TEST(Values, MayBeAListOfOne) {
  EXPECT_EQ(round_trip(field(ValueType::text), R"(["x"])"), "\"x\"");
  EXPECT_EQ(round_trip(field(ValueType::text), R"(["x","y"])"), "422");
  EXPECT_EQ(round_trip(field(ValueType::text), R"([["x"]])"), "400");
  EXPECT_EQ(round_trip(field(ValueType::full_name), R"([{"firstName":"A"}])"), R"({"firstName":"A","lastName":null})");
}

}  // namespace
}  // namespace plenoptic::model
