#include "node/stations.h"

namespace adit::node {

namespace {
constexpr Duration asked_again = std::chrono::seconds(10);
}

std::optional<plane::PeerIndex> Stations::owner(const Station& station) const {
  const auto found = owners_.find(station);
  return found == owners_.end() ? std::nullopt : std::optional(found->second.peer);
}

std::vector<Stations::Station> Stations::behind(plane::PeerIndex client) const {
  std::vector<Station> stations;
  for (auto at = places_.lower_bound({client, {}}); at != places_.end() && at->first == client;
       ++at) {
    stations.push_back(at->second);
  }
  return stations;
}

std::size_t Stations::count(plane::PeerIndex client, Instant now) {
  std::size_t in_question = 0;
  for (auto at = doubts_.lower_bound({client, {}}); at != doubts_.end();) {
    if (at->first.first != client) break;
    const bool over = at->second.refused && at->second.until <= now;
    in_question += over ? 0 : 1;
    at = over ? doubts_.erase(at) : std::next(at);
  }
  return behind(client).size() + in_question;
}

void Stations::put(const Station& station, plane::PeerIndex client, Instant now) {
  const auto [at, is_new] = owners_.try_emplace(station);
  plane::StationOwner& owner = at->second;
  if (!is_new && owner.peer == client) return;
  if (!is_new) places_.erase({owner.peer, station});
  owner = {client, ageing_ ? std::make_shared<plane::Heard>(now) : nullptr};
  places_.insert({client, station});
  changed_ = true;
}

std::vector<Stations::Station> Stations::remove(plane::PeerIndex client) {
  const std::vector<Station> gone = behind(client);
  for (const Station& station : gone) {
    erase(station, client);
  }
  std::erase_if(doubts_, [&](const auto& doubt) { return doubt.first.first == client; });
  std::erase_if(held_, [&](const Held& held) { return held.client == client; });
  return gone;
}

void Stations::erase(const Station& station, plane::PeerIndex client) {
  owners_.erase(station);
  places_.erase({client, station});
  changed_ = true;
}

std::vector<Stations::Stale> Stations::take_stale(Instant now) {
  std::vector<Stale> stale;
  if (!ageing_) return stale;
  next_check_ = now + ageing_->interval;
  for (const auto& [station, owner] : owners_) {
    if (now - owner.heard->last(now) >= ageing_->age) stale.push_back({station, owner.peer});
  }
  for (const Stale& gone : stale) erase(gone.station, gone.client);
  return stale;
}

Stations::Question Stations::ask(const Station& station, plane::PeerIndex client, Bytes frame,
                                 Instant now) {
  const auto [at, is_new] = doubts_.try_emplace({client, station});
  Doubt& doubt = at->second;
  if (!is_new && !doubt.refused) return Question::waiting;
  if (!is_new && doubt.until > now) return Question::refused;
  doubt = {Buffer(frame.begin(), frame.end())};
  return Question::fresh;
}

std::optional<Buffer> Stations::answered(const Station& station, plane::PeerIndex client,
                                         bool agreed, Instant now) {
  const auto at = doubts_.find({client, station});
  if (at == doubts_.end() || at->second.refused) return std::nullopt;
  Buffer frame = std::move(at->second.frame);
  if (agreed) {
    doubts_.erase(at);
  } else {
    at->second = {{}, true, now + asked_again};
  }
  return frame;
}

void Stations::hold(plane::PeerIndex client, Bytes frame) {
  held_.push_back({client, Buffer(frame.begin(), frame.end())});
}

std::unique_ptr<const plane::RouteTable> Stations::take_change() {
  if (!std::exchange(changed_, false)) return nullptr;
  auto table = std::make_unique<plane::RouteTable>();
  table->macs = plane::MacTable(owners_, seed_);
  return table;
}

}  // namespace adit::node
