#include "doctor/handshake_words.h"

#include "base/text.h"
#include "doctor/log_diagnosis.h"

namespace adit::doctor {

namespace {

long seconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

std::string transport(const node::ClientSetup& setup) { return setup.tcp ? "tcp" : "udp"; }

// What this side's configuration says of the control channel's key.
std::string key_of(const node::ClientSetup& setup) {
  if (setup.wrapping.v2_client) return "tls-crypt-v2 key";
  switch (setup.wrapping.kind) {
    case node::Wrapping::Kind::tls_auth:
      return setup.wrapping.direction
                 ? fmt::format("tls-auth key (direction {})", *setup.wrapping.direction)
                 : "tls-auth key (no direction)";
    case node::Wrapping::Kind::tls_crypt:
      return "tls-crypt key";
    case node::Wrapping::Kind::none:
      break;
  }
  return {};
}

Told of_network_error(const ProbeSession& session, const node::ClientSetup& setup) {
  const std::string& said = session.network_error();
  const std::string who = session.server().text();
  if (said == "Connection refused") {
    return {fmt::format("{} {} refuses: no program listens there", transport(setup), who),
            "start the server, and compare port and proto on both sides"};
  }
  return {fmt::format("{} {}: {}", transport(setup), who, said),
          "look at this host's routes and the firewalls on the way"};
}

// "OpenSSL: error:..." and the like, the first that says something.
std::string first_line(const tls::TlsFailure& failure) {
  return failure.lines.empty() ? "the TLS handshake failed" : printable(failure.lines.front());
}

Told of_tls(const tls::TlsFailure& failure) {
  const LogDiagnosis known = diagnose_log(join(failure.lines, "\n"), Role::client);
  if (!known.troubles.empty()) {
    const Trouble& trouble = known.troubles.front();
    return {trouble.what + ": " + first_line(failure), trouble.cure};
  }
  return {first_line(failure),
          failure.advice.empty() ? "the server's log says more" : failure.advice};
}

}  // namespace

Told words_for_silence(const ProbeSession& session, const node::ClientSetup& setup,
                       Duration patience) {
  if (!session.network_error().empty()) return of_network_error(session, setup);
  const std::string who = session.server().text();
  const std::string key = key_of(setup);
  const std::string see_there = "on the server \"adit doctor --log FILE\" tells which";
  if (session.client().unreadable() > 0) {
    return {fmt::format("{} answers, and the answer does not open with the {}", who,
                        key.empty() ? "settings of this profile" : key + " of this profile"),
            "give both sides the same kind of key, the same key file and opposite directions"};
  }
  if (!session.connected()) {
    return {fmt::format("tcp {}: no answer within {} s", who, seconds(patience)),
            "check the address and the port, and let it through the firewalls on the way"};
  }
  if (setup.tcp) {
    return {fmt::format("tcp {} connects, and nothing answers the first packet: it arrived and was "
                        "not accepted",
                        who),
            key.empty() ? "the server may want a tls-auth or tls-crypt key that this profile lacks"
                        : "the " + key + " is another than the server's"};
  }
  const std::string unread = key.empty()
                                 ? "it wants a tls-auth or tls-crypt key, which this profile lacks"
                                 : "its key differs from the " + key + " of this profile";
  return {
      fmt::format("udp {}: no answer within {} s, and no router objects. Either no packet comes "
                  "there (address, port, a firewall, no server), or {}, or its answer is lost",
                  who, seconds(patience), unread),
      "check address and port; let udp through in both directions; " + see_there};
}

Told words_for_failure(const ProbeSession& session) {
  const node::BareClient& client = session.client();
  if (const auto& failure = client.failure()) {
    if (failure->reason == session::FailureReason::tls) return of_tls(failure->tls);
    if (failure->reason == session::FailureReason::no_push_reply) {
      return {"the certificate was accepted, and no PUSH_REPLY came",
              "the server's log tells whether it got our PUSH_REQUEST"};
    }
  }
  const std::string& why = client.why();
  if (why.starts_with("AUTH_FAILED")) {
    return {"the server refused: " + why, "check the user name and the password, or ask its owner"};
  }
  if (!session.network_error().empty()) {
    return {"the connection was lost: " + session.network_error(), "the server's log says why"};
  }
  if (!why.empty()) return {why, "the server's log says more"};
  const session::Session& now = client.session();
  const bool secured =
      now.tls() != nullptr && now.tls()->state() == tls::TlsEngine::State::established;
  if (now.established()) {
    return {"the certificate was accepted, and no PUSH_REPLY came",
            "the server's log tells whether it got our PUSH_REQUEST"};
  }
  if (secured) {
    return {
        "TLS was done here and then the server fell silent: it probably refused our "
        "certificate or password",
        "its log says why: \"adit doctor --log FILE\" there"};
  }
  return {
      "the first packets were answered, and the larger ones of the handshake were not: they are "
      "lost, or the server ended it without a word",
      "try \"max-packet-size 1000\"; the server's log says more"};
}

}  // namespace adit::doctor
