#pragma once

#include <set>

#include "node/channel_setup.h"
#include "node/client_news.h"
#include "node/complaints.h"
#include "node/disorder_report.h"
#include "node/gate.h"
#include "node/hooks.h"
#include "node/instance_facts.h"
#include "node/peer_path.h"
#include "node/replay_file.h"
#include "node/static_key_mode.h"
#include "node/status.h"
#include "node/tunnel.h"
#include "session/association.h"
#include "session/liveness.h"
#include "session/time_limits.h"
#include "wire/control_message.h"

namespace adit::node {

// The plane of a client has one peer.
inline constexpr plane::PeerIndex the_peer = 0;

// Everything one connection attempt needs of the configuration, loaded and typed. Used by a pulling
// client and by both ends of a point-to-point tunnel.
struct ClientSetup {
  options::Config config;
  options::Connection connection;
  session::Setup session;
  session::Offer offer;
  Wrapping wrapping;
  MtuSetup mtu;
  Environment environment;
  bool tcp = false;
  std::optional<ip::Address> way;  // of the relay in front of the server, if packets go by one
  std::optional<plane::KeySpec> static_key;  // "secret": there is no session
};

// What outlives an attempt: credentials and the token that replaces the password; and the advice
// that was given, which does not get better by being repeated.
struct ClientMemory {
  session::Credentials credentials;
  std::string token_user;
  SecretText token;
  bool on_disk = false;          // name and password stand in a file or in the configuration
  bool forgotten = false;        // the password, after its use
  std::set<std::string> advice;  // since the tunnel was last up
  [[nodiscard]] session::Credentials to_send() const;
  [[nodiscard]] bool has_what_to_send() const { return !forgotten || !token.empty(); }
  void forget();
  [[nodiscard]] bool is_new(const std::string& text);
  std::optional<ip::Address> dhcp_router;  // that "route-gateway dhcp" is about
};

// A session that calls the peer: its first datagram is there to be sent. setup must outlive it.
[[nodiscard]] std::unique_ptr<session::Session> call_peer(const ClientSetup& setup,
                                                          const ClientMemory& memory, Rng& rng,
                                                          Instant now, WallTime wall);

// How an attempt ended and what is to be done next.
struct Outcome {
  enum class Next { restart, exit } next = Next::restart;
  int exit_status = 0;
  std::string signal;  // "SIGUSR1", "SIGTERM"
  std::string text;    // "ping-restart"
  wire::AuthFailed::Advance advance = wire::AuthFailed::Advance::default_;
  std::optional<std::chrono::seconds> backoff;
  bool ask_credentials_again = false;
  std::string challenge;  // the server asks back ("CRV1:...")
};

// One attempt to reach the peer, and the tunnel while it lasts. Pure, like the server.
class Client {
 public:
  struct Surroundings {
    plane::DataPlane& plane;
    ports::LinkPort& link;
    Tunnel& tunnel;
    Hooks& hooks;
    Rng& rng;
    ports::StorePort* store = nullptr;  // nullptr: nothing can be kept in files
  };
  // setup and memory must outlive the client. remote: empty for an end that waits for whoever
  // comes.
  Client(const ClientSetup& setup, ClientMemory& memory, const Surroundings& around, Log log,
         const std::optional<ports::LinkAddress>& remote, Instant now, WallTime wall);

  void turn(Instant now, WallTime wall);
  // After the last turn, when no lane runs any more.
  void close();
  [[nodiscard]] Deadline deadline() const;
  [[nodiscard]] const std::optional<Outcome>& outcome() const { return outcome_; }
  [[nodiscard]] bool up() const { return up_; }
  // What is to be said when the other end's certificate has been revoked since.
  [[nodiscard]] std::optional<std::string> peer_revoked() const;
  [[nodiscard]] bool answered() const { return answered_; }

  // Says goodbye if that was asked for; the moment until which to go on.
  [[nodiscard]] std::optional<Instant> announce_end(Instant now);
  [[nodiscard]] ClientStatus status(WallTime wall) const;
  // The process fills in what it knows alone.
  [[nodiscard]] InstanceFacts facts() const;
  [[nodiscard]] const std::optional<ports::LinkAddress>& remote() const { return remote_; }
  // Variables about the peer, for scripts that run at the end.
  [[nodiscard]] Environment peer_environment() const;
  // What the server pushed, merged into what was said here; good once it is up.
  [[nodiscard]] const options::Pulled& pulled() const { return pulled_; }
  // Kept only where the configuration has "management", and to be taken after each turn.
  [[nodiscard]] std::vector<ClientNews> take_news() { return std::exchange(news_, {}); }
  // Addresses inside: the device's own.
  [[nodiscard]] const options::Device& device() const {
    const bool pulls = setup_.session.exchange == session::Exchange::pulling && !setup_.static_key;
    return pulls ? pulled_.device : setup_.config.device;
  }
  // The password was forgotten ("auth-nocache") and a key exchange waits for it.
  [[nodiscard]] bool wants_credentials() const { return wants_credentials_; }
  void give_credentials(const session::Credentials& credentials, Instant now);
  // The answer to a challenge, for the server (CR_RESPONSE).
  bool respond(std::string_view answer, Instant now);
  [[nodiscard]] session::Association* association() {
    return association_ ? &*association_ : nullptr;
  }

 private:
  using Happening = session::Association::Happening;

  // client.cpp: what arrives, and time
  void take(const plane::Report& report, MutableBytes bytes);
  void take_datagram(const ports::LinkAddress& from, MutableBytes datagram);
  [[nodiscard]] bool may_come_from(const ports::LinkAddress& from) const;
  void begin_by_peer(const ports::LinkAddress& from, MutableBytes datagram);
  void refuse_stranger(const ports::LinkAddress& from, Drop verdict, Bytes datagram);
  void take_payload(Bytes payload);
  void serve();
  void transmit();
  void transmit(session::Session& session, const ports::LinkAddress& to);
  void check_timers();
  void say_goodbyes();
  void check_wear();
  void check_limits();
  void arm(session::Session& session);
  void begin();
  void wait_for_peer();
  [[nodiscard]] std::unique_ptr<session::Session> make_session();
  void end(Outcome::Next next, std::string signal, std::string text, int exit_status = 0);

  // client_events.cpp: what the session says
  void handle(Happening& happening);
  [[nodiscard]] bool plugins_agree(session::Session& session);
  void on_established(const Happening& happening);
  void tell_address();
  void on_pushed(const std::vector<std::string>& options);
  void tell_imported(const std::vector<std::string>& names) const;
  void tell_received(std::string_view keyword, const std::vector<std::string>& options);
  void on_pushed_later(const std::vector<std::string>& options);
  void on_message(const wire::ControlMessage& message);
  void forget_password();
  void end_refused(const std::string& reason);
  void on_auth_failed(const wire::ControlMessage& message);
  [[nodiscard]] std::string advice_for_refusal(std::string_view reason) const;
  void on_failure(const Happening& happening, const session::Failed& failed);
  void install(const session::KeysReady& ready);
  void remember_token(const options::Pulled& pulled);

  // client_up.cpp: from the agreement to a working tunnel
  void negotiate_point_to_point();
  [[nodiscard]] std::optional<ip::Address> reached_by() const;
  [[nodiscard]] RouteFacts look_around() const;
  [[nodiscard]] RoutePlan make_route_plan(const options::Device& device,
                                          const options::Routes& routes) const;
  [[nodiscard]] bool bring_up(const options::Device& device, const options::Routes& routes,
                              unsigned mtu);
  void add_routes(const options::Device& device, const options::Routes& routes);
  [[nodiscard]] bool may_keep_routes(const options::Device& device,
                                     const options::Routes& routes) const;
  void set_names(const options::Pulled& agreed);
  void put_routes(const options::Device& device, const options::Routes& routes);
  // client_dhcp.cpp
  [[nodiscard]] const options::Routes& routes_in_use() const;
  [[nodiscard]] bool gateway_by_dhcp() const;
  [[nodiscard]] bool waits_for_dhcp() const;
  [[nodiscard]] options::Routes routes_without_gateway(options::Routes routes) const;
  void take_dhcp_router(Bytes address);
  plane::PeerSpec set_plane_peer();
  void set_inside_rules();
  plane::PeerSpec tell_plane(const ports::LinkAddress& address);
  [[nodiscard]] FrameFacts frame_facts(const ports::LinkAddress& address) const;
  [[nodiscard]] const session::Negotiated* negotiated() const;
  void start_path();
  void run_path();
  [[nodiscard]] std::vector<session::PathMtu::EchoWay> echo_ways() const;
  void limit_routes();
  void tell_replaced_timers();
  void limit_rate();
  void start_timers(const options::Timers& timers);
  [[nodiscard]] unsigned exit_notify() const {
    const auto& own = setup_.connection.explicit_exit_notify;
    return pulled_.explicit_exit_notify.value_or(own.value_or(0));
  }
  void complete();
  // client_routes.cpp: routes, then complete(); with "route-delay" later
  void settle();
  void add_delayed_routes();

  void note_connected() {
    note(ClientNews::Kind::connected, routes_failed_ ? "ROUTE_ERROR" : "SUCCESS");
  }
  void note(ClientNews::Kind kind, std::string text = {}) {
    if (setup_.config.management.defined()) news_.push_back({kind, std::move(text)});
  }

  // client_update.cpp: a server changes the living tunnel
  void on_push_updated(const std::vector<std::string>& options);
  [[nodiscard]] bool adopt(const options::Pulled& former);
  void adopt_routes();

  // client_static.cpp: without TLS
  void begin_static();
  [[nodiscard]] bool open_static();
  void meet_static(const ports::LinkAddress& from);
  void watch_static();
  void take_static_reply(Bytes options);
  [[nodiscard]] Status install_static_key();
  [[nodiscard]] std::uint64_t newest_static_id() const;
  // facts.cpp
  [[nodiscard]] PeerFacts peer_facts() const;
  [[nodiscard]] MtuFacts mtu_facts() const;

  const ClientSetup& setup_;
  ClientMemory& memory_;
  Surroundings around_;
  Log log_;
  Complaints complaints_;
  DisorderReport disorder_;
  std::optional<ports::LinkAddress> remote_;
  std::optional<ip::Endpoint> told_address_;  // to ipchange
  std::optional<ports::LinkAddress> newcomer_from_;
  std::optional<session::Association> association_;
  std::optional<Gate> gate_;  // a point-to-point TLS server only
  options::Pulled pulled_;
  options::Compression compression_;
  std::optional<Outcome> outcome_;
  std::vector<ClientNews> news_;
  Instant tell_waiting_at_ = Instant::max();  // for the server's options
  session::Liveness liveness_;
  bool ping_exits_ = false;
  bool up_ = false;
  bool routes_failed_ = false;  // the kernel did not take some, or the default route stays
  bool answered_ = false;
  bool token_in_use_ = false;
  bool wants_credentials_ = false;
  bool retire_others_ = false;  // a new session's first keys replace all of the old one's
  std::string peer_name_;
  WallTime established_;  // when the attempt began, then when the tunnel stood
  tls::PeerIdentity identity_;
  Environment foreign_;
  std::optional<RouteFacts> around_before_;  // the host, before our routes
  Instant now_;
  WallTime wall_;
  Instant answer_by_;
  Instant tell_silence_at_ = Instant::max();
  Instant last_control_sent_, last_control_received_;
  std::uint64_t control_bytes_sent_ = 0, control_bytes_received_ = 0;
  Instant next_wear_check_ = Instant::max();
  session::TimeLimits limits_;
  PeerPath path_;
  unsigned goodbyes_left_ = 0;
  Instant next_goodbye_ = Instant::max();
  std::optional<ReplayFile> replay_file_;      // static-key mode
  OccRequests occ_requests_;                   // static-key mode
  Instant routes_at_ = Instant::max();         // "route-delay"
  Instant next_static_look_ = Instant::max();  // static-key mode
};

}  // namespace adit::node
