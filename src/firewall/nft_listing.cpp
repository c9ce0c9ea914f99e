#include "firewall/nft_listing.h"

#include <map>

#include <fmt/format.h>

#include "firewall/nft_json.h"
#include "firewall/nft_match.h"
#include "firewall/nft_texts.h"
#include "firewall/ruleset.h"
#include "firewall/verdicts.h"

namespace adit::firewall {

namespace {

HookPoint hook_of_base_chain(const std::string& name) {
  if (name == "prerouting") return HookPoint::prerouting;
  if (name == "input") return HookPoint::input;
  if (name == "forward") return HookPoint::forward;
  if (name == "output") return HookPoint::output;
  return name == "postrouting" ? HookPoint::postrouting : HookPoint::none;
}

std::string table_of(const Json& object) {
  return word(object, "family") + " " + word(object, "table");
}

Chain read_chain(const Json& object) {
  Chain chain{.tool = "nft",
              .family = word(object, "family"),
              .table = word(object, "table"),
              .name = word(object, "name")};
  // Other types of chain translate or reroute; they drop nothing by their nature.
  if (word(object, "type") == "filter") chain.hook = hook_of_base_chain(word(object, "hook"));
  chain.priority = static_cast<int>(number(object, "prio"));
  chain.drops_by_policy = word(object, "policy") == "drop";
  return chain;
}

// {"accept": null}, {"jump": {"target": "x"}}
struct Ending {
  Verdict verdict = Verdict::proceed;
  std::string target;
};

Ending read_ending(const std::string& key, const Json& value) {
  if (key == "accept") return {Verdict::accept, {}};
  if (key == "drop" || key == "reject") return {Verdict::drop, {}};
  if (key == "return") return {Verdict::come_back, {}};
  if (key == "jump" || key == "goto") {
    return {key == "jump" ? Verdict::jump : Verdict::go_to, word(value, "target")};
  }
  if (key == "queue" || key == "synproxy" || key == "tproxy") return {Verdict::unknown, {}};
  if (key != "xt") return {};
  if (word(value, "type") != "target") return {};
  return {verdict_of_extension(word(value, "name")), {}};
}

// A limit lets some through; one on what is "over" stops no first packet.
Condition limit_condition(const Json& limit) {
  return {is_set(limit, "inv") ? Subject::never : Subject::unknown, false, {}};
}

class ListingReader {
 public:
  explicit ListingReader(const std::string& texts) : texts_(read_nft_texts(texts)) {}

  void remember_set(const Json& object) {
    const Json* elements = object.find("elem");
    if (elements != nullptr) sets_[table_of(object)][word(object, "name")] = elements;
  }

  // Several for a verdict map: one for each element.
  [[nodiscard]] std::vector<Rule> rules_of(const Json& object) const {
    Rule rule;
    rule.text = words_of(object);
    const NamedSets& sets = sets_of(table_of(object));
    for (const Json& statement : list(object.find("expr"))) {
      if (!statement.is_object() || statement.empty()) continue;
      const std::string& key = statement.keys().front();
      const Json& value = *statement.begin();
      if (key == "vmap") return spread(rule, value, sets);
      take(key, value, sets, rule);
    }
    return {rule};
  }

 private:
  static void take(const std::string& key, const Json& value, const NamedSets& sets, Rule& rule) {
    if (key == "match") rule.conditions.push_back(read_match(value, sets));
    if (key == "limit") rule.conditions.push_back(limit_condition(value));
    if (key == "xt" && word(value, "type") == "match" && word(value, "name") != "comment") {
      rule.conditions.push_back({});
    }
    const Ending ending = read_ending(key, value);
    if (ending.verdict == Verdict::proceed) return;
    rule.verdict = ending.verdict;
    rule.target = ending.target;
  }

  // Of a map that stands there, or of one that has a name.
  static const Json* elements_of(const Json& map, const NamedSets& sets) {
    const Json* data = map.find("data");
    if (data != nullptr && !data->is_string()) return data->find("set");
    const std::string name = word(map, "data");
    const auto named = name.empty() ? sets.end() : sets.find(name.substr(1));
    return named == sets.end() ? nullptr : named->second;
  }

  static std::vector<Rule> spread(const Rule& start, const Json& map, const NamedSets& sets) {
    const Json* key = map.find("key");
    const Subject subject = key == nullptr ? Subject::unknown : read_subject(*key);
    std::vector<Rule> rules;
    for (const Json& element : list(elements_of(map, sets))) {
      const bool pair = element.is_array() && element.size() == 2;
      if (!pair || !element[1].is_object() || element[1].empty()) continue;
      const Ending ending = read_ending(element[1].keys().front(), *element[1].begin());
      Rule rule = start;
      rule.conditions.push_back({subject, false, read_values(element[0], sets)});
      rule.verdict = ending.verdict;
      rule.target = ending.target;
      rules.push_back(std::move(rule));
    }
    return rules;
  }

  [[nodiscard]] const NamedSets& sets_of(const std::string& table) const {
    static const NamedSets none;
    const auto found = sets_.find(table);
    return found == sets_.end() ? none : found->second;
  }

  [[nodiscard]] std::string words_of(const Json& object) const {
    const std::string handle = std::to_string(number(object, "handle"));
    const auto found = texts_.find(table_of(object) + " " + handle);
    return found == texts_.end() ? "handle " + handle : found->second;
  }

  std::map<std::string, std::string> texts_;
  std::map<std::string, NamedSets> sets_;
};

bool is_ours(const Json& object) {
  return word(object, "family") == "inet" && word(object, "table") == table_name;
}

void add_rule(const Json& object, const ListingReader& reader, Ruleset& ruleset) {
  for (Chain& chain : ruleset.chains) {
    if (chain.name != word(object, "chain") || chain.table != word(object, "table") ||
        chain.family != word(object, "family")) {
      continue;
    }
    for (Rule& rule : reader.rules_of(object)) chain.rules.push_back(std::move(rule));
  }
}

Ruleset read_objects(const Json& objects, ListingReader& reader) {
  Ruleset ruleset;
  for (const Json& entry : objects) {
    for (const char* kind : {"set", "map"}) {
      if (const Json* set = entry.find(kind)) reader.remember_set(*set);
    }
    const Json* chain = entry.find("chain");
    if (chain != nullptr && !is_ours(*chain)) ruleset.chains.push_back(read_chain(*chain));
  }
  for (const Json& entry : objects) {
    const Json* rule = entry.find("rule");
    if (rule != nullptr && !is_ours(*rule)) add_rule(*rule, reader, ruleset);
  }
  return ruleset;
}

// What is no JSON is nothing.
Json parsed(const std::string& text) {
  try {
    return Json::parse(text);
  } catch (const JsonError&) {
    return {};
  }
}

}  // namespace

Result<Ruleset> read_nft(const std::string& json, const std::string& rule_texts) {
  const Json whole = parsed(json);
  const Json* objects = whole.find("nftables");
  if (objects == nullptr || !objects->is_array()) {
    return fail("the listing of the firewall's rules is not what nft prints as JSON");
  }
  ListingReader reader(rule_texts);
  return read_objects(*objects, reader);
}

}  // namespace adit::firewall
