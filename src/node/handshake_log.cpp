#include "node/handshake_log.h"

#include "base/text.h"
#include "node/lines.h"

namespace adit::node {

void log_peer(const Log& log, const session::Session& session, bool with_peer_info) {
  if (session.tls() == nullptr) return;
  for (const std::string& line : session.tls()->peer().warnings) log.info(3, "{}", line);
  for (const tls::ChainEntry& entry : session.tls()->peer().chain) {
    log.info(2, "{}", lines::verify_ok(entry.depth, entry.subject));
  }
  if (with_peer_info) {
    for (const auto& [name, value] : session.peer_info().lines()) {
      if (const auto clean = wire::exportable_value(name, value)) {
        log.info(2, "{}", lines::peer_info(name, *clean));
      }
    }
  }
  log.info(2, "{}", lines::control_channel(session.tls()->description()));
}

void log_failure(const Log& log, const session::Failed& failed, Duration hand_window) {
  using session::FailureReason;
  const long window = std::chrono::duration_cast<std::chrono::seconds>(hand_window).count();
  for (const std::string& line : failed.tls.lines) log.error("{}", line);
  if (!failed.tls.advice.empty()) log.error("{}", failed.tls.advice);
  switch (failed.reason) {
    case FailureReason::handshake_timeout:
      log.error("{}", lines::key_negotiation_timeout(window));
      if (failed.secured) {
        log.error(
            "TLS was done here and then the other side fell silent: it probably refused our "
            "certificate or password; its log says why");
      }
      break;
    case FailureReason::no_push_reply:
      log.error("The server accepted this client but sent no PUSH_REPLY within {} seconds", window);
      break;
    case FailureReason::no_decision:
      log.error("TLS Error: nobody decided about the client's credentials in time");
      break;
    case FailureReason::bad_key_method:
      log.error(
          "TLS Error: the peer's key exchange message makes no sense; is it OpenVPN 2.0 or "
          "later?");
      break;
    case FailureReason::no_key_material:
      log.error("TLS Error: the TLS library gave no key material for the data channel");
      break;
    case FailureReason::key_expired:
      log.error("TLS Error: the last data key has expired and no new one could be negotiated");
      break;
    case FailureReason::tls:
    case FailureReason::refused:
      break;
  }
  log.error("{}", lines::tls_handshake_failed);
}

void log_data_channel(const Log& log, const session::Negotiated& negotiated, std::uint32_t peer_id,
                      std::string_view compression, const std::string& configured_cipher) {
  log.info(2, "{}", lines::data_channel(negotiated.cipher, peer_id, compression));
  if (configured_cipher.empty() || configured_cipher == negotiated.cipher) return;
  log.info(3, "\"cipher {}\" is not in use: {} was negotiated instead", configured_cipher,
           negotiated.cipher);
}

void log_timers(const Log& log, const session::Liveness::Timers& timers, bool ping_exits,
                const session::TimeLimits::Setup& limits) {
  const auto seconds = [](std::optional<Duration> time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.value_or(Duration())).count();
  };
  const std::string line =
      lines::timers({seconds(timers.ping), seconds(timers.timeout), seconds(limits.idle),
                     seconds(limits.whole), limits.idle_bytes, ping_exits});
  if (!line.empty()) log.info(2, "{}", line);
}

void log_protocol_options(const Log& log, unsigned exit_notify,
                          const session::Negotiated& negotiated) {
  const std::string line = lines::protocol_options(exit_notify, negotiated);
  if (!line.empty()) log.info(2, "{}", line);
}

}  // namespace adit::node
