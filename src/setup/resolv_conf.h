#pragma once

#include <string>
#include <string_view>
#include <vector>

// The file resolv.conf(5), as text.

namespace adit::setup {

// "search ..." and "nameserver ..." lines.
[[nodiscard]] std::string resolv_conf_lines(const std::vector<std::string>& servers,
                                            const std::vector<std::string>& search);

// before, with these servers in the place of its own (none: its own stay) and these domains in
// front of its own. Its other lines stay.
[[nodiscard]] std::string changed_resolv_conf(std::string_view before, std::string_view device,
                                              const std::vector<std::string>& servers,
                                              const std::vector<std::string>& search);

// Who is asked, as the file's lines have it.
[[nodiscard]] std::vector<std::string> name_servers_of(std::string_view resolv_conf);
// Whether the file sends programs to systemd-resolved.
[[nodiscard]] bool names_resolved_stub(std::string_view resolv_conf);
// Whether nsswitch.conf has systemd-resolved asked for hosts.
[[nodiscard]] bool asks_by_nss(std::string_view nsswitch);

}  // namespace adit::setup
