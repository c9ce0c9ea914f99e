#include "proxy/http_digest.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "crypto/digest.h"

namespace adit::proxy {

namespace {

constexpr std::string_view request_count = "00000001";
constexpr std::string_view quality = "auth";
constexpr std::size_t most_parameters = 32;

using Md5 = std::array<std::uint8_t, 16>;

Md5 md5(std::string_view text) {
  Md5 out;
  crypto::md5(as_bytes(text), out);
  return out;
}

std::string md5_hex(std::string_view text) { return to_hex(md5(text)); }

// For MD5-sess the bytes of the first digest go into the second, as in the code of RFC 2617 and in
// stock; its words would have the digits.
std::string secret_of(const DigestChallenge& challenge, const Credentials& who,
                      std::string_view client_nonce) {
  const Md5 first = md5(fmt::format("{}:{}:{}", who.user, challenge.realm, who.password.reveal()));
  if (to_upper(challenge.algorithm) != "MD5-SESS") return to_hex(first);
  return md5_hex(fmt::format("{}:{}:{}", as_text(first), challenge.nonce, client_nonce));
}

// name="value, with commas", name=value
std::map<std::string, std::string> parameters_of(std::string_view text) {
  std::map<std::string, std::string> found;
  while (!text.empty() && found.size() < most_parameters) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) break;
    const std::string name = to_upper(trim(text.substr(0, equals)));
    text = trim(text.substr(equals + 1));
    std::size_t end = 0;
    if (text.starts_with('"')) {
      end = 1;
      while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
      end = std::min(end, text.size());
      found.emplace(name, text.substr(1, end - 1));
    } else {
      end = std::min(text.find(','), text.size());
      found.emplace(name, trim(text.substr(0, end)));
    }
    const std::size_t comma = text.find(',', end);
    text = comma == std::string_view::npos ? std::string_view() : trim(text.substr(comma + 1));
  }
  return found;
}

std::string in_quotes(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') out += '\\';
    out += letter;
  }
  return out;
}

}  // namespace

std::optional<DigestChallenge> DigestChallenge::parse(std::string_view parameters) {
  const auto found = parameters_of(parameters);
  const auto value = [&found](const char* name) -> std::optional<std::string> {
    const auto at = found.find(name);
    return at == found.end() ? std::nullopt : std::optional(at->second);
  };
  const auto realm = value("REALM"), nonce = value("NONCE");
  if (!realm || !nonce) return std::nullopt;
  DigestChallenge challenge{*realm, *nonce, value("ALGORITHM").value_or(""), value("OPAQUE"),
                            to_upper(value("STALE").value_or("")) == "TRUE"};
  return challenge;
}

bool DigestChallenge::can_be_answered() const {
  const std::string name = to_upper(algorithm);
  return name.empty() || name == "MD5" || name == "MD5-SESS";
}

std::string answer_digest(const DigestChallenge& challenge, const Credentials& who,
                          std::string_view method, std::string_view uri,
                          std::string_view client_nonce) {
  const std::string secret = secret_of(challenge, who, client_nonce);
  const std::string request = md5_hex(fmt::format("{}:{}", method, uri));
  const std::string response = md5_hex(fmt::format("{}:{}:{}:{}:{}:{}", secret, challenge.nonce,
                                                   request_count, client_nonce, quality, request));
  std::string answer =
      fmt::format(R"(username="{}", realm="{}", nonce="{}", uri="{}", qop={}, nc={}, cnonce="{}", )"
                  R"(response="{}")",
                  in_quotes(who.user), challenge.realm, challenge.nonce, uri, quality,
                  request_count, client_nonce, response);
  if (challenge.opaque) answer += fmt::format(R"(, opaque="{}")", *challenge.opaque);
  return answer;
}

}  // namespace adit::proxy
