#include "app/edge.h"

#include <algorithm>

namespace adit::app {

namespace {

// "adit-up", "adit-up-1", ...
std::string thread_name(const char* lane, std::size_t number) {
  return number == 0 ? lane : fmt::format("{}-{}", lane, number);
}

Status make_bell(std::unique_ptr<system::EventDoorbell>& bell) {
  auto made = system::EventDoorbell::create();
  if (!made) return fail_with(made.error());
  bell = std::move(*made);
  return {};
}

// With what the other lane of the pair has moved.
template <typename This, typename Other>
system::Pace::Traffic traffic_of(const This& lane, const Other& beside) {
  return {lane.meter().link_bytes.get(), beside.meter().turns.packets()};
}

Status start_thread(std::unique_ptr<system::LaneThread>& thread, system::LaneThread::Parts parts) {
  auto started = system::LaneThread::start(std::move(parts));
  if (!started) return fail_with(started.error());
  thread = std::move(*started);
  return {};
}

}  // namespace

Result<std::unique_ptr<Edge>> Edge::create(Runtime& runtime, plane::PlaneSetup setup,
                                           system::LateTun& tun, Link link) {
  std::unique_ptr<Edge> edge(new Edge(runtime, tun, std::move(link)));
  if (Status made = edge->make_bells(); !made) return fail_with(made.error());
  edge->join_sockets();
  if (Status watched = runtime.loop->watch(*edge->control_bell_, [] {}); !watched) {
    return fail_with(watched.error());
  }
  setup.lanes = edge->lanes_.size();
  plane::DataPlane::Surroundings around{{}, *edge->control_bell_, runtime.rng};
  for (std::size_t i = 0; i < setup.lanes; ++i) {
    Lane& lane = edge->lanes_[i];
    around.lanes.push_back({tun.queue(i), *lane.link, *lane.up_bell, *lane.down_bell});
  }
  edge->plane_ = std::make_unique<plane::DataPlane>(setup, around);
  return edge;
}

Edge::~Edge() {
  stop();
  if (control_bell_) runtime_.loop->unwatch(*control_bell_);
}

Status Edge::make_bells() {
  lanes_.resize(std::min(link_.lanes(), tun_.queues()));
  Status made = make_bell(control_bell_);
  for (Lane& lane : lanes_) {
    if (made) made = make_bell(lane.up_bell);
    if (made) made = make_bell(lane.down_bell);
  }
  return made;
}

void Edge::join_sockets() {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    std::vector<ports::LinkPort*> datagrams;
    for (const auto& group : link_.udp) datagrams.push_back(group[i].get());
    if (link_.relay) datagrams = {link_.relay.get()};
    Lane& lane = lanes_[i];
    if (datagrams.size() + (link_.tcp ? 1 : 0) > 1) {
      lane.joined = std::make_unique<system::JoinedLink>(std::move(datagrams), link_.tcp.get());
      lane.link = lane.joined.get();
    } else {
      lane.link = link_.tcp.get();
      if (lane.link == nullptr) lane.link = datagrams.front();
    }
  }
}

Status Edge::start() {
  Status started;
  for (std::size_t i = 0; i < lanes_.size() && started; ++i) {
    started = start_up(i);
    if (started) started = start_down(i);
  }
  return started;
}

Status Edge::start_up(std::size_t number) {
  plane::UpLane* lane = &plane_->up(number);
  system::TcpLink* tcp = link_.tcp.get();
  system::LaneThread::Parts parts{
      thread_name("adit-up", number), {tun_.queue(number).fd()}, nullptr, *lanes_[number].up_bell};
  if (tcp != nullptr) parts.fds.push_back(tcp->write_fd());
  parts.turn = [lane, tcp](Instant now, WallTime wall) {
    const std::size_t moved = lane->turn(now, wall);
    const bool flushed = tcp != nullptr && tcp->flush();
    return std::max<std::size_t>(moved, flushed ? 1 : 0);
  };
  parts.hold = {tun_.queue(number).fd(), [lane] { return lane->held_until(); }};
  parts.traffic = [lane, beside = &plane_->down(number)] { return traffic_of(*lane, *beside); };
  return start_thread(lanes_[number].up, std::move(parts));
}

Status Edge::start_down(std::size_t number) {
  plane::DownLane* lane = &plane_->down(number);
  std::vector<int> fds;
  if (link_.tcp) fds.push_back(link_.tcp->read_fd());
  for (const auto& group : link_.udp) {
    const std::vector<int> more = group[number]->fds();
    fds.insert(fds.end(), more.begin(), more.end());
  }
  system::LaneThread::Parts parts{thread_name("adit-down", number), std::move(fds),
                                  [lane](Instant now, WallTime) { return lane->turn(now); },
                                  *lanes_[number].down_bell};
  parts.is_drained = [lane] { return lane->is_drained(); };
  parts.traffic = [lane, beside = &plane_->up(number)] { return traffic_of(*lane, *beside); };
  return start_thread(lanes_[number].down, std::move(parts));
}

std::string Edge::take_news() {
  if (told_refusal_) return {};
  for (const auto& group : link_.udp) {
    const auto refused =
        std::ranges::find_if(group, [](const auto& link) { return link->refused_trains(); });
    if (refused == group.end()) continue;
    told_refusal_ = true;
    return fmt::format("UDP packets go one by one: {}", (*refused)->offloads().why);
  }
  return {};
}

bool Edge::lanes_alive() {
  bool alive = true;
  const auto moved = [&](const std::unique_ptr<system::LaneThread>& thread, std::uint64_t& seen) {
    if (!thread) return;
    const std::uint64_t beat = thread->beat();
    const bool in_turn = beat % 2 == 1;
    if (in_turn && beat == seen) alive = false;
    seen = beat;
  };
  for (Lane& lane : lanes_) {
    moved(lane.up, lane.up_beat);
    moved(lane.down, lane.down_beat);
  }
  return alive;
}

void Edge::stop() {
  for (Lane& lane : lanes_) lane.down.reset();
  for (Lane& lane : lanes_) lane.up.reset();
}

}  // namespace adit::app
