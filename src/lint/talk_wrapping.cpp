#include <fmt/core.h>

#include "crypto/static_key.h"
#include "crypto/tls_crypt_v2.h"
#include "lint/talk_checks.h"

// Keys that both ends share: around the control channel, or in place of TLS.

namespace adit::lint {

namespace {

using options::Connection;
using options::FileOrInline;

struct Wrap {
  const char* option = "";
  const FileOrInline* key = nullptr;
};

// What an end uses; a server with tls-crypt-v2 may take one of the others too.
Wrap wrap_of(const Connection& link, bool older) {
  if (!older && link.tls_crypt_v2.defined()) return {"tls-crypt-v2", &link.tls_crypt_v2};
  if (link.tls_crypt.defined()) return {"tls-crypt", &link.tls_crypt};
  if (link.tls_auth.defined()) return {"tls-auth", &link.tls_auth};
  return {};
}

std::string line_for(const Wrap& wrap, std::optional<int> other) {
  const std::string option = wrap.option;
  const std::string file = wrap.key->path.empty() ? "FILE" : wrap.key->path;
  if (option == "tls-crypt-v2")
    return "a client's key made with: adit --genkey tls-crypt-v2-client";
  if (option == "tls-crypt") return fmt::format("\"tls-crypt {}\"", file);
  return other ? fmt::format("\"tls-auth {} {}\"", file, 1 - *other)
               : fmt::format("\"tls-auth {}\"", file);
}

bool same_key(const FileOrInline& a, const FileOrInline& b) {
  if (a.text.empty() || b.text.empty()) return true;  // nothing can be said
  const auto one = crypto::StaticKey::parse(a.text), other = crypto::StaticKey::parse(b.text);
  if (!one || !other) return true;  // told elsewhere
  return one->render() == other->render();
}

bool fits_v2(const FileOrInline& server, const FileOrInline& client) {
  if (server.text.empty() || client.text.empty()) return true;
  const auto key = crypto::TlsCryptV2ServerKey::parse(server.text);
  const auto made = crypto::TlsCryptV2ClientKey::parse(client.text);
  if (!key || !made) return true;
  return key->unwrap(made->wrapped).has_value();
}

// One 0 and the other 1, or none at both ends.
bool directions_fit(std::optional<int> one, std::optional<int> other) {
  return one ? other && *other == 1 - *one : !other;
}

void check_direction(const TalkCheck& talk, std::optional<int> server, std::optional<int> client) {
  if (directions_fit(server, client)) return;
  const auto text = [](std::optional<int> direction) {
    return direction ? std::to_string(*direction) : std::string("none");
  };
  talk.error("tls-auth",
             fmt::format("the directions of the key do not fit: {} at the server, {} at the client",
                         text(server), text(client)),
             "write 0 at the server and 1 at the client");
}

void check_same(const TalkCheck& talk, const Wrap& server, const Wrap& client,
                const Connection& theirs, const Connection& ours) {
  const std::string_view option = server.option;
  if (option == "tls-crypt-v2") {
    if (fits_v2(*server.key, *client.key)) return;
    return talk.error(option, "the client's key was not made with this server's key",
                      "make one: adit --tls-crypt-v2 SERVERKEY --genkey tls-crypt-v2-client FILE");
  }
  if (!same_key(*server.key, *client.key)) {
    talk.error(option, "the two ends have different keys in it",
               "copy the file of one end to the other");
  }
  if (option != "tls-auth") return;
  check_direction(talk, theirs.key_direction, ours.key_direction);
  if (talk.server.channel.auth != talk.client.channel.auth) {
    talk.error("auth",
               fmt::format("tls-auth uses the digest of \"auth\", which differs: {} at the server, "
                           "{} at the client",
                           talk.server.channel.auth, talk.client.channel.auth),
               "write the same \"auth\" at both ends");
  }
}

}  // namespace

void check_wrapping(const TalkCheck& talk) {
  const Connection &theirs = link_of(talk.server), &ours = link_of(talk.client);
  const Wrap client = wrap_of(ours, false);
  const Wrap newer = wrap_of(theirs, false), older = wrap_of(theirs, true);
  for (const Wrap& server : {newer, older}) {
    if (std::string_view(server.option) != client.option || server.key == nullptr) continue;
    return check_same(talk, server, client, theirs, ours);
  }
  if (newer.key == nullptr && client.key == nullptr) return;
  if (client.key == nullptr) {
    return talk.error(newer.option,
                      fmt::format("the server has {} and the client has not: the server does not "
                                  "even answer it",
                                  newer.option),
                      "add to the client: " + line_for(newer, theirs.key_direction));
  }
  if (newer.key == nullptr) {
    return talk.error(client.option,
                      fmt::format("the client has {} and the server has not", client.option),
                      "add to the server: " + line_for(client, ours.key_direction));
  }
  talk.error(client.option,
             fmt::format("the server has {} and the client {}", newer.option, client.option),
             "write the same at both ends");
}

void check_shared_key(const TalkCheck& talk) {
  if (!same_key(talk.server.secret, talk.client.secret)) {
    talk.error("secret", "the two ends have different keys in it",
               "copy the file of one end to the other");
  }
  if (directions_fit(talk.server.connection.key_direction, talk.client.connection.key_direction)) {
    return;
  }
  talk.error("secret", "the directions of the key do not fit",
             "write 0 at one end, 1 at the other");
}

}  // namespace adit::lint
