#include "options/lexer.h"

#include <gtest/gtest.h>

namespace adit::options {
namespace {

using Words = std::vector<std::string>;

Words words(std::string_view line) {
  auto result = split_words(line);
  EXPECT_TRUE(result) << result.error().text();
  return result ? *result : Words{};
}

std::string complaint(std::string_view line) {
  const auto result = split_words(line);
  return result ? "none" : result.error().text();
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Lexer, splits_at_blanks) {
  EXPECT_EQ(words("remote  host\t1194 "), (Words{"remote", "host", "1194"}));
  EXPECT_EQ(words("   \t leading"), (Words{"leading"}));
  EXPECT_EQ(words(""), Words{});
  EXPECT_EQ(words(" \t"), Words{});
}

TEST(Lexer, treats_carriage_return_as_blank) { EXPECT_EQ(words("verb 3\r"), (Words{"verb", "3"})); }

TEST(Lexer, splits_the_sample_of_the_manual) {
  EXPECT_EQ(words(R"(echo msg "a b" c\ d 'e f' "g\"h" i\\j)"),
            (Words{"echo", "msg", "a b", "c d", "e f", "g\"h", "i\\j"}));
}

TEST(Lexer, comment_begins_only_where_a_word_could) {
  EXPECT_EQ(words("# all"), Words{});
  EXPECT_EQ(words("; all"), Words{});
  EXPECT_EQ(words("key a#b ;c"), (Words{"key", "a#b"}));
  EXPECT_EQ(words("key a;b #c"), (Words{"key", "a;b"}));
  EXPECT_EQ(words("a \"b\"#c"), (Words{"a", "b"}));
}

TEST(Lexer, quotes_count_only_at_the_beginning_of_a_word) {
  EXPECT_EQ(words("a\"b c'd"), (Words{"a\"b", "c'd"}));
}

TEST(Lexer, text_after_a_closing_quote_is_a_new_word) {
  EXPECT_EQ(words("\"a\"b"), (Words{"a", "b"}));
  EXPECT_EQ(words("'a''b'"), (Words{"a", "b"}));
}

TEST(Lexer, empty_quotes_make_an_empty_word) {
  EXPECT_EQ(words("a \"\" ''"), (Words{"a", "", ""}));
}

TEST(Lexer, single_quotes_know_no_escapes) {
  EXPECT_EQ(words(R"('a\b\' c)"), (Words{"a\\b\\", "c"}));
}

TEST(Lexer, backslash_escapes_space) { EXPECT_EQ(words(R"(a\ b)"), (Words{"a b"})); }

TEST(Lexer, backslash_escapes_itself_and_the_double_quote) {
  EXPECT_EQ(words(R"(\\srv\\share \"x)"), (Words{"\\srv\\share", "\"x"}));
}

TEST(Lexer, escaped_blank_between_words_is_a_blank) {
  EXPECT_EQ(words(R"(remote \ host)"), (Words{"remote", "host"}));
}

TEST(Lexer, other_escapes_are_refused_with_their_column) {
  EXPECT_TRUE(contains(complaint(R"(key c:\keys)"), "Bad backslash ('\\') usage in column 7"));
  EXPECT_TRUE(contains(complaint(R"(key "c:\keys")"), "column 8"));
  EXPECT_TRUE(contains(complaint("key a\\"), "Bad backslash"));
}

TEST(Lexer, open_quotes_are_refused) {
  EXPECT_TRUE(contains(complaint("push \"route"), "No closing quotation (\"), opened in column 6"));
  EXPECT_TRUE(
      contains(complaint("push 'route"), "No closing single quotation ('), opened in column 6"));
}

TEST(Lexer, nul_ends_the_line) {
  using namespace std::string_view_literals;
  EXPECT_EQ(words("remote a\0b 55"sv), (Words{"remote", "a"}));
}

TEST(Lexer, names_typographic_characters_by_bytes_and_column) {
  const std::string quote = complaint("push \xE2\x80\x9Croute\xE2\x80\x9D");
  EXPECT_TRUE(contains(quote, "typographic quote (bytes e2809c) in column 6")) << quote;
  EXPECT_TRUE(contains(quote, "write \"")) << quote;
  EXPECT_TRUE(contains(complaint("\xE2\x80\x93verb 3"), "typographic dash"));
  EXPECT_TRUE(contains(complaint("verb\xC2\xA0"
                                 "3"),
                       "no-break space (bytes c2a0) in column 5"));
}

TEST(Lexer, foreign_letters_inside_words_are_fine) {
  EXPECT_EQ(words("ca caf\xC3\xA9.crt"), (Words{"ca", "caf\xC3\xA9.crt"}));
  EXPECT_EQ(words("echo \"it\xE2\x80\x99s\""), (Words{"echo", "it\xE2\x80\x99s"}));
}

TEST(Lexer, accepts_long_lines_and_many_words) {
  std::string line(100000, 'x');
  EXPECT_EQ(words(line).front().size(), 100000u);
  line = "a";
  for (int i = 0; i < 50; ++i) line += " b";
  EXPECT_EQ(words(line).size(), 51u);
}

TEST(LineReader, counts_lines_and_needs_no_last_newline) {
  LineReader lines("a\n\nb");
  EXPECT_EQ(lines.next(), "a");
  EXPECT_EQ(lines.next(), "");
  EXPECT_EQ(lines.next(), "b");
  EXPECT_EQ(lines.number(), 3);
  EXPECT_EQ(lines.next(), std::nullopt);
}

TEST(LineReader, skips_a_byte_order_mark_and_carriage_returns) {
  LineReader lines("\xEF\xBB\xBFverb 3\r\n");
  EXPECT_EQ(lines.next(), "verb 3");
}

// source: stock 2.6.14, where the end of a line is a blank like others
TEST(LineReader, leaves_an_end_that_a_backslash_stands_before) {
  LineReader lines("verb 3 \\\r\necho a \\\nverb 4\nkey\\");
  EXPECT_EQ(words(*lines.next()), (Words{"verb", "3"}));
  EXPECT_EQ(words(*lines.next()), (Words{"echo", "a"}));
  EXPECT_EQ(words(*lines.next()), (Words{"verb", "4"}));
  EXPECT_TRUE(contains(complaint(*lines.next()), "Bad backslash"));
}

TEST(LineReader, a_block_keeps_a_backslash_at_the_end_of_a_line) {
  LineReader lines("a\\\nb\n</ca>\n");
  EXPECT_EQ(lines.block("ca"), "a\\\nb\n");
}

TEST(LineReader, can_begin_in_the_middle_of_a_file) {
  LineReader lines("a\nb\n", 10);
  lines.next();
  EXPECT_EQ(lines.number(), 10);
}

TEST(LineReader, block_ends_at_its_tag_whatever_follows) {
  LineReader lines("one\r\n two\n  </ca> rest\nverb 3\n");
  EXPECT_EQ(lines.block("ca"), "one\n two\n");
  EXPECT_EQ(lines.next(), "verb 3");
  EXPECT_EQ(lines.number(), 4);
}

TEST(LineReader, block_without_end_is_nothing) {
  LineReader lines("one\n</cert>\n");
  EXPECT_EQ(lines.block("ca"), std::nullopt);
}

TEST(BlockTag, is_a_single_word_in_angle_brackets) {
  EXPECT_EQ(block_tag({"<ca>"}), "ca");
  EXPECT_EQ(block_tag({"<ca>", "x"}), std::nullopt);
  EXPECT_EQ(block_tag({"<>"}), std::nullopt);
  EXPECT_EQ(block_tag({"ca"}), std::nullopt);
}

}  // namespace
}  // namespace adit::options
