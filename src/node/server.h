#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>

#include "base/pack.h"
#include "node/answer_file.h"
#include "node/answered_resets.h"
#include "node/channel_setup.h"
#include "node/complaints.h"
#include "node/gate.h"
#include "node/hooks.h"
#include "node/instance_facts.h"
#include "node/narrow_paths.h"
#include "node/network_owners.h"
#include "node/server_news.h"
#include "node/server_peer.h"
#include "node/session_tokens.h"
#include "node/stations.h"
#include "node/status.h"
#include "options/changes.h"
#include "plane/tables.h"

namespace adit::node {

// Everything a server needs of its configuration, loaded and typed.
struct ServerSetup {
  options::Config config;
  session::Setup session;
  std::optional<session::Setup> stream_session;  // of TCP connections, where there is UDP as well
  session::Offer offer;
  Wrapping wrapping;
  policy::PoolSetup pool;
  policy::ServerFacts facts;
  MtuSetup mtu;
  std::optional<SessionTokens::Setup> tokens;
  std::string title;        // first line of --version, for status
  Environment environment;  // common and interface variables

  [[nodiscard]] const session::Setup& session_for(const ports::LinkAddress& peer) const {
    return peer.stream != 0 && stream_session ? *stream_session : session;
  }
};

// "connect-freq"
[[nodiscard]] RateLimit connect_limit(const options::Server& server);

// The multi-client server: where gate, sessions, policy and data plane meet. Pure like the rooms
// below: it is told what arrived and what time it is, and speaks through the plane and the ports.
class Server {
 public:
  struct Surroundings {
    plane::DataPlane& plane;
    ports::LinkPort& link;
    ports::ProcessPort& processes;
    ports::StorePort& store;
    Rng& rng;
    ports::PluginPort* plugins = nullptr;  // nullptr: there are none
  };
  // setup must outlive the server.
  Server(const ServerSetup& setup, const Surroundings& around, Log log, Instant now, WallTime wall);

  // Takes what the lanes reported and does what is due. Call again when the deadline has passed or
  // the plane rings.
  void turn(Instant now, WallTime wall);
  // A TCP connection was made; it is closed again unless a session begins on it in time.
  void meet_stream(const ports::LinkAddress& from, Instant now);
  [[nodiscard]] Deadline deadline() const;
  // Ends the session of everybody whose certificate has been revoked (tls::TlsFactory::revoked).
  void end_revoked(Instant now);

  // Another configuration, where the setup as a whole is another from now on: only what a living
  // server can take up may differ in it. Nobody goes. Files of client-config-dir are read again.
  // Returns how many clients were sent pushed options that have changed.
  std::size_t reconfigure(Instant now);
  // Lines of client-config-dir that connected clients do not have yet, as that configuration would
  // read them.
  [[nodiscard]] std::vector<options::Changed> changed_client_files(
      const options::Config& config) const;
  // More than this many clients need another process.
  [[nodiscard]] std::size_t capacity() const { return around_.plane.capacity(); }
  [[nodiscard]] std::size_t count(const std::function<bool(const ServerPeer&)>& wanted) const;

  // Tells the clients before the end ("explicit-exit-notify"); true: wait a moment for delivery.
  // From now on nobody new is let in, and who was on the way in is told as well.
  bool announce_end(Instant now);
  // The end: every client goes. Go on turning the loop while scripts are told of it.
  void close();
  [[nodiscard]] bool scripts_running() const { return !hooks_.idle(); }
  void write_status(WallTime wall);
  [[nodiscard]] ServerStatus status(WallTime wall) const;
  // The process fills in what it knows alone.
  [[nodiscard]] InstanceFacts facts() const;
  void write_pool();
  // Of all clients since the start, also those that have gone.
  [[nodiscard]] LinkBytes link_bytes() const;
  [[nodiscard]] std::size_t clients() const { return peers_.size(); }
  [[nodiscard]] const std::map<plane::PeerIndex, std::unique_ptr<ServerPeer>>& peers() const {
    return peers_;
  }

  // Whoever manages the server. News is kept only where the configuration has "management", and is
  // to be taken after each turn. The rest is false where there is no such client, or none that
  // waits for a decision under this key.
  [[nodiscard]] std::vector<ServerNews> take_news();
  bool admit_client(std::uint64_t client, std::uint64_t key, const std::string& lines, Instant now);
  bool deny_client(std::uint64_t client, std::uint64_t key, std::string_view why,
                   std::string_view told, Instant now);
  bool postpone_client(std::uint64_t client, std::uint64_t key, std::string_view text,
                       std::chrono::seconds timeout, Instant now);
  bool send_away(std::uint64_t client, std::string_view message, Instant now);
  // PUSH_UPDATE for one client or all that know it: false, 0: nobody could be told, or an option is
  // none.
  bool update_client(std::uint64_t client, const std::vector<std::string>& options, Instant now);
  std::size_t update_clients(const std::vector<std::string>& options, Instant now);
  // How many there were.
  std::size_t kill_clients(const std::function<bool(const ServerPeer&)>& wanted, Instant now);

  // Handover to the next process, only while no lane runs: everything of the UDP clients that must
  // outlive this one. A stream does not outlive its process.
  //
  // id_leap  how far to skip packet ids: 0 when carry() was the last thing the old process did,
  //          more when it may have gone on sending since
  [[nodiscard]] Buffer carry(Instant now) const;
  [[nodiscard]] Status resume(Bytes carried, std::uint32_t id_leap, Instant now, WallTime wall);

 private:
  using Happening = session::Association::Happening;

  // Which key exchange of which client.
  struct Exchange {
    std::uint64_t client;
    wire::SessionId session;
    std::uint8_t key_id;
    bool by_token = false;  // a good token stands for the password
  };
  using Login = std::shared_ptr<const session::AuthWanted>;

  // server.cpp: what arrives, and time
  void take(const plane::Report& report, MutableBytes bytes);
  void tell_bad_source(ServerPeer& peer, const ip::Address& source);
  bool tell_bad_source(ServerPeer& peer, const std::string& source);
  void take_datagram(const ports::LinkAddress& from, MutableBytes datagram);
  void meet_stranger(const ports::LinkAddress& from, MutableBytes datagram);
  void begin(const ports::LinkAddress& from, Gate::Welcome welcome, MutableBytes datagram);
  void meet_newcomer(ServerPeer& peer, MutableBytes datagram);
  void take_payload(ServerPeer& peer, Bytes payload);
  void take_too_large(const ip::Endpoint& to, Bytes mtu);
  void consider_move(ServerPeer& peer, const ports::LinkAddress& to);
  void serve(ServerPeer& peer);
  void transmit(ServerPeer& peer);
  void check_liveness(ServerPeer& peer);
  void check_limits(ServerPeer& peer);
  void note_wear();
  void tell_end(ServerPeer& peer);
  void look_for_disorder(ServerPeer& peer, const session::Session& session);
  void schedule(ServerPeer& peer);
  [[nodiscard]] ServerPeer* find(const ports::LinkAddress& from);
  void turn_away(const ports::LinkAddress& from);
  [[nodiscard]] ServerPeer* find(plane::PeerIndex index);
  [[nodiscard]] ServerPeer* find_client(std::uint64_t client_id);
  ServerPeer& enter(std::unique_ptr<ServerPeer> peer);
  [[nodiscard]] std::optional<plane::PeerIndex> free_index();

  // server_events.cpp: what a session says
  void handle(ServerPeer& peer, Happening& happening);
  void on_message(ServerPeer& peer, const wire::ControlMessage& message);
  void on_failure(ServerPeer& peer, const Happening& happening, const session::Failed& failed);
  void install(ServerPeer& peer, const session::KeysReady& ready);
  void refuse(ServerPeer& peer, session::Session& session, std::uint8_t key_id,
              std::string_view reason);
  // Although its session was admitted.
  void refuse(ServerPeer& peer, std::string_view reason = {}) {
    session::Session& session = peer.association.active();
    refuse(peer, session, session.key_id(), reason);
  }
  void expel(ServerPeer& peer, const tls::ChainEntry& revoked);
  void leave_soon(ServerPeer& peer, std::string_view signal, std::string_view text);

  // server_admission.cpp: who may enter
  void decide(ServerPeer& peer, session::Session& session, session::AuthWanted& wanted);
  [[nodiscard]] bool take_names(ServerPeer& peer, session::Session& session,
                                const session::AuthWanted& wanted);
  Admission& call_judges(ServerPeer& peer, const session::Session& session, const Exchange& which);
  void check_login(const Exchange& which, const Login& login);
  [[nodiscard]] bool gives_login(const ServerPeer& peer, const session::AuthWanted& login) const;
  [[nodiscard]] Environment login_environment(const ServerPeer& peer,
                                              const session::Session& session,
                                              const session::AuthWanted& login) const;
  void ask_script(ServerPeer& peer, const session::Session& session, const Exchange& which,
                  const Login& login);
  void tell_checked(const ServerPeer& peer, std::string_view how,
                    const std::string& username) const;
  void script_answered(const Exchange& which, const Login& login, int status,
                       std::shared_ptr<AuthAnswer> answer);
  void defer(const Exchange& which, Judge who, const std::string& username,
             std::shared_ptr<AuthAnswer> answer);
  [[nodiscard]] bool take_late_answer(const Exchange& which, Judge who, const AuthAnswer& answer);
  // An answer, from within the handling of the peer's events and from anywhere else.
  void hear(ServerPeer& peer, const Exchange& which, Judge who, bool yes, std::string told = {});
  void heard(const Exchange& which, Judge who, bool yes, std::string told = {});
  void turn_down(ServerPeer& peer, session::Session& session, const Exchange& which,
                 const Admission& admission);
  void turn_out(ServerPeer& peer, session::Session& session);
  [[nodiscard]] static session::Session* find_session(ServerPeer& peer,
                                                      const wire::SessionId& session);
  // A key exchange that somebody still has to judge.
  struct Undecided {
    ServerPeer& peer;
    session::Session& session;
    const Admission& admission;
  };
  // Nothing: it was decided, or it has gone with its session or its client.
  [[nodiscard]] std::optional<Undecided> find_undecided(const Exchange& which);
  [[nodiscard]] std::function<bool()> while_asked(const Exchange& which, Judge who);
  void postpone(ServerPeer& peer, session::Session& session, std::chrono::seconds timeout,
                std::string_view extra);
  // Asked a few times a second until it says true.
  void watch(std::function<bool()> look);
  void look_for_answers();

  // server_checks.cpp: programs that look at keys and certificates
  void check_key(ServerPeer& peer, const session::Session& session,
                 const std::optional<Buffer>& metadata);
  [[nodiscard]] ServerPeer::KeyCheck* find_check(std::uint64_t client,
                                                 const wire::SessionId& session);
  void key_checked(std::uint64_t client, const wire::SessionId& session, bool yes);
  [[nodiscard]] bool key_is_fresh(const ServerPeer& peer, Bytes metadata) const;
  void refuse_key(ServerPeer& peer);
  void check_certificate(const Exchange& which, std::size_t at, const Login& login);
  void check_chain(const Exchange& which, std::size_t at, const Login& login);
  void certificate_checked(const Exchange& which, const tls::ChainEntry& entry, std::string_view by,
                           bool yes, const std::function<void()>& then);
  void run_crresponse(ServerPeer& peer, std::string_view response);

  // server_plugins.cpp: what plugins decide
  [[nodiscard]] static std::uint64_t plugin_context(const ServerPeer& peer) {
    return peer.client_id + 1;  // 0 is the server's own
  }
  void ask_plugins(ServerPeer& peer, const session::Session& session, const Exchange& which,
                   const Login& login);
  void plugins_checked(const Exchange& which, const Login& login, PluginAnswer::Verdict verdict,
                       const std::shared_ptr<AuthAnswer>& answer);
  void plugins_decided(const Exchange& which, const Login& login, PluginAnswer::Verdict verdict,
                       const std::shared_ptr<AuthAnswer>& answer);
  void tell_plugins_of_address(const ServerPeer& peer);
  // Those of the first kind get a file to write into, those of the second hand lines back.
  enum class ConnectStage : std::uint8_t { first_plugins, second_plugins };
  struct PluginConnect;
  void tell_plugins_of_connect(ServerPeer& peer, ConnectStage stage);
  void ask_plugins_of_connect(ServerPeer& peer, const std::shared_ptr<PluginConnect>& connect,
                              bool again);
  void plugins_connected(const PluginAnswer& answer, const std::shared_ptr<PluginConnect>& connect);

  // server_connect.cpp: from admission to the push
  void connect(ServerPeer& peer, bool replaced);
  [[nodiscard]] bool load_profile(ServerPeer& peer);
  [[nodiscard]] bool refuse_disabled(ServerPeer& peer);
  // The file of a client: its path, with its text where there is one.
  [[nodiscard]] std::pair<std::string, Result<std::string>> client_file(
      const options::Server& server, const ServerPeer& peer) const;
  [[nodiscard]] Environment client_environment(const ServerPeer& peer) const;
  [[nodiscard]] Environment connection_environment(const ServerPeer& peer) const;
  void finish_connect(ServerPeer& peer);
  void start_timers(ServerPeer& peer);
  [[nodiscard]] session::Liveness::Timers timers_of(ServerPeer& peer) const;
  void make_push_list(ServerPeer& peer, const session::ServerChoice& choice);
  void push(ServerPeer& peer);

  // server_programs.cpp: client-connect
  void run_client_connect(ServerPeer& peer);
  void run_connect_script(ServerPeer& peer);
  // A session that was admitted, and waits for what programs say of its coming.
  struct Coming {
    std::uint64_t client;
    wire::SessionId session;
  };
  [[nodiscard]] static Coming coming_of(const ServerPeer& peer);
  // Nothing: it waits no more, or another session has taken its place.
  [[nodiscard]] ServerPeer* find_coming(const Coming& coming);
  void connect_answered(const Coming& coming, int status,
                        const std::shared_ptr<ConnectAnswer>& answer);
  void overlay_profile(ServerPeer& peer, const std::string& text, const std::string& source);
  [[nodiscard]] bool take_late_connect_answer(const Coming& coming, const ConnectAnswer& answer);
  void settle_connect(ServerPeer& peer, bool yes, const ConnectAnswer& answer);
  void finish_programs(ServerPeer& peer);
  [[nodiscard]] std::vector<std::string> subjects_of(const ServerPeer& peer) const;

  // server_path.cpp: how large packets may be
  void start_path(ServerPeer& peer);
  void run_path(ServerPeer& peer);
  plane::PeerSpec set_plane_peer(ServerPeer& peer);
  [[nodiscard]] FrameFacts frame_facts(const ServerPeer& peer) const;
  [[nodiscard]] options::Compression compression_for(const ServerPeer& peer) const;
  [[nodiscard]] unsigned tun_mtu_for(const ServerPeer& peer,
                                     const session::Negotiated& negotiated) const;

  // server_leave.cpp: the end of a client
  void remove(plane::PeerIndex index, std::string_view signal, std::string_view text);
  void tell_gone(ServerPeer& peer);
  void forget(ServerPeer& peer);

  // server_reload.cpp: another configuration
  void adopt_sizes(ServerPeer& peer);
  void adopt_timers(ServerPeer& peer);
  void adopt_client_file(ServerPeer& peer);
  void set_iroutes(ServerPeer& peer, std::vector<ip::Prefix> wanted);
  void begin_anew(ServerPeer& peer);

  // server_update.cpp: what was pushed changes
  [[nodiscard]] bool update(ServerPeer& peer, const std::vector<std::string>& options);
  void adopt_address(ServerPeer& peer, const std::string& option);
  std::size_t tell_each(const std::function<std::vector<std::string>(ServerPeer& peer)>& changes);
  std::size_t push_changes();

  // server_managed.cpp: what is decided outside
  void note(ServerNews news);
  void note_about(ServerPeer& peer, ServerNews::Kind kind);
  void ask_manager(ServerPeer& peer, const session::Session& session, const Exchange& which,
                   const session::AuthWanted& wanted);
  [[nodiscard]] LinkBytes link_bytes(const ServerPeer& peer) const;
  [[nodiscard]] Environment traffic_environment(const ServerPeer& peer) const;
  [[nodiscard]] std::size_t clients_let_in() const;
  [[nodiscard]] ServerPeer* find_asking(std::uint64_t client, std::uint64_t key);

  // server_tokens.cpp: tokens in place of passwords
  [[nodiscard]] bool checks_passwords();
  void look_at_token(ServerPeer& peer, session::AuthWanted& wanted);
  [[nodiscard]] std::optional<bool> decided_by_token(ServerPeer& peer,
                                                     const session::AuthWanted& wanted);
  [[nodiscard]] std::string next_token(ServerPeer& peer);
  static void rename(ServerPeer& peer);
  void renew_token(ServerPeer& peer);

  // server_routes.cpp: what is behind each client
  [[nodiscard]] Hooks::How how_to_learn(const ServerPeer& peer, std::string what) const;
  [[nodiscard]] Hooks::Occasion learning() const;
  void learn(ServerPeer& peer);
  void learn(ServerPeer& peer, const ip::Prefix& network);
  void answer_learn(ServerPeer& peer, std::uint64_t asking, bool accepted);
  void learned(ServerPeer& peer, const ip::Prefix& network);
  void unlearn(ServerPeer& peer);
  void unlearn(ServerPeer& peer, const ip::Prefix& network);
  void tell_takeover(const ServerPeer& peer, const ip::Prefix& network) const;
  void tell_addresses(const ServerPeer& peer);
  void publish_routes();

  // server_stations.cpp: which network cards are behind each client
  [[nodiscard]] bool has_tap() const { return setup_.config.device.is_tap(); }
  [[nodiscard]] std::uint16_t vlan_of(const ServerPeer& peer) const;
  void take_frame(ServerPeer& peer, Bytes frame);
  void tell_quota(ServerPeer& peer, unsigned quota);
  void ask_about(ServerPeer& peer, const plane::Station& station, Bytes frame);
  void station_decided(ServerPeer& peer, const plane::Station& station, bool agreed);
  void learned(ServerPeer& peer, const plane::Station& station);
  void tell_station_gone(const ServerPeer& peer, const plane::Station& station);
  void forget_stations(const ServerPeer& peer);
  void forget_stale_stations();
  void hand_on_frames();

  // facts.cpp
  [[nodiscard]] PeerFacts facts_of(const ServerPeer& peer) const;
  [[nodiscard]] MtuFacts mtu_facts(const ServerPeer& peer) const;

  // handover.cpp
  void pack_peer(Pack& out, const ServerPeer& peer, Instant now) const;
  [[nodiscard]] bool unpack_peer(Reader& in, std::uint32_t id_leap);

  const ServerSetup& setup_;
  Surroundings around_;
  Log log_;
  Hooks hooks_;
  Gate gate_;
  policy::AddressPool pool_;
  RateLimit connects_;
  Complaints complaints_;
  AnsweredResets answered_;
  std::uint64_t configured_ = 0;  // how often again
  bool ending_ = false;           // the clients have been told that the server goes
  std::map<plane::PeerIndex, std::unique_ptr<ServerPeer>> peers_;
  std::unordered_map<std::uint64_t, ServerPeer*> by_client_;  // by client_id
  std::unordered_map<ports::LinkAddress, plane::PeerIndex, plane::LinkAddressHash, plane::SamePeer>
      by_address_;
  std::set<std::pair<Instant, plane::PeerIndex>> timers_;
  std::vector<ServerNews> news_;
  LinkBytes bytes_of_gone_;
  std::deque<std::pair<Instant, ports::LinkAddress>>
      silent_streams_;  // until when a first packet must come
  std::map<std::pair<plane::PeerIndex, std::uint8_t>, plane::KeyCarry> carried_keys_;  // resume()
  NetworkOwners owners_;
  Stations stations_;
  plane::PeerIndex all_used_below_ = 0;
  std::uint64_t arrivals_ = 0;
  std::uint64_t last_asking_ = 0;  // of learn-address
  std::uint64_t next_client_id_ = 0;
  Instant now_;
  WallTime wall_;
  std::optional<SessionTokens> tokens_;
  NarrowPaths narrow_paths_;
  Instant next_wear_check_;
  Instant next_status_;
  Instant next_pool_write_;
  std::vector<std::function<bool()>> watched_;
  Instant next_look_ = Instant::max();
};

}  // namespace adit::node
