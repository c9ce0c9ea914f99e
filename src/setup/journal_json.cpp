#include <algorithm>
#include <array>

#include "base/json.h"
#include "setup/journal.h"
#include "setup/own_files.h"

namespace adit::setup {

namespace {

constexpr std::array<const char*, 6> kinds{"folder", "file", "sysctl", "rules", "hook", "unit"};

// Files may hold any bytes, JSON only characters: each byte becomes the character of that number.
std::string to_characters(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    if (value < 0x80) {
      text += byte;
    } else {
      text += static_cast<char>(0xC0 | (value >> 6));
      text += static_cast<char>(0x80 | (value & 0x3F));
    }
  }
  return text;
}

std::string to_bytes(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto value = static_cast<unsigned char>(text[i]);
    if (value < 0x80 || i + 1 == text.size()) {
      bytes += text[i];
    } else {
      bytes +=
          static_cast<char>(((value & 0x03) << 6) | (static_cast<unsigned char>(text[++i]) & 0x3F));
    }
  }
  return bytes;
}

Json to_json(const State& state) {
  if (!state.present) return nullptr;
  Json json{{"text", to_characters(state.text)}, {"mode", state.mode}};
  if (state.owner) json["owner"] = Json::array({state.owner->user, state.owner->group});
  return json;
}

State state_of(const Json& json) {
  if (json.is_null()) return {};
  State state{true, to_bytes(json.at("text").get<std::string>()), json.at("mode").get<unsigned>()};
  const auto owner = json.value("owner", std::vector<unsigned>{});
  if (owner.size() == 2) state.owner = Owner{owner[0], owner[1]};
  return state;
}

Json to_json(const Thing& thing) {
  Json json{{"kind", kinds.at(static_cast<std::size_t>(thing.kind))}, {"name", thing.name}};
  if (!thing.put.empty()) json["put"] = thing.put;
  if (!thing.take.empty()) json["take"] = thing.take;
  return json;
}

// Of rules there is nothing to go back to; earlier versions wrote a word here that is no ruleset.
State before_of(const Thing& thing, const Json& json) {
  return thing.kind == Thing::Kind::rules ? State{} : state_of(json);
}

Thing thing_of(const Json& json) {
  const auto kind = json.at("kind").get<std::string>();
  const auto* const found = std::find(kinds.begin(), kinds.end(), kind);
  if (found == kinds.end()) throw JsonError("unknown kind " + kind);
  Thing thing{static_cast<Thing::Kind>(found - kinds.begin()), json.at("name").get<std::string>()};
  const auto commands = [&](const char* key) {
    return json.value(key, std::vector<std::vector<std::string>>{});
  };
  thing.put = commands("put");
  thing.take = commands("take");
  return thing;
}

}  // namespace

std::string render(const std::vector<Record>& records, const std::vector<Pending>& pending) {
  Json changed = Json::array();
  for (const Record& record : records) {
    Json ours = Json::array();
    for (const State& state : record.ours) ours.push_back(to_json(state));
    changed.push_back(
        {{"thing", to_json(record.thing)}, {"before", to_json(record.before)}, {"ours", ours}});
  }
  Json open = Json::array();
  for (const Pending& one : pending) {
    open.push_back({{"thing", to_json(one.thing)},
                    {"before", to_json(one.before)},
                    {"after", to_json(one.after)}});
  }
  const Json whole{{"version", 1}, {"changed", changed}, {"pending", open}};
  return whole.dump(json_indent) + "\n";
}

Status parse_journal(const std::string& text, std::vector<Record>& records,
                     std::vector<Pending>& pending) {
  try {
    const Json whole = Json::parse(text);
    for (const Json& one : whole.at("changed")) {
      Record record{thing_of(one.at("thing")), {}, {}};
      record.before = before_of(record.thing, one.at("before"));
      for (const Json& state : one.at("ours")) record.ours.push_back(state_of(state));
      records.push_back(std::move(record));
    }
    for (const Json& one : whole.at("pending")) {
      pending.push_back(
          {thing_of(one.at("thing")), state_of(one.at("before")), state_of(one.at("after"))});
    }
  } catch (const JsonError& error) {
    return fail("it is not a journal of adit: {}", error.what());
  }
  return {};
}

}  // namespace adit::setup
