// The column that a record's row keeps its links in.
#include "storage/sqlite/held_links.h"

#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plenoptic::storage::sqlite {
namespace {

using model::RecordId;
using model::Side;
using Set = HeldLinks::Set;

HeldLink link(model::LinkTypeNumber type, Side side, std::uint64_t other) { return {type, side, RecordId{1, other}}; }

HeldLinks filled(std::size_t of_one, std::size_t of_another) {
  HeldLinks links;
  for (std::size_t i = 0; i < of_one; ++i) links.change(link(3, Side::destination, i), true);
  for (std::size_t i = 0; i < of_another; ++i) links.change(link(300, Side::source, i), true);
  return links;
}

TEST(HeldLinksTest, AreASetInOrder) {
  HeldLinks links;
  EXPECT_TRUE(links.change(link(7, Side::destination, 1), true));
  EXPECT_TRUE(links.change(link(7, Side::source, 2), true));
  EXPECT_TRUE(links.change(link(7, Side::source, 1), true));
  EXPECT_FALSE(links.change(link(7, Side::source, 1), true));
  EXPECT_TRUE(links.change(link(2, Side::source, 9), true));
  EXPECT_THAT(links.all(), testing::ElementsAre(link(2, Side::source, 9), link(7, Side::source, 1), link(7, Side::source, 2), link(7, Side::destination, 1)));
  EXPECT_THAT(links.of({7, Side::source}), testing::ElementsAre(link(7, Side::source, 1), link(7, Side::source, 2)));
  EXPECT_THAT(links.of({4, Side::source}), testing::IsEmpty());
  EXPECT_TRUE(links.change(link(7, Side::source, 1), false));
  EXPECT_FALSE(links.change(link(7, Side::source, 1), false));
  links.forget(Side::destination);
  EXPECT_THAT(links.all(), testing::ElementsAre(link(2, Side::source, 9), link(7, Side::source, 2)));
}

TEST(HeldLinksTest, TheLargestSetMovesOutWhereTheyAreTooMany) {
  HeldLinks links = filled(20, HeldLinks::most - 20);
  EXPECT_FALSE(links.are_too_many());
  links.change(link(3, Side::destination, 20), true);
  ASSERT_TRUE(links.are_too_many());
  const auto moved = links.move_largest_out();
  EXPECT_EQ(moved.size(), HeldLinks::most - 20);
  EXPECT_EQ(moved.front(), link(300, Side::source, 0));
  EXPECT_FALSE(links.are_too_many());
  EXPECT_EQ(links.all().size(), 21U);
  EXPECT_TRUE(links.are_in_pieces({300, Side::source}));
  EXPECT_FALSE(links.are_in_pieces({3, Side::destination}));
  links.forget(Side::source);
  EXPECT_THAT(links.in_pieces(), testing::IsEmpty());
}

TEST(HeldLinksTest, DecodeToWhatWasEncoded) {
  HeldLinks links = filled(2, 30);
  for (const Set set : {Set{400, Side::source}, Set{1, Side::source}, Set{3, Side::source}, Set{300, Side::destination}}) links.mark_in_pieces(set);
  const std::string column = links.encode();
  EXPECT_EQ(column.size(), 6 * 6 + 32 * 16U);
  HeldLinks decoded = filled(1, 1);
  decoded.decode(column);
  EXPECT_EQ(decoded.all(), links.all());
  EXPECT_EQ(decoded.in_pieces(), links.in_pieces());
  EXPECT_EQ(decoded.encode(), column);
  decoded.decode("");
  EXPECT_THAT(decoded.all(), testing::IsEmpty());
  EXPECT_EQ(decoded.encode(), "");
}

TEST(HeldLinksTest, WhatIsNoneOfTheirColumnsIsRefused) {
  const std::string column = filled(2, 1).encode();
  const auto with = [&](std::size_t at, char value) {
    std::string changed = column;
    changed[at] = value;
    return changed;
  };
  HeldLinks links;
  for (const std::string& bytes : {column.substr(0, column.size() - 1), column.substr(0, 5), column + column, column.substr(0, 38) + column.substr(0, 38), with(4, 2), with(5, 3),
                                   with(6 + 15, 9), column.substr(38) + column.substr(0, 38)})
    EXPECT_THROW(links.decode(bytes), std::runtime_error) << testing::PrintToString(bytes);
}

}  // namespace
}  // namespace plenoptic::storage::sqlite
