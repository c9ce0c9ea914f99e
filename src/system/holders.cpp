#include "system/holders.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <vector>

#include <fmt/core.h>

#include "base/text.h"

namespace adit::system {

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (auto at = fs::directory_iterator(folder, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    found.push_back(at->path());
  }
  return found;
}

std::vector<fs::path> processes() {
  std::vector<fs::path> found = entries("/proc");
  std::erase_if(
      found, [](const fs::path& path) { return !to_number<unsigned>(path.filename().native()); });
  return found;
}

std::string link_target(const fs::path& link) {
  std::error_code error;
  return fs::read_symlink(link, error).native();
}

std::string described_process(const fs::path& process) {
  std::ifstream file(process / "comm");
  std::string name;
  std::getline(file, name);
  return fmt::format("{} (pid {})", printable(name), process.filename().native());
}

std::optional<std::string> process_where(const std::function<bool(const fs::path&)>& matches) {
  for (const fs::path& process : processes()) {
    if (matches(process)) return described_process(process);
  }
  return std::nullopt;
}

bool has_line(const fs::path& file, const std::string& wanted) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line == wanted) return true;
  }
  return false;
}

struct Socket {
  std::string inode;
  bool listens = false;
};

// The words of one line of /proc/net/{udp,tcp}: "sl local remote st queues timer retrnsmt uid
// timeout inode".
std::optional<Socket> socket_of(const std::string& line, Transport transport, unsigned port) {
  constexpr std::size_t local_word = 1, state_word = 3, inode_word = 9;
  auto words = split(line, ' ');
  std::erase(words, std::string_view{});
  if (words.size() <= inode_word) return std::nullopt;
  const auto colon = words[local_word].rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view hex = words[local_word].substr(colon + 1);
  unsigned found = 0;
  std::from_chars(hex.data(), hex.data() + hex.size(), found, 16);
  if (found != port) return std::nullopt;
  return Socket{std::string(words[inode_word]),
                transport == Transport::udp || words[state_word] == "0A"};
}

std::vector<Socket> sockets_on(Transport transport, unsigned port) {
  std::vector<Socket> sockets;
  const char* const table = transport == Transport::udp ? "udp" : "tcp";
  for (const char* const suffix : {"", "6"}) {
    // The thread's own network namespace, which need not be the process's.
    std::ifstream in(fmt::format("/proc/thread-self/net/{}{}", table, suffix));
    for (std::string line; std::getline(in, line);) {
      if (auto socket = socket_of(line, transport, port)) sockets.push_back(std::move(*socket));
    }
  }
  return sockets;
}

}  // namespace

std::optional<std::string> holder_of_tun(const std::string& device) {
  const std::string wanted = "iff:\t" + device;
  const std::string network = link_target("/proc/thread-self/ns/net");
  return process_where([&](const fs::path& process) {
    // Other network namespaces may have a device of this name.
    return link_target(process / "ns/net") == network &&
           std::ranges::any_of(entries(process / "fdinfo"),
                               [&](const fs::path& file) { return has_line(file, wanted); });
  });
}

std::optional<std::string> holder_of_port(Transport transport, unsigned port) {
  std::set<std::string> links;
  for (const Socket& socket : sockets_on(transport, port)) {
    links.insert("socket:[" + socket.inode + "]");
  }
  if (links.empty()) return std::nullopt;
  return process_where([&](const fs::path& process) {
    return std::ranges::any_of(entries(process / "fd"), [&](const fs::path& file) {
      return links.contains(link_target(file));
    });
  });
}

bool is_port_held(Transport transport, unsigned port) {
  return std::ranges::any_of(sockets_on(transport, port), &Socket::listens);
}

}  // namespace adit::system
