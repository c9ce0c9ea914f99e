#pragma once

// One option being applied: its words, where it stood, and what it may write.

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "options/config.h"
#include "options/issue.h"
#include "options/row.h"

namespace adit::options {

class Reader;

// An option as it was given: the name first, without leading dashes.
struct Given {
  std::vector<std::string> words = {};
  bool is_inline = false;  // words[1] is the text of a block
  Location at = {};
  std::string line = {};  // for messages
};

// What an option may write. Config and connection go together; the others stand alone.
struct Target {
  Config* config = nullptr;
  Connection* connection = nullptr;
  ClientProfile* profile = nullptr;
  Pulled* pulled = nullptr;
  bool names_allowed = true;  // host names where an address is meant
};

class Use {
 public:
  Use(const Row& row, const Given& given, Where place, const Target& target, Reader& reader,
      Issues& issues)
      : row_(row),
        given_(given),
        place_(place),
        target_(target),
        reader_(reader),
        issues_(issues) {}

  [[nodiscard]] std::string_view name() const { return row_.name; }
  [[nodiscard]] std::size_t count() const { return given_.words.size() - 1; }
  [[nodiscard]] bool has(std::size_t index) const { return index < count(); }
  [[nodiscard]] const std::string& word(std::size_t index) const;  // empty when not given
  [[nodiscard]] std::vector<std::string> words() const;            // all parameters
  [[nodiscard]] bool is_inline() const { return given_.is_inline; }
  [[nodiscard]] const Location& at() const { return given_.at; }
  [[nodiscard]] bool is_pushed() const { return place_ == where::pushed; }
  [[nodiscard]] bool in_profile() const { return place_ == where::profile; }
  [[nodiscard]] bool in_connection() const { return place_ == where::connection; }

  // The groups to write. Those which a server may push live in Config and in Pulled.
  Config& config();
  ClientProfile& client_profile();
  Pulled& pulled();
  Device& group(Device Config::*);
  Routes& group(Routes Config::*);
  Timers& group(Timers Config::*);
  Scripts& group(Scripts Config::*);
  Connection& group(Connection Config::*);
  template <typename Group>
  Group& group(Group Config::*member) {
    return config().*member;
  }
  Device& device() { return group(&Config::device); }
  Routes& routes() { return group(&Config::routes); }
  Timers& timers() { return group(&Config::timers); }
  Scripts& scripts() { return group(&Config::scripts); }
  Connection& link() { return group(&Config::connection); }
  Reader& reader() { return reader_; }

  void error(std::string message, std::string advice = {}) const;
  void warn(std::string message, std::string advice = {}) const;
  void note(std::string message, std::string advice = {}) const;

  // A name only where names are allowed: a server may not push one without allow-pull-fqdn.
  [[nodiscard]] bool is_address_or_name(std::size_t index) const;

  // Values. Each reports what is wrong with the word and then yields nothing or false.
  static constexpr std::int64_t largest = std::numeric_limits<std::int32_t>::max();
  [[nodiscard]] std::optional<std::int64_t> integer(std::size_t index, std::int64_t least = 0,
                                                    std::int64_t most = largest) const;
  template <typename Number>
  bool number(std::size_t index, Number& into, std::int64_t least = 0,
              std::int64_t most = largest) const {
    const auto value = integer(index, least, most);
    if (value) into = static_cast<Number>(*value);
    return value.has_value();
  }
  template <typename Number>
  bool number(std::size_t index, std::optional<Number>& into, std::int64_t least = 0,
              std::int64_t most = largest) const {
    const auto value = integer(index, least, most);
    if (value) into = static_cast<Number>(*value);
    return value.has_value();
  }
  bool seconds(std::size_t index, Seconds& into, std::int64_t least = 0) const;
  bool seconds(std::size_t index, std::optional<Seconds>& into, std::int64_t least = 0) const;
  [[nodiscard]] std::optional<std::string> port(std::size_t index) const;
  [[nodiscard]] std::optional<Proto> proto(std::size_t index) const;
  [[nodiscard]] bool one_of(std::size_t index, std::initializer_list<std::string_view> known) const;
  [[nodiscard]] std::optional<ip::Address> v4(std::size_t index) const;
  [[nodiscard]] std::optional<ip::Address> v6(std::size_t index) const;
  // "fd00::1/64" keeps its host bits; a missing length is 64 for "addr/bits" options.
  [[nodiscard]] std::optional<std::pair<ip::Address, std::uint8_t>> v6_with_bits(
      std::size_t index) const;
  [[nodiscard]] FileOrInline file(std::size_t index = 0) const;

  template <typename Value>
  using Choices = std::initializer_list<std::pair<std::string_view, Value>>;
  template <typename Value, typename Into>
  bool choice(std::size_t index, Into& into, Choices<Value> choices) const {
    std::vector<std::string> known;
    for (const auto& [text, value] : choices) {
      if (text == word(index)) {
        into = value;
        return true;
      }
      known.emplace_back(text);
    }
    unknown_word(index, known);
    return false;
  }

 private:
  void report(Issue::Severity severity, std::string message, std::string advice) const;
  void unknown_word(std::size_t index, const std::vector<std::string>& known) const;
  [[nodiscard]] std::string quoted(std::size_t index) const { return '"' + word(index) + '"'; }

  const Row& row_;
  const Given& given_;
  Where place_;
  const Target& target_;
  Reader& reader_;
  Issues& issues_;
};

// A host name or address that is safe to hand to a resolver.
[[nodiscard]] bool is_host_name(std::string_view text);

}  // namespace adit::options
