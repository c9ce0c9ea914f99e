#include "tests/sim/fakes.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "ip/inner_packet.h"
#include "ip/prefix_map.h"

namespace adit::sim {

std::size_t MemoryTun::read(std::span<Packet> packets, std::size_t front_room) {
  std::size_t count = 0;
  for (; count < packets.size() && !to_tunnel.empty(); ++count) {
    packets[count].assign(to_tunnel.front(), front_room);
    to_tunnel.pop_front();
  }
  return count;
}

void MemoryTun::write(std::span<Packet* const> packets, DropCounters&) {
  for (const Packet* packet : packets) from_tunnel.push_back(to_buffer(packet->bytes()));
}

std::size_t MemoryLink::read(std::span<Packet> packets, std::span<ports::LinkAddress> from,
                             std::size_t front_room) {
  std::size_t count = 0;
  for (; count < packets.size() && !inbox_.empty(); ++count) {
    packets[count].assign(inbox_.front().first, front_room);
    from[count] = inbox_.front().second;
    inbox_.pop_front();
  }
  return count;
}

std::size_t MemoryLink::take_closed(std::span<ports::LinkAddress> streams) {
  const std::size_t count = std::min(streams.size(), closed.size());
  std::copy_n(closed.begin(), count, streams.begin());
  closed.erase(closed.begin(), closed.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

std::size_t MemoryLink::take_too_large(std::span<ports::TooLarge> hints) {
  std::size_t count = 0;
  for (; count < hints.size() && !too_large.empty(); ++count) {
    hints[count] = too_large.front();
    too_large.pop_front();
  }
  return count;
}

void MemoryLink::write(std::span<const ports::OutgoingPacket> packets, DropCounters&) {
  for (const ports::OutgoingPacket& packet : packets) send_(packet.packet->bytes(), packet.to);
}

Status MemoryNetwork::remove_address(const std::string& device,
                                     const ports::InterfaceAddress& address) {
  std::erase(addresses, std::pair(device, address));
  return {};
}

Result<ports::RouteChange> MemoryNetwork::add_route(const ports::Route& route) {
  if (!takes_routes) return fail("add route {}: Network is unreachable", route.destination.text());
  if (std::ranges::find(routes, route) != routes.end()) return ports::RouteChange::existed;
  routes.push_back(route);
  return ports::RouteChange::added;
}

Status MemoryNetwork::remove_route(const ports::Route& route) {
  std::erase(routes, route);
  return {};
}

std::vector<ports::Route> MemoryNetwork::default_routes(ip::Family family) {
  std::vector<ports::Route> found;
  for (const ports::Route& route : routes) {
    if (route.destination.length == 0 && route.destination.address.family() == family) {
      found.push_back(route);
    }
  }
  return found;
}

std::optional<ports::Path> MemoryNetwork::path_to(const ip::Address& destination) {
  ip::PrefixMap<const ports::Route*> table;
  for (const ports::Route& route : routes) table.insert(route.destination, &route);
  const auto* found = table.find(destination);
  if (found == nullptr) return std::nullopt;
  return ports::Path{(*found)->gateway, (*found)->device, {}};
}

void MemoryProcesses::run(const ports::Command& command, std::function<void(Result<int>)> done) {
  ran.push_back(command);
  waiting_.emplace_back(std::move(done), status(command));
}

Result<int> MemoryProcesses::run_and_wait(const ports::Command& command) {
  ran.push_back(command);
  return status(command);
}

void MemoryProcesses::deliver() {
  while (!hang && !waiting_.empty()) {
    auto [done, exit] = std::move(waiting_.front());
    waiting_.pop_front();
    done(exit);
  }
}

void MemoryPlugins::call(ports::PluginCall call, std::function<void(ports::PluginReply)> done) {
  told.push_back(call);
  waiting_.emplace_back(std::move(done), ports::PluginReply{{answer(call)}});
}

ports::PluginReply MemoryPlugins::call_and_wait(ports::PluginCall call) {
  told.push_back(call);
  return {{answer(call)}};
}

void MemoryPlugins::deliver() {
  while (!waiting_.empty()) {
    auto [done, reply] = std::move(waiting_.front());
    waiting_.pop_front();
    done(std::move(reply));
  }
}

Result<std::string> MemoryStore::read(const std::string& path) {
  const auto file = files.find(path);
  if (file == files.end()) return fail("{}: No such file or directory", path);
  return file->second;
}

std::vector<std::string> MemoryStore::list(const std::string& folder, std::size_t most) {
  std::vector<std::string> names;
  for (const auto& [path, text] : files) {
    if (names.size() < most && path.starts_with(folder + '/')) {
      names.push_back(path.substr(folder.size() + 1));
    }
  }
  return names;
}

Status MemoryStore::rewrite(const std::string& path, std::string_view text) {
  files[path] = text;
  return {};
}

Result<std::string> MemoryStore::create_temporary(const std::string& dir, std::string_view tag,
                                                  std::string_view text) {
  const std::string path = fmt::format("{}/openvpn_{}_{}.tmp", dir, tag, next_++);
  files[path] = text;
  return path;
}

std::optional<Buffer> echo_answer(Bytes packet) {
  const auto inner = ip::look(packet);
  if (!inner) return {};
  const bool v6 = inner->source.is_v6();
  const std::size_t header = v6 ? 40 : 20, from = v6 ? 8 : 12, to = v6 ? 24 : 16;
  const std::uint8_t protocol = v6 ? 58 : 1, request = v6 ? 128 : 8, reply = v6 ? 129 : 0;
  if (packet.size() <= header || packet[v6 ? 6 : 9] != protocol || packet[header] != request) {
    return {};
  }
  Buffer answer = to_buffer(packet);
  if (!v6) answer[6] = 0;
  answer[header] = reply;
  std::swap_ranges(&answer[from], &answer[to], &answer[to]);
  return answer;
}

MemoryLog::MemoryLog(std::string name) : name_(std::move(name)) {
  if (const char* verb = std::getenv("ADIT_SIM_LOG")) {
    print_ = true;
    verb_ = std::atoi(verb);
  }
}

void MemoryLog::write(const LogLine& line) {
  constexpr std::size_t kept = 300;
  lines.emplace_back(line.text);
  if (lines.size() > kept) lines.pop_front();
  if (!print_) return;
  const double seconds = std::chrono::duration<double>(now_.time_since_epoch()).count();
  std::fprintf(stderr, "%10.3f %-10s %s\n", seconds, name_.c_str(), lines.back().c_str());
}

}  // namespace adit::sim
