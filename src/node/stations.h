#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/time.h"
#include "options/config.h"
#include "plane/tables.h"

namespace adit::node {

// Which network card is behind which client of a server with a tap device, as their frames tell;
// and what waits until that is decided and known to the lanes.
class Stations {
 public:
  using Station = plane::Station;

  using Ageing = options::Server::StaleRoutes;

  // seed: a random number. ageing: without it nothing gets stale
  explicit Stations(std::uint64_t seed, std::optional<Ageing> ageing = {}, Instant now = {})
      : seed_(seed), ageing_(ageing) {
    if (ageing_) next_check_ = now + ageing_->interval;
  }

  [[nodiscard]] std::optional<plane::PeerIndex> owner(const Station& station) const;
  [[nodiscard]] std::vector<Station> behind(plane::PeerIndex client) const;
  // Those in question count too.
  [[nodiscard]] std::size_t count(plane::PeerIndex client, Instant now);
  // A station may move: whoever it was behind has it no more.
  void put(const Station& station, plane::PeerIndex client, Instant now);
  // What was behind it.
  std::vector<Station> remove(plane::PeerIndex client);
  struct Stale {
    Station station;
    plane::PeerIndex client;
  };
  // They are removed. Call again at next_check().
  std::vector<Stale> take_stale(Instant now);
  [[nodiscard]] Instant next_check() const { return next_check_; }

  // Where somebody is asked before a station is put: the frame waits, of each station the first.
  enum class Question { fresh, waiting, refused };
  [[nodiscard]] bool asked(const Station& station, plane::PeerIndex client) const {
    return doubts_.contains({client, station});
  }
  [[nodiscard]] Question ask(const Station& station, plane::PeerIndex client, Bytes frame,
                             Instant now);
  // The answer. The frame that waited; nothing: the question has gone with its client.
  [[nodiscard]] std::optional<Buffer> answered(const Station& station, plane::PeerIndex client,
                                               bool agreed, Instant now);

  // Frames that are handed on as soon as the lanes know where their senders are.
  struct Held {
    plane::PeerIndex client;
    Buffer frame;
  };
  void hold(plane::PeerIndex client, Bytes frame);
  [[nodiscard]] std::vector<Held> take_held() { return std::exchange(held_, {}); }

  // As the data plane wants them, when they are others than at the last call.
  [[nodiscard]] std::unique_ptr<const plane::RouteTable> take_change();

 private:
  struct Doubt {
    Buffer frame;
    bool refused = false;
    Instant until = Instant::max();  // refused: until then
  };
  using Place = std::pair<plane::PeerIndex, Station>;

  void erase(const Station& station, plane::PeerIndex client);

  std::uint64_t seed_;
  std::optional<Ageing> ageing_;
  Instant next_check_ = Instant::max();
  std::map<Station, plane::StationOwner> owners_;
  std::set<Place> places_;  // the same by clients
  std::map<Place, Doubt> doubts_;
  std::vector<Held> held_;
  bool changed_ = false;
};

}  // namespace adit::node
