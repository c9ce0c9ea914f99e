#include "base/json.h"
#include "node/instance_facts.h"

namespace adit::node {

namespace {

// Only the reasons that occurred, by name.
Json drops_json(const DropCounters& drops) {
  Json object = Json::object();
  for (std::size_t i = 1; i < drop_reasons; ++i) {
    if (drops.by_reason[i] > 0) object[name(static_cast<Drop>(i))] = drops.by_reason[i];
  }
  return object;
}

DropCounters drops_of(const Json& object) {
  DropCounters drops;
  for (std::size_t i = 1; i < drop_reasons; ++i) {
    drops.by_reason[i] = object.value(name(static_cast<Drop>(i)), std::uint64_t{0});
  }
  return drops;
}

Json disorder_json(const plane::Disorder& disorder) {
  return {{"late", disorder.late},
          {"duplicates", disorder.repeated},
          {"out_of_order_accepted", disorder.reordered},
          {"deepest_late", disorder.deepest_late},
          {"deepest_accepted", disorder.deepest_reordered},
          {"in_outer_fragments", disorder.in_fragments}};
}

plane::Disorder disorder_of(const Json& object) {
  const auto number = [&](const char* key) { return object.value(key, std::uint64_t{0}); };
  plane::Disorder disorder;
  disorder.late = number("late");
  disorder.repeated = number("duplicates");
  disorder.reordered = number("out_of_order_accepted");
  disorder.deepest_late = number("deepest_late");
  disorder.deepest_reordered = number("deepest_accepted");
  disorder.in_fragments = number("in_outer_fragments");
  return disorder;
}

Json way_json(const plane::LaneFacts::Way& way) {
  return {{"turns", way.turns},
          {"packets", way.packets},
          {"bytes", way.link_bytes},
          {"replaced_acknowledgements", way.replaced},
          {"drops", drops_json(way.drops)}};
}

plane::LaneFacts::Way way_of(const Json& object) {
  const auto number = [&](const char* key) { return object.value(key, std::uint64_t{0}); };
  return {number("turns"), number("packets"), number("bytes"), number("replaced_acknowledgements"),
          drops_of(object.value("drops", Json::object()))};
}

Json lane_json(const plane::LaneFacts& lane) {
  return {{"up", way_json(lane.up)},
          {"down", way_json(lane.down)},
          {"link",
           {{"reads", lane.link.reads},
            {"packets_read", lane.link.packets_read},
            {"writes", lane.link.writes},
            {"packets_written", lane.link.packets_written},
            {"queue_full", lane.link.overflowed}}}};
}

plane::LaneFacts lane_of(const Json& object) {
  const Json link = object.value("link", Json::object());
  const auto number = [&](const char* key) { return link.value(key, std::uint64_t{0}); };
  return {way_of(object.value("up", Json::object())),
          way_of(object.value("down", Json::object())),
          {number("reads"),
           number("packets_read"),
           number("writes"),
           number("packets_written"),
           number("queue_full"),
           {}}};
}

Json link_json(const ports::LinkOffloads& link) {
  return {{"gro", link.gro}, {"gso", link.gso}, {"why", link.why}};
}

ports::LinkOffloads link_of(const Json& object) {
  return {object.value("gro", false), object.value("gso", false),
          object.value("why", std::string())};
}

Json device_json(const DeviceFacts& device) {
  const auto& [name, offloads, traffic] = device;
  return {{"name", name},
          {"offloads",
           {{"vnet_headers", offloads.vnet},
            {"tso", offloads.tso},
            {"uso", offloads.uso},
            {"why", offloads.why}}},
          {"reads", traffic.reads},
          {"packets_read", traffic.packets_read},
          {"writes", traffic.writes},
          {"packets_written", traffic.packets_written},
          {"oversized", traffic.oversized},
          {"malformed", traffic.malformed}};
}

DeviceFacts device_of(const Json& object) {
  const auto number = [&](const char* key) { return object.value(key, std::uint64_t{0}); };
  DeviceFacts device;
  device.name = object.value("name", std::string());
  const Json offloads = object.value("offloads", Json::object());
  device.offloads = {offloads.value("vnet_headers", false), offloads.value("tso", false),
                     offloads.value("uso", false), offloads.value("why", std::string())};
  device.traffic = {number("reads"),           number("packets_read"), number("writes"),
                    number("packets_written"), number("oversized"),    number("malformed")};
  return device;
}

Json mtu_json(const MtuFacts& mtu) {
  return {{"tun_mtu", mtu.tun_mtu},
          {"how", mtu.how},
          {"path_to_peer", mtu.path_to_peer},
          {"path_from_peer", mtu.path_from_peer},
          {"path_found_by", mtu.path_found_by}};
}

MtuFacts mtu_of(const Json& object) {
  return {object.value("tun_mtu", 0U), object.value("how", std::string()),
          object.value("path_to_peer", 0U), object.value("path_from_peer", 0U),
          object.value("path_found_by", std::string())};
}

Json peer_json(const PeerFacts& peer) {
  return {{"name", peer.name},
          {"state", peer.state},
          {"real_address", peer.real_address},
          {"virtual_addresses", peer.virtual_addresses},
          {"username", peer.username},
          {"cipher", peer.cipher},
          {"connected_since", peer.connected.seconds},
          {"packets_received", peer.packets_received},
          {"packets_sent", peer.packets_sent},
          {"bytes_received", peer.bytes_received},
          {"bytes_sent", peer.bytes_sent},
          {"drops", drops_json(peer.drops)},
          {"reordering", disorder_json(peer.disorder)},
          {"mtu", mtu_json(peer.mtu)}};
}

PeerFacts peer_of(const Json& object) {
  const auto text = [&](const char* key) { return object.value(key, std::string()); };
  const auto number = [&](const char* key) { return object.value(key, std::uint64_t{0}); };
  PeerFacts peer;
  peer.name = text("name");
  peer.state = text("state");
  peer.real_address = text("real_address");
  peer.virtual_addresses = object.value("virtual_addresses", std::vector<std::string>());
  peer.username = text("username");
  peer.cipher = text("cipher");
  peer.connected.seconds = object.value("connected_since", std::int64_t{0});
  peer.packets_received = number("packets_received");
  peer.packets_sent = number("packets_sent");
  peer.bytes_received = number("bytes_received");
  peer.bytes_sent = number("bytes_sent");
  peer.drops = drops_of(object.value("drops", Json::object()));
  peer.disorder = disorder_of(object.value("reordering", Json::object()));
  peer.mtu = mtu_of(object.value("mtu", Json::object()));
  return peer;
}

Json dates_json(const std::vector<Expiry>& dates) {
  Json all = Json::array();
  for (const Expiry& date : dates)
    all.push_back({{"what", date.what}, {"until", date.until.seconds}});
  return all;
}

std::vector<Expiry> dates_of(const Json& array) {
  std::vector<Expiry> dates;
  for (const Json& date : array) {
    Expiry one;
    one.what = date.value("what", std::string());
    one.until.seconds = date.value("until", std::int64_t{0});
    dates.push_back(std::move(one));
  }
  return dates;
}

InstanceFacts facts_of(const Json& object) {
  const auto text = [&](const char* key) { return object.value(key, std::string()); };
  InstanceFacts facts;
  facts.role = text("role");
  facts.state = text("state");
  facts.title = text("title");
  facts.pid = object.value("pid", 0);
  facts.configuration = text("configuration");
  facts.started.seconds = object.value("started", std::int64_t{0});
  facts.now.seconds = object.value("now", std::int64_t{0});
  facts.crypto = text("crypto");
  facts.replay_window = object.value("replay_window", 0U);
  facts.drops = drops_of(object.value("drops", Json::object()));
  facts.link = link_of(object.value("link_offloads", Json::object()));
  for (const Json& lane : object.value("lanes", Json::array())) {
    facts.lanes.push_back(lane_of(lane));
  }
  facts.device = device_of(object.value("device", Json::object()));
  for (const Json& peer : object.value("peers", Json::array())) {
    facts.peers.push_back(peer_of(peer));
  }
  facts.dates = dates_of(object.value("dates", Json::array()));
  facts.log = object.value("log", std::vector<std::string>());
  return facts;
}

}  // namespace

std::string render_facts_json(const InstanceFacts& facts) {
  Json peers = Json::array();
  for (const PeerFacts& peer : facts.peers) peers.push_back(peer_json(peer));
  Json lanes = Json::array();
  for (const plane::LaneFacts& lane : facts.lanes) lanes.push_back(lane_json(lane));
  const Json whole{{"role", facts.role},
                   {"state", facts.state},
                   {"title", facts.title},
                   {"pid", facts.pid},
                   {"configuration", facts.configuration},
                   {"started", facts.started.seconds},
                   {"now", facts.now.seconds},
                   {"uptime_seconds", facts.now.seconds - facts.started.seconds},
                   {"crypto", facts.crypto},
                   {"replay_window", facts.replay_window},
                   {"drops", drops_json(facts.drops)},
                   {"link_offloads", link_json(facts.link)},
                   {"lanes", std::move(lanes)},
                   {"device", device_json(facts.device)},
                   {"peers", std::move(peers)},
                   {"dates", dates_json(facts.dates)},
                   {"log", facts.log}};
  return whole.dump(2) + "\n";
}

Result<InstanceFacts> parse_facts(std::string_view json) {
  try {
    return facts_of(Json::parse(json));
  } catch (const JsonError& error) {
    return fail("the answer of the instance makes no sense: {}", error.what());
  }
}

}  // namespace adit::node
