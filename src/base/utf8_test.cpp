#include "base/utf8.h"

#include <gtest/gtest.h>

namespace plenoptic::base {
namespace {

TEST(Utf8, IsCutBetweenCharacters) {
  EXPECT_EQ(utf8_prefix("aäb", 2), "a");
  EXPECT_EQ(utf8_prefix("aäb", 3), "aä");
  EXPECT_EQ(utf8_prefix("\x80\x80\x80", 2), "");
}

TEST(Utf8, WhatIsPrintedObeysNobody) {
  EXPECT_EQ(printable("Grüße, 世界 🌍"), "Grüße, 世界 🌍");
  EXPECT_EQ(printable("\x1b]0;title\x07\r\n"), " ]0;title   ");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            " 31m");  // the eight-bit form of an escape
  EXPECT_EQ(printable("a\xff\xC0\x80\xED\xA0\x80z"), "a\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDz");
  EXPECT_EQ(printable("cut \xE4\xB8"), "cut \uFFFD");
}

TEST(ShellWords, AreOneWordEach) {
  EXPECT_EQ(shell_word("/var/lib/plenoptic-1"), "/var/lib/plenoptic-1");
  EXPECT_EQ(shell_word("/my data"), "'/my data'");
  EXPECT_EQ(shell_word("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace plenoptic::base
