#include "node/mtu_setup.h"

#include <algorithm>

#include "node/channel_setup.h"
#include "options/listen.h"

namespace adit::node {

namespace {

constexpr unsigned least_tun_mtu = 100;  // source: stock 2.6

// Before anything is negotiated stock reckons with "cipher"; but with BF-CBC only where it is used.
unsigned tun_mtu_of_link_mtu(const options::Config& config, const options::Connection& connection) {
  FrameFacts facts;
  facts.tcp = connection.proto.is_tcp();
  session::Frame frame = make_frame(nullptr, config.channel, facts);
  const bool point_to_point = config.mode == options::Mode::p2p && !config.client.pull;
  const bool listed = std::ranges::find(config.channel.data_ciphers, config.channel.cipher) !=
                      config.channel.data_ciphers.end();
  if (config.channel.cipher == "BF-CBC" && !listed && !point_to_point) frame.cipher = nullptr;
  return session::tun_mtu_for_link_mtu(frame, *connection.link_mtu);
}

}  // namespace

bool finds_path_mtu(const options::Connection& connection) {
  return !connection.tun_mtu && !connection.link_mtu && connection.tun_mtu_extra == 0 &&
         !connection.fragment && !connection.mssfix &&
         connection.mtu_discovery == options::Connection::MtuDiscovery::system;
}

MtuSetup make_mtu_setup(const options::Config& config, const options::Connection& connection) {
  MtuSetup setup;
  if (connection.tun_mtu) {
    setup.tun_mtu = setup.announced_of = *connection.tun_mtu;
  } else if (connection.link_mtu) {
    setup.tun_mtu = tun_mtu_of_link_mtu(config, connection);
    setup.link_mtu = connection.link_mtu;
  }
  setup.announced = connection.occ_mtu.value_or(setup.tun_mtu);
  setup.tun_extra = connection.tun_mtu_extra;
  if (connection.fragment) {
    setup.fragment = {*connection.fragment, connection.fragment_counts_outer};
  }
  const bool udp = config.mode == options::Mode::server ? options::listens_to_udp(config)
                                                        : !connection.proto.is_tcp();
  setup.test = config.remotes.mtu_test;
  setup.automatic = udp && finds_path_mtu(connection);
  using Kind = options::Connection::MssfixKind;
  if (connection.mssfix) {
    setup.mssfix.value = *connection.mssfix;
    setup.mssfix.kind = connection.mssfix_kind == Kind::mtu     ? session::Mssfix::Kind::mtu
                        : connection.mssfix_kind == Kind::fixed ? session::Mssfix::Kind::fixed
                                                                : session::Mssfix::Kind::payload;
  } else if (setup.fragment) {
    setup.mssfix = {session::Mssfix::Kind::mtu, setup.fragment->value};
  } else if (setup.tun_mtu != 1500 || setup.link_mtu) {
    setup.mssfix = {session::Mssfix::Kind::fixed, setup.tun_mtu};
    setup.mssfix_within_link_mtu = setup.link_mtu.has_value();
  }
  return setup;
}

Status check_tun_mtu(const MtuSetup& mtu) {
  if (!mtu.link_mtu || mtu.tun_mtu >= least_tun_mtu) return {};
  return fail_with({"link-mtu " + std::to_string(*mtu.link_mtu) + " leaves a tun-mtu of " +
                        std::to_string(mtu.tun_mtu) + "; at least " +
                        std::to_string(least_tun_mtu) + " are needed",
                    "write \"tun-mtu\" with what the tunnel shall carry instead"});
}

std::string link_mtu_note(const options::Config& config, const MtuSetup& mtu) {
  if (!mtu.link_mtu) return {};
  const options::Said* said = config.said_of("link-mtu");
  const bool old_name = said == nullptr && config.said_of("udp-mtu") != nullptr;
  if (old_name) said = config.said_of("udp-mtu");
  std::string note = said != nullptr ? said->at.text() + ": " : std::string();
  const std::string tun_mtu = "tun-mtu " + std::to_string(mtu.tun_mtu);
  note += (old_name ? "udp-mtu " : "link-mtu ") + std::to_string(*mtu.link_mtu);
  note += " is obsolete: using " + tun_mtu;
  if (config.mode == options::Mode::server) note += " and pushing it";
  return note + " - write \"" + tun_mtu + "\" instead";
}

unsigned tun_mtu_to_push(const session::Negotiated& negotiated, const options::Channel& channel,
                         FrameFacts facts, const MtuSetup& mtu) {
  if (!mtu.link_mtu) return mtu.tun_mtu;
  const session::Frame frame = make_frame(&negotiated, channel, facts);
  const unsigned room = session::payload_room(frame, *mtu.link_mtu);
  return std::clamp(room, least_tun_mtu, mtu.tun_mtu);
}

unsigned tun_mtu_to_use(const MtuSetup& mtu, std::optional<unsigned> pushed) {
  const unsigned wanted = pushed.value_or(mtu.tun_mtu);
  return mtu.link_mtu ? std::min(wanted, mtu.tun_mtu) : wanted;
}

}  // namespace adit::node
