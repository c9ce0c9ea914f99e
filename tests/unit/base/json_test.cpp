#include "base/json.h"

#include <limits>

#include <gtest/gtest.h>

namespace adit {
namespace {

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(Json, keeps_members_in_the_order_in_which_they_came) {
  const std::string text = R"({"b":1,"a":[true,null,"x"],"c":{}})";
  const Json json = Json::parse(text);
  EXPECT_EQ(json.dump(), text);
  EXPECT_EQ(json.keys(), (std::vector<std::string>{"b", "a", "c"}));
  EXPECT_EQ(json,
            (Json{{"b", 1}, {"a", Json::array({true, nullptr, "x"})}, {"c", Json::object()}}));
}

TEST(Json, is_made_of_braces) {
  const Json one{{"name", "value"}};
  EXPECT_EQ(one.dump(), R"({"name":"value"})");
  const Json inner{{"outer", {{"a", "b"}, {"c", {{"d", 1}}}}}};
  EXPECT_EQ(inner.dump(), R"({"outer":{"a":"b","c":{"d":1}}})");
  Json same{inner};
  same["outer"]["a"] = "x";
  EXPECT_EQ(same.dump(), R"({"outer":{"a":"x","c":{"d":1}}})") << "a copy, and no list of it";
  EXPECT_EQ(Json::array({"a", "b"}).dump(), R"(["a","b"])");
  EXPECT_EQ(Json(std::vector<std::vector<std::string>>{{"a"}, {}}).dump(), R"([["a"],[]])");
  EXPECT_EQ(Json{}.dump(), "null");
}

TEST(Json, grows) {
  Json json;
  json["list"].push_back(1);
  json["list"].push_back({{"two", 2}});
  json["text"] = "a";
  json["text"] = "b";
  EXPECT_EQ(json.dump(), R"({"list":[1,{"two":2}],"text":"b"})");
  EXPECT_THROW(json.push_back(1), JsonError);
  EXPECT_THROW(json["text"]["a"], JsonError);
}

TEST(Json, of_two_members_of_one_name_the_later_counts) {
  EXPECT_EQ(Json::parse(R"({"a":1,"b":2,"a":3})").dump(), R"({"a":3,"b":2})");
}

TEST(Json, is_indented) {
  const Json json{{"a", Json::array({1, 2})}, {"b", Json::array()}, {"c", Json::object()}};
  EXPECT_EQ(json.dump(2), "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": [],\n  \"c\": {}\n}");
}

TEST(Json, writes_what_is_no_text_as_text) {
  EXPECT_EQ(Json("\xff q\"\\\n\x1b").dump(), "\"\xEF\xBF\xBD q\\\"\\\\\\n\\u001b\"");
  EXPECT_EQ(Json("J\xC3\xB6rg \xF0\x9F\x94\x91").dump_ascii(), R"("J\u00f6rg \ud83d\udd11")");
  EXPECT_EQ(Json("\xff").dump_ascii(), R"("\ufffd")");
  EXPECT_EQ(Json(std::string("a\0b", 3)).dump(), R"("a\u0000b")");
}

TEST(Json, reads_escapes) {
  EXPECT_EQ(Json::parse(R"("\u00f6\ud83d\udd11\n\/")"), "\xC3\xB6\xF0\x9F\x94\x91\n/");
  EXPECT_EQ(Json::parse(R"("\u0000")").get<std::string>(), std::string(1, '\0'));
}

TEST(Json, holds_whole_numbers_up_to_their_limits) {
  using Signed = std::numeric_limits<std::int64_t>;
  using Unsigned = std::numeric_limits<std::uint64_t>;
  for (const char* text : {"0", "-1", "9223372036854775807", "-9223372036854775808",
                           "9223372036854775808", "18446744073709551615"}) {
    EXPECT_EQ(Json::parse(text).dump(), text);
    EXPECT_TRUE(Json::parse(text).is_number_integer());
  }
  EXPECT_EQ(Json::parse("-9223372036854775808").get<std::int64_t>(), Signed::min());
  EXPECT_EQ(Json::parse("18446744073709551615").get<std::uint64_t>(), Unsigned::max());
  EXPECT_EQ(Json(Signed::min()).dump(), "-9223372036854775808");
  EXPECT_EQ(Json(Unsigned::max()).dump(), "18446744073709551615");
  EXPECT_NE(Json(-1), Json(Unsigned::max()));
  EXPECT_FALSE(Json::parse("18446744073709551616").is_number_integer()) << "a fraction then";
}

TEST(Json, holds_fractions) {
  for (const char* text : {"0.1", "1.0", "-2.5", "1e+300", "5e-324"}) {
    EXPECT_EQ(Json::parse(text).dump(), text);
  }
  EXPECT_EQ(Json(1.0).dump(), "1.0");
  EXPECT_EQ(Json(std::numeric_limits<double>::quiet_NaN()).dump(), "null");
  EXPECT_EQ(Json(1), Json(1.0));
  EXPECT_THROW((void)Json::parse("1e400"), JsonError);
}

TEST(Json, numbers_become_each_other) {
  EXPECT_EQ(Json(2.9).get<int>(), 2);
  EXPECT_EQ(Json(-2.9).get<std::int64_t>(), -2);
  EXPECT_EQ(Json(7).get<double>(), 7.0);
  EXPECT_EQ(Json(65537).get<std::uint16_t>(), 1);
  EXPECT_EQ(Json::parse("1e19").get<std::uint64_t>(), 10000000000000000000U);
  EXPECT_THROW((void)Json(1e20).get<int>(), JsonError);
  EXPECT_THROW((void)Json(std::numeric_limits<double>::quiet_NaN()).get<int>(), JsonError);
}

TEST(Json, another_type_is_no_answer) {
  const Json json = Json::parse(R"({"text":"a","number":1,"list":["a",1],"yes":true})");
  EXPECT_THROW((void)json.at("text").get<int>(), JsonError);
  EXPECT_THROW((void)json.at("number").get<std::string>(), JsonError);
  EXPECT_THROW((void)json.at("number").get<bool>(), JsonError);
  EXPECT_THROW((void)json.at("yes").get<std::uint64_t>(), JsonError);
  EXPECT_THROW((void)json.at("yes").get<double>(), JsonError);
  EXPECT_THROW((void)json.at("list").get<std::vector<std::string>>(), JsonError);
  EXPECT_THROW((void)json.at("text").get<std::vector<std::string>>(), JsonError);
  EXPECT_THROW((void)json.at("text").at("a"), JsonError);
  EXPECT_THROW((void)json.at("text").at(0), JsonError);
  EXPECT_THROW((void)json.at("list").at("a"), JsonError);
}

TEST(Json, what_is_missing_is_what_the_reader_says) {
  const Json json = Json::parse(R"({"text":"a","list":["a"],"nothing":null})");
  EXPECT_EQ(json.value("text", std::string("b")), "a");
  EXPECT_EQ(json.value("other", std::string("b")), "b");
  EXPECT_EQ(json.value("list", std::vector<std::string>{}), std::vector<std::string>{"a"});
  EXPECT_EQ(json.value("other", Json::object()), Json::object());
  EXPECT_EQ(json.find("other"), nullptr);
  EXPECT_EQ(json.at("text").find("other"), nullptr);
  EXPECT_FALSE(json.contains("other"));
  EXPECT_THROW((void)json.at("other"), JsonError);
  EXPECT_THROW((void)json.at("list").at(1), JsonError);
  EXPECT_THROW((void)json.value("nothing", 1), JsonError) << "it is there, and no number";
  EXPECT_THROW((void)json.at("list").value("text", 1), JsonError) << "it has no members";
}

TEST(Json, is_walked_through) {
  std::string seen;
  for (const Json& item : Json::parse(R"(["a","b"])")) seen += item.get<std::string>();
  for (const Json& value : Json::parse(R"({"x":"c","w":"d"})")) seen += value.get<std::string>();
  for (const Json& itself : Json("e")) seen += itself.get<std::string>();
  EXPECT_EQ(seen, "abcde");
  EXPECT_TRUE(Json().empty());
  EXPECT_TRUE(Json::array().empty());
  EXPECT_EQ(Json::parse("[1,[2,3]]").size(), 2u);
}

TEST(Json, refuses_what_is_none) {
  for (const char* text :
       {"", " ", "{", "[1,]", "{\"a\"}", "nul", "1 2", "'a'", "\"\xff\"", "\"\\ud800\"", "[1}"}) {
    EXPECT_THROW((void)Json::parse(text), JsonError) << text;
  }
  try {
    (void)Json::parse("[1,\n x]");
    FAIL();
  } catch (const JsonError& error) {
    EXPECT_NE(std::string(error.what()).find("line 2"), std::string::npos) << error.what();
  }
}

TEST(Json, refuses_what_is_nested_too_deep) {
  EXPECT_EQ(Json::parse(nested(Json::deepest)).dump(), nested(Json::deepest));
  EXPECT_THROW((void)Json::parse(nested(Json::deepest + 1)), JsonError);
  EXPECT_THROW((void)Json::parse(std::string(1'000'000, '[')), JsonError);
}

}  // namespace
}  // namespace adit
