#include <array>

#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

constexpr std::int64_t least_mtu = 68;  // the least an IPv4 link may have
constexpr std::int64_t least_tun_mtu = 100;
constexpr std::int64_t largest_mtu = 65535;

void tun_mtu(Use& use) {
  if (use.is_pushed()) {
    use.number(0, use.pulled().tun_mtu, 0);
    return;
  }
  use.number(0, use.link().tun_mtu, least_tun_mtu, largest_mtu);
  if (use.has(1)) use.number(1, use.link().occ_mtu, 1, largest_mtu);
}

void mssfix(Use& use) {
  using Kind = Connection::MssfixKind;
  Connection& link = use.link();
  link.mssfix_kind = Kind::payload;
  link.mssfix.reset();
  if (!use.has(0)) return;
  use.number(0, link.mssfix, 0, largest_mtu);
  if (use.has(1))
    use.choice<Kind>(1, link.mssfix_kind, {{"mtu", Kind::mtu}, {"fixed", Kind::fixed}});
}

void fragment(Use& use) {
  Connection& link = use.link();
  use.number(0, link.fragment, least_mtu, largest_mtu);
  link.fragment_counts_outer = false;
  if (use.has(1)) use.choice<bool>(1, link.fragment_counts_outer, {{"mtu", true}});
}

// It limits what the control channel sends and, where nothing else was said, the data packets too.
void max_packet_size(Use& use) {
  constexpr std::int64_t least = 154, most = 2048;
  auto size = use.integer(0);
  if (!size) return;
  if (*size < least || *size > most) {
    size = *size < least ? least : most;
    use.note("control packets have 154 to 2048 bytes; using " + std::to_string(*size));
  }
  Connection& link = use.link();
  link.max_packet_size = static_cast<unsigned>(*size);
  if (link.mssfix) return;
  link.mssfix = link.max_packet_size;
  link.mssfix_kind = Connection::MssfixKind::mtu;
}

void link_mtu(Use& use) { use.number(0, use.link().link_mtu, least_mtu, largest_mtu); }

// clang-format off
constexpr std::array mtu_rows{
    Row{.name = "tun-mtu", .args = {1, 2, "n [occ-mtu]"},
        .where = where::anywhere | where::pushed | where::connection,
        .help = "Tun MTU; pushable since 2.6.", .apply = tun_mtu},
    Row{.name = "mssfix", .args = {0, 2, "[max [mtu|fixed]]"},
        .where = where::anywhere | where::connection, .change = Change::now,
        .help = "Clamp TCP MSS inside tunnel.", .apply = mssfix},
    Row{.name = "fragment", .args = {1, 2, "max [mtu]"},
        .where = where::anywhere | where::connection,
        .help = "Internal UDP fragmentation; both peers must match.", .apply = fragment},
    Row{.name = "max-packet-size", .args = {1, 1, "154..1250 effective"},
        .where = where::anywhere | where::connection,
        .help = "Max control packet; also sets mssfix mtu.", .apply = max_packet_size},
    Row{.name = "link-mtu", .args = {1, 1, "n"}, .where = where::anywhere | where::connection,
        .help = "Max UDP payload size; tun MTU derived.", .apply = link_mtu},
    Row{.name = "udp-mtu", .args = {1, 1, "n"}, .where = where::anywhere | where::connection,
        .help = "Alias of link-mtu.", .apply = link_mtu},
    Row{.name = "tun-mtu-extra", .args = {1, 1, "n"}, .where = where::anywhere | where::connection,
        .help = "Extra buffer room; counted in the options string and by mssfix.",
        .apply = set_number<&Config::connection, &Connection::tun_mtu_extra, 0, largest_mtu>},
    Row{.name = "tun-mtu-max", .args = {1, 2, "68..65536"},
        .where = where::anywhere | where::connection, .help = "Limit for pushed tun-mtu.",
        .apply = set_number<&Config::connection, &Connection::tun_mtu_max, 68, 65536>},
    Row{.name = "mtu-test", .help = "Measure link MTU empirically (UDP).",
        .apply = set_flag<&Config::remotes, &Remotes::mtu_test>},
    Row{.name = "mtu-dynamic", .args = {0, many}, .where = where::anywhere | where::connection,
        .state = State::refused,
        .note = "replaced by fragment long ago; write \"fragment BYTES\" on both sides",
        .help = "Old name of fragment."},
};
// clang-format on

}  // namespace

Page mtu_page() { return {"Packet sizes", mtu_rows}; }

}  // namespace adit::options
