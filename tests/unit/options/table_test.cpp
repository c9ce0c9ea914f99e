#include "options/table.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/text.h"
#include "tests/unit/options/reading.h"

namespace adit::options::testing {
namespace {

// Columns of the specification by name, one map per option.
std::vector<std::map<std::string, std::string>> specification() {
  std::vector<std::map<std::string, std::string>> options;
  std::vector<std::string> columns;
  const std::string text = file_content("tests/data/options.tsv");
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    const auto cells = split(line, '\t');
    if (columns.empty()) {
      columns.assign(cells.begin(), cells.end());
      continue;
    }
    auto& option = options.emplace_back();
    for (std::size_t i = 0; i < cells.size(); ++i) option[columns[i]] = std::string(cells[i]);
  }
  return options;
}

struct Deviation {
  std::string_view name, why;
};

// Where our counts differ on purpose. "-" in the specification means that 2.6 lost the option.
constexpr Deviation counts[] = {
    {"local", "a server of 2.7 has several, with port and protocol"},
    {"multihome", "2.7 knows same-interface"},
    {"static-challenge", "2.7 has a third word"},
};

// Stock on Linux refuses these as unknown; files written for other systems and versions carry them,
// and ignoring them does no harm.
constexpr Deviation foreign_places[] = {
    {"allow-nonadmin", "Windows"},
    {"block-outside-dns", "Windows; here it is done with the packet filter"},
    {"dhcp-pre-release", "Windows"},
    {"dhcp-release", "Windows"},
    {"dhcp-renew", "Windows"},
    {"ip-win32", "Windows"},
    {"pause-exit", "Windows"},
    {"register-dns", "Windows"},
    {"tap-sleep", "Windows"},
    {"windows-driver", "Windows"},
    {"iproute", "builds with iproute2"},
    {"keysize", "removed in 2.6"},
    {"ncp-disable", "removed in 2.6"},
    {"key-method", "removed in 2.5"},
};

template <std::size_t N>
bool deviates(const Deviation (&list)[N], std::string_view name) {
  return std::ranges::find(list, name, &Deviation::name) != std::end(list);
}

TEST(Table, matches_the_specification_in_names) {
  std::set<std::string> specified, ours;
  for (auto& option : specification()) specified.insert(option["name"]);
  std::size_t only_ours = 0;
  for (const Row* row : all_rows()) {
    if (row->ours) {
      EXPECT_FALSE(specified.contains(std::string(row->name))) << row->name;
      ++only_ours;
    } else {
      ours.emplace(row->name);
    }
  }
  EXPECT_EQ(specified.size(), 331u);
  EXPECT_EQ(ours, specified);
  EXPECT_EQ(all_rows().size(), ours.size() + only_ours);
}

TEST(Table, matches_the_specification_in_counts) {
  for (auto& option : specification()) {
    const Row* row = find_row(option["name"]);
    ASSERT_NE(row, nullptr) << option["name"];
    if (option["min"] == "-" || deviates(counts, row->name)) continue;
    EXPECT_EQ(std::to_string(row->args.min), option["min"]) << row->name;
    EXPECT_EQ(std::to_string(row->args.max), option["max"]) << row->name;
  }
}

TEST(Table, matches_the_specification_in_places) {
  const std::pair<const char*, Where> columns[] = {
      {"config", where::file},           {"cli", where::line},
      {"pushable", where::pushed},       {"ccd", where::profile},
      {"connection", where::connection}, {"inline", where::inside},
  };
  for (auto& option : specification()) {
    const Row* row = find_row(option["name"]);
    ASSERT_NE(row, nullptr) << option["name"];
    if (deviates(foreign_places, row->name)) {
      EXPECT_EQ(option["config"], "n") << row->name;
      EXPECT_NE(row->state, State::refused) << row->name;
      continue;
    }
    for (const auto& [column, place] : columns) {
      EXPECT_EQ(row->allowed(place), option[column] == "y") << row->name << " " << column;
    }
  }
}

TEST(Table, knows_what_route_nopull_takes_away) {
  for (auto& option : specification()) {
    const Row* row = find_row(option["name"]);
    EXPECT_EQ(row->kind == Class::route, option["perm_class"] == "ROUTE") << row->name;
    EXPECT_EQ(row->kind == Class::dns, option["perm_class"] == "DHCPDNS") << row->name;
  }
}

TEST(Table, gives_every_row_what_its_state_needs) {
  for (const Row* row : all_rows()) {
    EXPECT_FALSE(row->help.empty()) << row->name;
    if (row->state == State::implemented) {
      EXPECT_NE(row->apply, nullptr) << row->name;
    } else {
      EXPECT_FALSE(row->note.empty()) << row->name;
    }
    const bool has_sibling = row->sibling.empty() || find_row(row->sibling) != nullptr;
    EXPECT_TRUE(has_sibling) << row->name;
  }
}

TEST(Table, finds_rows_by_exact_name) {
  EXPECT_EQ(find_row("remote")->name, "remote");
  EXPECT_EQ(find_row("Remote"), nullptr);
  EXPECT_EQ(find_row(""), nullptr);
  EXPECT_EQ(find_row("zzz"), nullptr);
}

TEST(Table, suggests_the_nearest_names) {
  EXPECT_EQ(nearest_names("porto", where::file), (std::vector<std::string>{"port", "proto"}));
  EXPECT_EQ(nearest_names("keep-alive", where::file), (std::vector<std::string>{"keepalive"}));
  EXPECT_EQ(nearest_names("irout", where::profile), (std::vector<std::string>{"iroute"}));
  EXPECT_TRUE(nearest_names("completely-different", where::file).empty());
  EXPECT_TRUE(nearest_names(std::string(1000, 'x'), where::file).empty());
}

TEST(Table, prints_help_by_subject) {
  const std::string help = help_text();
  EXPECT_NE(help.find("\n--remote host [port [proto]] : "), std::string::npos);
  EXPECT_NE(help.find("\nServer:\n--mode "), std::string::npos);
  EXPECT_EQ(help.find("\n--setcon "), std::string::npos);
}

TEST(Table, tells_how_to_keep_the_status_file_fresh) {
  EXPECT_NE(help_text().find("every sec seconds (60): \"status FILE 10\" is fresher"),
            std::string::npos);
}

TEST(Table, prints_itself_as_json) {
  const Json json = Json::parse(options_json());
  ASSERT_EQ(json["options"].size(), all_rows().size());
  for (const Json& option : json["options"]) {
    if (option["name"] != "remote") continue;
    EXPECT_EQ(option["min"], 1);
    EXPECT_EQ(option["max"], 3);
    EXPECT_EQ(option["state"], "implemented");
    EXPECT_EQ(option["where"], Json::array({"file", "command line", "connection"}));
  }
}

TEST(Table, says_of_what_is_refused_what_to_do_instead) {
  for (const Row* row : all_rows()) {
    if (row->state == State::refused) {
      EXPECT_NE(row->note.find(';'), std::string_view::npos) << row->name << ": " << row->note;
    }
  }
}

TEST(Table, knows_the_words_of_a_choice) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(choices_of(*find_row("auth-retry")), (Words{"none", "nointeract", "interact"}));
  EXPECT_EQ(choices_of(*find_row("verify-client-cert")), (Words{"none", "optional", "require"}));
  EXPECT_EQ(choices_of(*find_row("remote")), Words{});
  EXPECT_EQ(choices_of(*find_row("verb")), Words{});
  EXPECT_EQ(choices_of(*find_row("nobind")), Words{});
}

TEST(Table, is_the_page_in_the_documents) {
  EXPECT_TRUE(file_content("docs/options.md") == options_page())
      << "the table has changed: adit generate options >docs/options.md";
}

TEST(Table, makes_a_page_that_is_a_table) {
  const std::string page = options_page();
  EXPECT_NE(page.find("\n## Reaching the peer\n\n| option |"), std::string::npos);
  EXPECT_NE(
      page.find("| `remote host [port [proto]]` | Server; repeat for failover. | file, conn | "
                "restart |"),
      std::string::npos);
  EXPECT_NE(page.find("*Accepted, without effect:* "), std::string::npos);
  for (const Row* row : all_rows()) {
    EXPECT_NE(page.find("| `" + std::string(row->name)), std::string::npos) << row->name;
  }
}

}  // namespace
}  // namespace adit::options::testing
