#include "node/status.h"

#include <fmt/core.h>

#include "base/text.h"
#include "node/environment.h"

namespace adit::node {

namespace {

std::string version1(const ServerStatus& status) {
  std::string out = "OpenVPN CLIENT LIST\nUpdated," + local_time_text(status.now) + "\n" +
                    "Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since\n";
  for (const ClientRow& row : status.clients) {
    out += fmt::format("{},{},{},{},{}\n", row.common_name, row.real_address, row.bytes_received,
                       row.bytes_sent, local_time_text(row.connected));
  }
  out += "ROUTING TABLE\nVirtual Address,Common Name,Real Address,Last Ref\n";
  for (const RouteRow& row : status.routes) {
    out += fmt::format("{},{},{},{}\n", row.address, row.common_name, row.real_address,
                       local_time_text(row.last_reference));
  }
  return out + "GLOBAL STATS\nMax bcast/mcast queue length,0\nEND\n";
}

std::string row(const std::vector<std::string>& fields, char separator) {
  return join(fields, std::string_view(&separator, 1)) + "\n";
}

std::string version2(const ServerStatus& status, char separator) {
  const auto line = [&](const std::vector<std::string>& fields) { return row(fields, separator); };
  std::string out = line({"TITLE", status.title});
  out += line({"TIME", local_time_text(status.now), std::to_string(status.now.seconds)});
  out +=
      line({"HEADER", "CLIENT_LIST", "Common Name", "Real Address", "Virtual Address",
            "Virtual IPv6 Address", "Bytes Received", "Bytes Sent", "Connected Since",
            "Connected Since (time_t)", "Username", "Client ID", "Peer ID", "Data Channel Cipher"});
  for (const ClientRow& c : status.clients) {
    out += line({"CLIENT_LIST", c.common_name, c.real_address, c.v4, c.v6,
                 std::to_string(c.bytes_received), std::to_string(c.bytes_sent),
                 local_time_text(c.connected), std::to_string(c.connected.seconds),
                 c.username.empty() ? "UNDEF" : c.username, std::to_string(c.client_id),
                 std::to_string(c.peer_id), c.cipher});
  }
  out += line({"HEADER", "ROUTING_TABLE", "Virtual Address", "Common Name", "Real Address",
               "Last Ref", "Last Ref (time_t)"});
  for (const RouteRow& r : status.routes) {
    out += line({"ROUTING_TABLE", r.address, r.common_name, r.real_address,
                 local_time_text(r.last_reference), std::to_string(r.last_reference.seconds)});
  }
  out += line({"GLOBAL_STATS", "Max bcast/mcast queue length", "0"});
  out += line({"GLOBAL_STATS", "dco_enabled", "0"});
  return out + "END\n";
}

}  // namespace

std::string render_server_status(const ServerStatus& status, int version) {
  return version == 1 ? version1(status) : version2(status, version == 3 ? '\t' : ',');
}

std::string render_client_status(const ClientStatus& status) {
  return fmt::format(
      "OpenVPN STATISTICS\nUpdated,{}\nTUN/TAP read bytes,{}\nTUN/TAP write bytes,{}\n"
      "TCP/UDP read bytes,{}\nTCP/UDP write bytes,{}\nAuth read bytes,{}\nEND\n",
      local_time_text(status.now), status.tun_read, status.tun_write, status.link_read,
      status.link_write, status.auth_read);
}

}  // namespace adit::node
