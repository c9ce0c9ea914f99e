#include "system/service_port.h"

#include <arpa/inet.h>
#include <array>
#include <netdb.h>

namespace adit::system {

std::optional<std::uint16_t> port_of_service(const std::string& name) {
  std::array<char, 4096> room{};
  servent entry{};
  servent* found = nullptr;
  const int failure =
      getservbyname_r(name.c_str(), nullptr, &entry, room.data(), room.size(), &found);
  if (failure != 0 || found == nullptr) return std::nullopt;
  return ntohs(static_cast<std::uint16_t>(found->s_port));
}

}  // namespace adit::system
