#include "options/use.h"

#include <algorithm>
#include <charconv>

#include "base/assert.h"
#include "base/text.h"

namespace adit::options {

namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

// "a, b or c"
std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 255 && text.front() != '-' &&
         std::ranges::all_of(text, is_name_character);
}

const std::string& Use::word(std::size_t index) const {
  static const std::string absent;
  return has(index) ? given_.words[index + 1] : absent;
}

std::vector<std::string> Use::words() const {
  return {given_.words.begin() + 1, given_.words.end()};
}

Config& Use::config() {
  ADIT_ASSERT(target_.config != nullptr);
  return *target_.config;
}

ClientProfile& Use::client_profile() {
  ADIT_ASSERT(target_.profile != nullptr);
  return *target_.profile;
}

Pulled& Use::pulled() {
  ADIT_ASSERT(target_.pulled != nullptr);
  return *target_.pulled;
}

Device& Use::group(Device Config::*) { return is_pushed() ? pulled().device : config().device; }
Routes& Use::group(Routes Config::*) { return is_pushed() ? pulled().routes : config().routes; }
Timers& Use::group(Timers Config::*) { return is_pushed() ? pulled().timers : config().timers; }
Scripts& Use::group(Scripts Config::*) { return is_pushed() ? pulled().scripts : config().scripts; }

Connection& Use::group(Connection Config::*) {
  ADIT_ASSERT(target_.connection != nullptr);
  return *target_.connection;
}

void Use::error(std::string message, std::string advice) const {
  report(Issue::Severity::error, std::move(message), std::move(advice));
}
void Use::warn(std::string message, std::string advice) const {
  report(Issue::Severity::warning, std::move(message), std::move(advice));
}
void Use::note(std::string message, std::string advice) const {
  report(Issue::Severity::note, std::move(message), std::move(advice));
}

void Use::report(Issue::Severity severity, std::string message, std::string advice) const {
  issues_.push_back({severity, given_.at, given_.line, "--" + std::string(name()) + ": " + message,
                     std::move(advice)});
}

void Use::unknown_word(std::size_t index, const std::vector<std::string>& known) const {
  error(shown(quoted(index)) + " is not known here", "use " + listed(known));
}

std::optional<std::int64_t> Use::integer(std::size_t index, std::int64_t least,
                                         std::int64_t most) const {
  const std::string& text = word(index);
  std::int64_t value = 0;
  const char* const begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(begin, end, value);
  const bool hexadecimal = stop != end && value == 0 && (*stop == 'x' || *stop == 'X');
  if (failure == std::errc::result_out_of_range ||
      (failure == std::errc{} && (value < least || value > most))) {
    error(shown(quoted(index)) + " is out of range",
          "use a number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
  }
  if (failure != std::errc{} || hexadecimal) {
    error(shown(quoted(index)) + " is not a number", "write a whole number, without a unit");
    return std::nullopt;
  }
  if (stop != end) {
    warn(shown(quoted(index)) + " is not a plain number and is taken as " + std::to_string(value));
  }
  return value;
}

bool Use::seconds(std::size_t index, Seconds& into, std::int64_t least) const {
  const auto value = integer(index, least);
  if (value) into = Seconds(*value);
  return value.has_value();
}

bool Use::seconds(std::size_t index, std::optional<Seconds>& into, std::int64_t least) const {
  const auto value = integer(index, least);
  if (value) into = Seconds(*value);
  return value.has_value();
}

std::optional<std::string> Use::port(std::size_t index) const {
  const std::string& text = word(index);
  const bool is_number =
      !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  const bool fits = to_number<std::uint16_t>(text).has_value();
  if (is_number ? fits : is_host_name(text)) return text;
  error(shown(quoted(index)) + " is not a port", "use a number up to 65535 or a service name");
  return std::nullopt;
}

std::optional<Proto> Use::proto(std::size_t index) const {
  constexpr std::size_t family_at = 3;  // "udp6", "tcp4-client"
  std::string text = word(index);
  Proto proto;
  if (text.size() > family_at && (text[family_at] == '4' || text[family_at] == '6')) {
    proto.family = text[family_at] == '4' ? ip::Family::v4 : ip::Family::v6;
    text.erase(family_at, 1);
  }
  const std::pair<std::string_view, Transport> transports[] = {
      {"udp", Transport::udp},
      {"tcp", Transport::tcp},
      {"tcp-client", Transport::tcp_client},
      {"tcp-server", Transport::tcp_server},
  };
  for (const auto& [name, transport] : transports) {
    if (name != text) continue;
    proto.transport = transport;
    return proto;
  }
  unknown_word(index, {"udp", "tcp", "tcp-client", "tcp-server", "udp4", "udp6", "tcp4", "tcp6"});
  return std::nullopt;
}

bool Use::is_address_or_name(std::size_t index) const {
  const std::string& text = word(index);
  return ip::Address::parse(text) || (target_.names_allowed && is_host_name(text));
}

bool Use::one_of(std::size_t index, std::initializer_list<std::string_view> known) const {
  if (std::ranges::find(known, std::string_view(word(index))) != known.end()) return true;
  unknown_word(index, {known.begin(), known.end()});
  return false;
}

std::optional<ip::Address> Use::v4(std::size_t index) const {
  const auto address = ip::Address::parse_v4(word(index));
  if (!address) error(shown(quoted(index)) + " is not an IPv4 address", "write it as 10.8.0.1");
  return address;
}

std::optional<ip::Address> Use::v6(std::size_t index) const {
  const auto address = ip::Address::parse_v6(word(index));
  if (!address) error(shown(quoted(index)) + " is not an IPv6 address", "write it as fd00::1");
  return address;
}

std::optional<std::pair<ip::Address, std::uint8_t>> Use::v6_with_bits(std::size_t index) const {
  const std::string_view text = word(index);
  const auto slash = text.find('/');
  const auto address = ip::Address::parse_v6(text.substr(0, slash));
  std::optional<std::uint8_t> bits = 64;
  if (slash != std::string_view::npos) bits = to_number<std::uint8_t>(text.substr(slash + 1));
  if (!address || !bits || *bits > 128) {
    error(shown(quoted(index)) + " is not an IPv6 address with its length", "write addr/bits");
    return std::nullopt;
  }
  return std::pair(*address, *bits);
}

FileOrInline Use::file(std::size_t index) const {
  FileOrInline file;
  file.is_inline = given_.is_inline;
  (file.is_inline ? file.text : file.path) = word(index);
  file.at = given_.at;
  return file;
}

}  // namespace adit::options
