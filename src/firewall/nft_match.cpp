#include "firewall/nft_match.h"

#include <algorithm>

#include "firewall/nft_json.h"

namespace adit::firewall {

namespace {

Subject meta_subject(const std::string& key) {
  if (key == "iifname" || key == "iif") return Subject::in_device;
  if (key == "oifname" || key == "oif") return Subject::out_device;
  if (key == "l4proto") return Subject::protocol;
  if (key == "nfproto" || key == "protocol") return Subject::family;
  return Subject::unknown;
}

Subject payload_subject(const std::string& protocol, const std::string& field) {
  if (field == "saddr" && protocol != "ether") return Subject::source;
  if (field == "daddr" && protocol != "ether") return Subject::destination;
  if (field == "dport") return Subject::destination_port;
  if (field == "protocol" || field == "nexthdr") return Subject::protocol;
  if (protocol == "icmp" || protocol == "icmpv6" || field == "sport") return Subject::never;
  return Subject::unknown;
}

std::string scalar(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return std::to_string(value.get<long long>());
  return {};
}

std::string family_word(std::string name) {
  if (name == "ipv4") return "ip";
  return name == "ipv6" ? "ip6" : name;
}

std::string prefix_text(const Json& prefix) {
  const Json* length = prefix.find("len");
  return word(prefix, "addr") + "/" + (length == nullptr ? "" : scalar(*length));
}

// An element with a comment, a timeout or a counter is wrapped: {"elem": {"val": ..., ...}}.
const Json& unwrapped(const Json& element) {
  const Json* wrapped = element.find("elem");
  const Json* inner = wrapped == nullptr ? nullptr : wrapped->find("val");
  return inner == nullptr ? element : *inner;
}

std::string value_text(const Json& value) {
  if (const Json* prefix = value.find("prefix")) return prefix_text(*prefix);
  if (const Json* range = value.find("range");
      range != nullptr && range->is_array() && range->size() == 2) {
    return scalar((*range)[0]) + "-" + scalar((*range)[1]);
  }
  return family_word(scalar(value));
}

std::vector<std::string> texts_of(const Json& list) {
  std::vector<std::string> values;
  for (const Json& element : list) values.push_back(value_text(unwrapped(element)));
  return values;
}

bool looks_at_source(const Json& fib) {
  const Json& flags = list(fib.find("flags"));
  return word(fib, "flags") == "saddr" || std::ranges::find(flags, Json("saddr")) != flags.end();
}

}  // namespace

Subject read_subject(const Json& left) {
  if (const Json* meta = left.find("meta")) return meta_subject(word(*meta, "key"));
  if (const Json* payload = left.find("payload")) {
    return payload_subject(word(*payload, "protocol"), word(*payload, "field"));
  }
  if (const Json* ct = left.find("ct")) {
    const std::string key = word(*ct, "key");
    if (key == "state") return Subject::connection_state;
    return key == "status" ? Subject::never : Subject::unknown;
  }
  const Json* fib = left.find("fib");
  const bool of_destination =
      fib != nullptr && word(*fib, "result") == "type" && !looks_at_source(*fib);
  return of_destination ? Subject::destination_type : Subject::unknown;
}

// Of what has a name but is not known, an empty value stands for anything.
std::vector<std::string> read_values(const Json& right, const NamedSets& sets) {
  const Json* set = right.find("set");
  const Json& value = set == nullptr ? right : *set;
  if (value.is_array()) return texts_of(value);
  const std::string name = scalar(value);
  if (!name.starts_with('@')) return {value_text(value)};
  const auto named = sets.find(name.substr(1));
  if (named == sets.end()) return {std::string()};
  return texts_of(list(named->second));
}

Condition read_match(const Json& match, const NamedSets& sets) {
  const Json* left = match.find("left");
  const Json* right = match.find("right");
  if (left == nullptr || right == nullptr) return {};
  Condition condition{read_subject(*left), word(match, "op") == "!=", read_values(*right, sets)};
  const std::string op = word(match, "op");
  if (op != "==" && op != "!=" && op != "in") condition.subject = Subject::unknown;
  return condition;
}

}  // namespace adit::firewall
