#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>

#include "base/pack.h"
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
#include "node/status.h"
#include "plane/tables.h"

namespace adit::node {

// Everything a server needs of its configuration, loaded and typed.
struct ServerSetup {
  options::Config config;
  session::Setup session;
  session::Offer offer;
  Wrapping wrapping;
  policy::PoolSetup pool;
  policy::ServerFacts facts;
  MtuSetup mtu;
  std::string title;        // first line of --version, for status
  Environment environment;  // common and interface variables
};

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
  };
  // setup must outlive the server.
  Server(const ServerSetup& setup, const Surroundings& around, Log log, Instant now, WallTime wall);
  ~Server();

  // Takes what the lanes reported and does what is due. Call again when the deadline has passed or
  // the plane rings.
  void turn(Instant now, WallTime wall);
  // A TCP connection was made; it is closed again unless a session begins on it in time.
  void meet_stream(const ports::LinkAddress& from, Instant now);
  [[nodiscard]] Deadline deadline() const;
  // Ends the session of everybody whose certificate has been revoked (tls::TlsFactory::revoked).
  void end_revoked(Instant now);

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

  // server.cpp: what arrives, and time
  void take(const plane::Report& report, MutableBytes bytes);
  void tell_bad_source(ServerPeer& peer, const ip::Address& source);
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
  void start_timers(ServerPeer& peer);
  void start_path(ServerPeer& peer);
  void run_path(ServerPeer& peer);
  void note_wear();
  void look_for_disorder(ServerPeer& peer, const session::Session& session);
  void schedule(ServerPeer& peer);
  [[nodiscard]] ServerPeer* find(const ports::LinkAddress& from);
  void turn_away(const ports::LinkAddress& from);
  [[nodiscard]] ServerPeer* find(plane::PeerIndex index);
  [[nodiscard]] ServerPeer* find_client(std::uint64_t client_id);
  [[nodiscard]] std::optional<plane::PeerIndex> free_index();

  // server_events.cpp: what a session says
  void handle(ServerPeer& peer, Happening& happening);
  void decide(ServerPeer& peer, session::Session& session, const session::AuthWanted& wanted);
  void ask_script(ServerPeer& peer, session::Session& session, const session::AuthWanted& wanted);
  void decided(std::uint64_t client_id, wire::SessionId session, std::uint8_t key_id,
               bool admitted);
  void on_message(ServerPeer& peer, const wire::ControlMessage& message);
  void on_failure(ServerPeer& peer, const Happening& happening, const session::Failed& failed);
  void install(ServerPeer& peer, const session::KeysReady& ready);
  void refuse(ServerPeer& peer, session::Session& session, std::uint8_t key_id,
              std::string_view reason);
  void expel(ServerPeer& peer, const tls::ChainEntry& revoked);
  void leave_soon(ServerPeer& peer, std::string_view signal, std::string_view text);

  // server_connect.cpp: from admission to the push
  void connect(ServerPeer& peer, bool replaced);
  [[nodiscard]] bool load_profile(ServerPeer& peer);
  void run_client_connect(ServerPeer& peer);
  void finish_connect(ServerPeer& peer);
  void tell_addresses(const ServerPeer& peer);
  [[nodiscard]] Environment client_environment(const ServerPeer& peer) const;
  void make_push_list(ServerPeer& peer, const session::ServerChoice& choice);
  [[nodiscard]] unsigned tun_mtu_for(const ServerPeer& peer,
                                     const session::Negotiated& negotiated) const;
  void push(ServerPeer& peer);
  void tell_end(ServerPeer& peer);
  plane::PeerSpec set_plane_peer(ServerPeer& peer);
  [[nodiscard]] FrameFacts frame_facts(const ServerPeer& peer) const;
  [[nodiscard]] options::Compression compression_for(const ServerPeer& peer) const;
  void remove(plane::PeerIndex index, std::string_view signal, std::string_view text);
  void forget(ServerPeer& peer);

  // server_managed.cpp: what is decided outside
  void note(ServerNews news);
  void note_about(ServerPeer& peer, ServerNews::Kind kind);
  void ask_manager(ServerPeer& peer, session::Session& session, const session::AuthWanted& wanted);
  void load_managed_profile(ServerPeer& peer, const std::optional<policy::Lease>& lease);
  [[nodiscard]] Environment traffic_environment(const ServerPeer& peer) const;
  [[nodiscard]] std::size_t clients_let_in() const;
  [[nodiscard]] static session::Session* asked_session(ServerPeer& peer);
  [[nodiscard]] ServerPeer* find_asking(std::uint64_t client, std::uint64_t key);

  // server_routes.cpp: what is behind each client
  void learn(ServerPeer& peer);
  void learned(ServerPeer& peer, const ip::Prefix& network, bool accepted);
  void unlearn(ServerPeer& peer);
  void tell_takeover(const ServerPeer& peer, const ip::Prefix& network) const;
  void publish_routes();

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
  bool ending_ = false;  // the clients have been told that the server goes
  std::map<plane::PeerIndex, std::unique_ptr<ServerPeer>> peers_;
  std::unordered_map<ports::LinkAddress, plane::PeerIndex, plane::LinkAddressHash, plane::SamePeer>
      by_address_;
  std::set<std::pair<Instant, plane::PeerIndex>> timers_;
  std::vector<ServerNews> news_;
  std::deque<std::pair<Instant, ports::LinkAddress>>
      silent_streams_;  // until when a first packet must come
  std::map<std::pair<plane::PeerIndex, std::uint8_t>, plane::KeyCarry> carried_keys_;  // resume()
  NetworkOwners owners_;
  plane::PeerIndex all_used_below_ = 0;
  std::uint64_t arrivals_ = 0;
  std::uint64_t next_client_id_ = 0;
  Instant now_;
  WallTime wall_;
  NarrowPaths narrow_paths_;
  Instant next_wear_check_;
  Instant next_status_;
  Instant next_pool_write_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // script answers may come too late
};

}  // namespace adit::node
