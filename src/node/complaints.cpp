#include "node/complaints.h"

#include <utility>

#include "node/lines.h"
#include "wire/control_packet.h"

namespace adit::node {

namespace {

constexpr Duration period = std::chrono::seconds(10);
constexpr unsigned most_per_period = 10;
constexpr int mute_class = 3;

Complaint about_v2(const ip::Endpoint& from, const Wrapping& wrapping) {
  if (!wrapping.v2_server) {
    return {lines::tls_crypt_unwrap_failed(from),
            lines::real_address(from) +
                " has a tls-crypt-v2 key, but there is no tls-crypt-v2 key here: give both "
                "sides the same kind of key"};
  }
  return {lines::cannot_extract_v2_key(from),
          lines::real_address(from) +
              " has a tls-crypt-v2 key that was not made from the one here: make it a new "
              "one (--tls-crypt-v2 SERVERKEY --genkey tls-crypt-v2-client FILE)"};
}

// The line that the other side's configuration needs: "tls-auth ta.key 1".
std::string counterpart(const Wrapping& wrapping) {
  const std::string name = wrapping.file.substr(wrapping.file.rfind('/') + 1);
  const std::string direction =
      wrapping.direction ? std::to_string(1 - *wrapping.direction) : std::string();
  if (!name.empty()) {
    return "the line \"tls-auth " + name + (direction.empty() ? "" : " " + direction) + "\"";
  }
  return direction.empty() ? "the block <tls-auth>"
                           : "the block <tls-auth> and \"key-direction " + direction + "\"";
}

std::string own_direction(const Wrapping& wrapping) {
  const std::string here =
      wrapping.direction ? "it is " + std::to_string(*wrapping.direction) : "there is none";
  return wrapping.where.empty() ? std::string() : "; here " + here + " (" + wrapping.where + ")";
}

// Our key opens it, if only the direction were another one.
bool has_wrong_direction(Bytes datagram, const Wrapping& wrapping) {
  for (const std::optional<int> direction :
       {std::optional(0), std::optional(1), std::optional<int>()}) {
    if (direction == wrapping.direction) continue;
    Buffer copy(datagram.begin(), datagram.end());
    const auto cipher = crypto::make_tls_auth(wrapping.digest, wrapping.key, direction);
    const auto opened = cipher->open(copy);
    if (std::holds_alternative<crypto::ControlCipher::Opened>(opened)) return true;
  }
  return false;
}

Complaint about_tls_auth(Bytes datagram, Drop verdict, const ip::Endpoint& from,
                         const Wrapping& wrapping) {
  if (verdict == Drop::malformed) {
    return {lines::cannot_locate_hmac(from),
            lines::real_address(from) + " sent a packet without tls-auth: its config lacks " +
                counterpart(wrapping) + ", with the same key that is here" +
                (wrapping.where.empty() ? "" : " (" + wrapping.where + ")")};
  }
  if (has_wrong_direction(datagram, wrapping)) {
    return {lines::incoming_authentication_failed(from),
            lines::real_address(from) +
                " has the right tls-auth key and the wrong direction: it must be 0 on one side and "
                "1 on the other" +
                own_direction(wrapping),
            lines::hmac_failed};
  }
  return {lines::incoming_authentication_failed(from),
          lines::real_address(from) +
              " has a different tls-auth key, another \"auth\" digest, or the wrong "
              "direction: it must be 0 on one side and 1 on the other" +
              own_direction(wrapping),
          lines::hmac_failed};
}

}  // namespace

bool deserves_complaint(Bytes datagram, Drop verdict, const Wrapping& wrapping) {
  const auto head = datagram.empty() ? std::nullopt : wire::parse_head(datagram[0]);
  if (!head || wire::is_data(head->opcode)) return false;
  const bool unreadable = verdict == Drop::bad_tag || verdict == Drop::malformed;
  if (!unreadable && verdict != Drop::unknown_opcode) return false;
  if (wire::carries_wkc(head->opcode)) return true;
  const bool reset = wire::is_hard_reset(head->opcode);
  if (wrapping.only_v2()) return reset;
  const bool has_key = wrapping.kind != Wrapping::Kind::none || wrapping.v2_client;
  return unreadable && (has_key || reset);
}

std::optional<Complaint> complaint_about(Bytes datagram, Drop verdict, const ip::Endpoint& from,
                                         const Wrapping& wrapping) {
  if (!deserves_complaint(datagram, verdict, wrapping)) return std::nullopt;
  if (wire::carries_wkc(wire::parse_head(datagram[0])->opcode)) return about_v2(from, wrapping);
  if (wrapping.only_v2()) {
    return Complaint{lines::cannot_extract_v2_key(from),
                     lines::real_address(from) +
                         " uses no tls-crypt-v2: give it a key made from the one here "
                         "(--tls-crypt-v2 SERVERKEY --genkey tls-crypt-v2-client FILE)"};
  }
  if (wrapping.kind == Wrapping::Kind::tls_auth) {
    return about_tls_auth(datagram, verdict, from, wrapping);
  }
  if (wrapping.kind == Wrapping::Kind::tls_crypt || wrapping.v2_client) {
    return Complaint{lines::tls_crypt_unwrap_failed(from),
                     lines::real_address(from) +
                         " does not have the tls-crypt key that is here: compare the key "
                         "files",
                     lines::tls_crypt_failed};
  }
  return Complaint{lines::unreadable_first_packet(from),
                   lines::real_address(from) +
                       " probably has a tls-auth or tls-crypt key, but there is none here: "
                       "give both sides the same key, or none"};
}

std::string advice_on_silence(const ip::Endpoint& server, const Wrapping& wrapping) {
  const bool plain = wrapping.kind == Wrapping::Kind::none && !wrapping.v2_client;
  const std::string key =
      plain
          ? "it may want a tls-auth or tls-crypt key, which this config lacks: such a server "
            "answers nobody without (add the line it has, \"tls-auth ta.key 1\" or \"tls-crypt "
            "ta.key\", with the same file)"
          : "its control channel key may be another than the one here, or the key direction wrong: "
            "such a server answers nobody else, and its log tells of it";
  return "No reply from " + server.text() +
         " so far. Perhaps nothing arrives there (address, port, a firewall, no server running), "
         "or " +
         key;
}

Complaints::Complaints(const Wrapping& wrapping, Log log)
    : wrapping_(wrapping), log_(std::move(log)), limit_(most_per_period, period) {}

void Complaints::about(Bytes datagram, Drop verdict, const ip::Endpoint& from, Instant now) {
  if (!deserves_complaint(datagram, verdict, wrapping_)) return;
  // First, for what follows costs much more than the packet's refusal did.
  if (!limit_.allow(now)) {
    ++silenced_;
    return;
  }
  const auto complaint = complaint_about(datagram, verdict, from, wrapping_);
  if (!complaint) return;
  if (silenced_ > 0) {
    log_.info(1, "{} more packets with a wrong or missing control channel key were not logged",
              std::exchange(silenced_, 0));
  }
  if (!complaint->before.empty()) log_.mutable_error(mute_class, "{}", complaint->before);
  log_.mutable_error(mute_class, "{}", complaint->line);
  if (is_new(from.address)) log_.mutable_error(mute_class, "{}", complaint->advice);
}

bool Complaints::is_new(const ip::Address& who) {
  constexpr std::size_t most = 256;
  if (advised_.size() >= most) advised_.clear();
  return advised_.insert(who).second;
}

}  // namespace adit::node
