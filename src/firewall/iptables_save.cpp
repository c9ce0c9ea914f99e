#include "firewall/iptables_save.h"

#include <optional>

#include "base/text.h"
#include "firewall/verdicts.h"

namespace adit::firewall {

namespace {

using Words = std::vector<std::string>;

HookPoint hook_of(std::string_view chain) {
  if (chain == "PREROUTING") return HookPoint::prerouting;
  if (chain == "INPUT") return HookPoint::input;
  if (chain == "FORWARD") return HookPoint::forward;
  if (chain == "OUTPUT") return HookPoint::output;
  return chain == "POSTROUTING" ? HookPoint::postrouting : HookPoint::none;
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// "80,443,1000:2000" and "RELATED,ESTABLISHED" become values.
std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> values;
  for (const std::string_view part : split(text, ',')) {
    std::string value = lower(std::string(part));
    for (char& c : value) {
      if (c == ':') c = '-';
    }
    values.push_back(std::move(value));
  }
  return values;
}

std::string device_value(std::string name) {
  if (name.ends_with('+')) name.back() = '*';
  return name;
}

// "10.0.0.0/255.0.0.0" is "10.0.0.0/8".
std::string network_value(const std::string& text) {
  const auto parts = split(text, '/');
  if (parts.size() != 2) return text;
  const auto mask = ip::Address::parse_v4(parts[1]);
  const auto length = mask ? ip::prefix_length_of_netmask(*mask) : std::nullopt;
  return length ? std::string(parts[0]) + "/" + std::to_string(*length) : text;
}

// Which option of a match asks what; nothing for those that may be true of any packet.
std::optional<Condition> known(const std::string& option, const std::string& value) {
  if (option == "-i") return Condition{Subject::in_device, false, {device_value(value)}};
  if (option == "-o") return Condition{Subject::out_device, false, {device_value(value)}};
  if (option == "-s") return Condition{Subject::source, false, {network_value(value)}};
  if (option == "-d") return Condition{Subject::destination, false, {network_value(value)}};
  if (option == "-p") return Condition{Subject::protocol, false, {lower(value)}};
  if (option == "--dport" || option == "--dports") {
    return Condition{Subject::destination_port, false, list_of(value)};
  }
  if (option == "--src-range") return Condition{Subject::source, false, {value}};
  if (option == "--dst-range") return Condition{Subject::destination, false, {value}};
  if (option == "--ctstate" || option == "--state") {
    return Condition{Subject::connection_state, false, list_of(value)};
  }
  if (option == "--dst-type") return Condition{Subject::destination_type, false, list_of(value)};
  // None of the packets we ask about has a mark or a routing header, or comes from such a port.
  if (option == "--mark" && !value.starts_with("0x0/")) return Condition{Subject::never, false, {}};
  if (option == "--rt-type" || option == "--sport" || option == "--sports" ||
      option.starts_with("--icmp")) {
    return Condition{Subject::never, false, {}};
  }
  return std::nullopt;
}

bool says_nothing(const std::string& option) { return option == "-m" || option == "--comment"; }

class RuleReader {
 public:
  RuleReader(const Words& words, std::string text) : words_(words) { rule_.text = std::move(text); }

  // From after "-A CHAIN" on.
  Rule read() {
    std::size_t i = 2;
    while (i < words_.size()) {
      const bool negated = words_[i] == "!";
      if (negated) ++i;
      if (i >= words_.size()) break;
      i = take(i, negated);
    }
    return std::move(rule_);
  }

 private:
  // Returns where the next option stands.
  std::size_t take(std::size_t i, bool negated) {
    const std::string& option = words_[i];
    std::string value;
    std::size_t next = i + 1;
    while (next < words_.size() && words_[next] != "!" && !is_option(next)) {
      value += (value.empty() ? "" : " ") + words_[next++];
    }
    if (option == "-j" || option == "-g") {
      end(option == "-g", value);
      return words_.size();  // what follows belongs to the target
    }
    if (says_nothing(option)) return next;
    Condition condition = known(option, value).value_or(Condition{});
    condition.negated = negated;
    rule_.conditions.push_back(std::move(condition));
    return next;
  }

  // The word behind a comment may begin with anything.
  [[nodiscard]] bool is_option(std::size_t at) const {
    return words_[at].starts_with('-') && words_[at - 1] != "--comment";
  }

  void end(bool go_to, const std::string& target) {
    rule_.target = target;
    rule_.verdict = go_to ? Verdict::go_to : verdict_of_extension(target);
  }

  const Words& words_;
  Rule rule_;
};

class SaveReader {
 public:
  SaveReader(const std::string& tool, const std::string& family) : tool_(tool), family_(family) {}

  void line(std::string_view text) {
    if (text.starts_with('*')) table_ = text.substr(1);
    if (table_ == "nat") return;
    if (text.starts_with(':')) chain(text.substr(1));
    if (text.starts_with("-A ")) rule(text);
    if (text == "COMMIT") settle();
  }
  [[nodiscard]] Ruleset take() { return std::move(ruleset_); }

 private:
  void chain(std::string_view text) {
    const auto words = split(text, ' ');
    Chain chain{.tool = tool_, .family = family_, .table = table_, .name = std::string(words[0])};
    chain.hook = hook_of(chain.name);
    chain.drops_by_policy = words.size() > 1 && words[1] == "DROP";
    ruleset_.chains.push_back(std::move(chain));
  }

  void rule(std::string_view text) {
    const Words words = saved_words(text);
    if (words.size() < 2) return;
    for (Chain& chain : ruleset_.chains) {
      if (chain.table != table_ || chain.name != words[1]) continue;
      chain.rules.push_back(RuleReader(words, std::string(text)).read());
    }
  }

  // Only now it is known which targets are chains.
  void settle() {
    for (Chain& chain : ruleset_.chains) {
      for (Rule& rule : chain.rules) {
        if (rule.verdict != Verdict::unknown) continue;
        if (ruleset_.beside(chain, rule.target) != nullptr) rule.verdict = Verdict::jump;
      }
    }
  }

  std::string tool_;
  std::string family_;
  std::string table_;
  Ruleset ruleset_;
};

}  // namespace

std::vector<std::string> saved_words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  bool begun = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\\' && quoted && i + 1 < line.size()) {
      word += line[++i];
    } else if (c == '"') {
      quoted = !quoted;
      begun = true;
    } else if (c == ' ' && !quoted) {
      if (begun) words.push_back(std::move(word));
      word.clear();
      begun = false;
    } else {
      word += c;
      begun = true;
    }
  }
  if (begun) words.push_back(std::move(word));
  return words;
}

Ruleset read_iptables_save(const std::string& saved, const std::string& tool,
                           const std::string& family) {
  SaveReader reader(tool, family);
  for (const std::string_view line : split(saved, '\n')) reader.line(trim(line));
  return reader.take();
}

}  // namespace adit::firewall
