#include "system/netlink.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <netlink/cache.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>

#include "system/kernel_error.h"

namespace adit::system {

namespace {

// Owners of libnl's counted objects.
template <auto release>
struct Release {
  template <typename Object>
  void operator()(Object* object) const {
    release(object);
  }
};
template <typename Object, auto release>
using Owned = std::unique_ptr<Object, Release<release>>;
using AddressObject = Owned<nl_addr, nl_addr_put>;
using InterfaceObject = Owned<rtnl_addr, rtnl_addr_put>;
using RouteObject = Owned<rtnl_route, rtnl_route_put>;
using LinkObject = Owned<rtnl_link, rtnl_link_put>;
using CacheObject = Owned<nl_cache, nl_cache_free>;
using Request = Owned<nl_msg, nlmsg_free>;

int number_of(ip::Family family) { return family == ip::Family::v4 ? AF_INET : AF_INET6; }

AddressObject object_of(const ip::Address& address, std::uint8_t prefix_length) {
  const Bytes bytes = address.bytes();
  AddressObject object(nl_addr_build(number_of(address.family()), bytes.data(), bytes.size()));
  nl_addr_set_prefixlen(object.get(), prefix_length);
  return object;
}
AddressObject object_of(const ip::Address& address) { return object_of(address, address.bits()); }

std::optional<ip::Address> address_of(const nl_addr* object) {
  if (object == nullptr) return std::nullopt;
  const auto* bytes = static_cast<const std::uint8_t*>(nl_addr_get_binary_addr(object));
  const unsigned size = nl_addr_get_len(object);
  if (size == 4) return ip::Address::v4(load_u32(bytes));
  if (size == 16) return ip::Address::v6({bytes, size});
  return std::nullopt;
}

std::string device_name(int index) {
  std::array<char, IF_NAMESIZE> name{};
  return if_indextoname(static_cast<unsigned>(index), name.data()) != nullptr ? name.data() : "";
}

// What the user would type.
std::string described(const ports::InterfaceAddress& address, const std::string& device) {
  if (address.peer) {
    return fmt::format("{} peer {} dev {}", address.address.text(), address.peer->text(), device);
  }
  return fmt::format("{}/{} dev {}", address.address.text(), address.prefix_length, device);
}

std::string described(const ports::Route& route) {
  std::string text = route.destination.text();
  if (route.gateway) text += " via " + route.gateway->text();
  if (!route.device.empty()) text += " dev " + route.device;
  if (route.metric) text += fmt::format(" metric {}", *route.metric);
  if (route.table != 0) text += fmt::format(" table {}", route.table);
  return text;
}

// How the kernel answered one request.
struct Answer {
  int error = 0;
  std::string detail;  // the kernel's own words, newer kernels only
  bool arrived = false;
};

int take_refusal(sockaddr_nl*, nlmsgerr* refusal, void* argument) {
  auto& answer = *static_cast<Answer*>(argument);
  answer.arrived = true;
  answer.error = -refusal->error;
  auto* header = reinterpret_cast<nlmsghdr*>(reinterpret_cast<char*>(refusal) - NLMSG_HDRLEN);
  if ((header->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return NL_STOP;
  nlattr* text = nlmsg_find_attr(header, sizeof(nlmsgerr), NLMSGERR_ATTR_MSG);
  if (text != nullptr && nla_len(text) > 0) {
    answer.detail.assign(static_cast<const char*>(nla_data(text)),
                         static_cast<std::size_t>(nla_len(text)) - 1);
  }
  return NL_STOP;
}

int take_acknowledgement(nl_msg*, void* argument) {
  static_cast<Answer*>(argument)->arrived = true;
  return NL_STOP;
}

std::string advice_for_request(int error) {
  switch (error) {
    case EPERM:
    case EACCES:
      return "run as root or with the capability CAP_NET_ADMIN";
    case ENETUNREACH:
    case EHOSTUNREACH:
      return "the gateway must be in a network that one of the devices has an address of";
    case ENETDOWN:
      return "the device must be up first";
    default:
      return {};
  }
}

Status outcome(const Answer& answer, const std::string& attempted) {
  if (answer.error == 0) return {};
  const std::string detail = answer.detail.empty() ? "" : " (" + answer.detail + ")";
  return fail_with(
      {attempted + ": " + reason(answer.error) + detail, advice_for_request(answer.error)});
}

bool already_gone(int error) {
  return error == ESRCH || error == ENODEV || error == EADDRNOTAVAIL || error == ENOENT;
}

InterfaceObject object_of(const ports::InterfaceAddress& address, int index) {
  InterfaceObject object(rtnl_addr_alloc());
  rtnl_addr_set_ifindex(object.get(), index);
  rtnl_addr_set_family(object.get(), number_of(address.address.family()));
  rtnl_addr_set_local(object.get(), object_of(address.address, address.prefix_length).get());
  if (address.peer) {
    rtnl_addr_set_peer(object.get(), object_of(*address.peer, address.prefix_length).get());
  }
  if (address.broadcast) {
    rtnl_addr_set_broadcast(object.get(), object_of(*address.broadcast).get());
  }
  return object;
}

RouteObject object_of(const ports::Route& route, int index) {
  RouteObject object(rtnl_route_alloc());
  const ip::Prefix& destination = route.destination;
  rtnl_route_set_family(object.get(),
                        static_cast<std::uint8_t>(number_of(destination.address.family())));
  rtnl_route_set_dst(object.get(), object_of(destination.address, destination.length).get());
  rtnl_route_set_protocol(object.get(), route.protocol != 0 ? route.protocol : RTPROT_BOOT);
  if (route.source) rtnl_route_set_pref_src(object.get(), object_of(*route.source).get());
  rtnl_route_set_table(object.get(), route.table != 0 ? route.table : RT_TABLE_MAIN);
  if (route.metric) rtnl_route_set_priority(object.get(), *route.metric);
  rtnl_nexthop* hop = rtnl_route_nh_alloc();
  if (index != 0) rtnl_route_nh_set_ifindex(hop, index);
  if (route.gateway) rtnl_route_nh_set_gateway(hop, object_of(*route.gateway).get());
  if (route.onlink) rtnl_route_nh_set_flags(hop, RTNH_F_ONLINK);
  rtnl_route_add_nexthop(object.get(), hop);  // takes the hop
  return object;
}

bool leads_to(rtnl_route* route, int device) {
  return rtnl_route_get_table(route) == RT_TABLE_MAIN &&
         rtnl_route_get_type(route) == RTN_UNICAST && rtnl_route_get_nnexthops(route) == 1 &&
         rtnl_route_nh_get_ifindex(rtnl_route_nexthop_n(route, 0)) == device;
}

// IPv6 knows no smaller one.
unsigned fitting(rtnl_route* route, unsigned mtu) {
  constexpr unsigned least_v6 = 1280;
  const bool v6 = rtnl_route_get_family(route) == AF_INET6;
  return v6 && mtu != 0 ? std::max(mtu, least_v6) : mtu;
}

// False: this route is none of those that have the MTU to be changed.
bool change_mtu(rtnl_route* route, unsigned before, unsigned now) {
  const unsigned wanted = fitting(route, now);
  unsigned set = 0;
  if (rtnl_route_get_metric(route, RTAX_MTU, &set) != 0) set = 0;
  if (set != fitting(route, before) || set == wanted) return false;
  if (wanted == 0) return rtnl_route_unset_metric(route, RTAX_MTU) == 0;
  return rtnl_route_set_metric(route, RTAX_MTU, wanted) == 0;
}

bool usable_default(rtnl_route* route) {
  return rtnl_route_get_table(route) == RT_TABLE_MAIN &&
         rtnl_route_get_type(route) == RTN_UNICAST &&
         nl_addr_get_prefixlen(rtnl_route_get_dst(route)) == 0 &&
         rtnl_route_get_nnexthops(route) > 0 &&
         (rtnl_route_nh_get_flags(rtnl_route_nexthop_n(route, 0)) &
          (RTNH_F_DEAD | RTNH_F_LINKDOWN)) == 0;
}

ports::Route default_route_of(rtnl_route* object, ip::Family family) {
  rtnl_nexthop* hop = rtnl_route_nexthop_n(object, 0);
  ports::Route route;
  route.destination.address =
      family == ip::Family::v4 ? ip::Address() : ip::Address::v6(Buffer(16));
  route.gateway = address_of(rtnl_route_nh_get_gateway(hop));
  route.device = device_name(rtnl_route_nh_get_ifindex(hop));
  route.metric = rtnl_route_get_priority(object);
  route.onlink = (rtnl_route_nh_get_flags(hop) & RTNH_F_ONLINK) != 0;
  route.protocol = rtnl_route_get_protocol(object);
  route.source = address_of(rtnl_route_get_pref_src(object));
  return route;
}

template <typename Object>
void for_each(nl_cache* cache, const std::function<void(Object*)>& visit) {
  for (nl_object* at = nl_cache_get_first(cache); at != nullptr; at = nl_cache_get_next(at)) {
    visit(reinterpret_cast<Object*>(at));
  }
}

bool switched_on(const char* path) {
  std::ifstream file(path);
  int value = 0;
  return static_cast<bool>(file >> value) && value != 0;
}

}  // namespace

class Netlink::Socket {
 public:
  [[nodiscard]] Status open() {
    if (const int error = nl_connect(raw(), NETLINK_ROUTE); error != 0) {
      return fail("cannot open a netlink socket: {}", nl_geterror(error));
    }
    const int on = 1;
    const int fd = nl_socket_get_fd(raw());
    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    return {};
  }

  // Sends one request and waits for the answer, keeping the kernel's error number, which libnl's
  // own error codes would blur.
  Answer ask(nl_msg* message) {
    Answer answer;
    Owned<nl_cb, nl_cb_put> callbacks(nl_cb_alloc(NL_CB_DEFAULT));
    nl_cb_err(callbacks.get(), NL_CB_CUSTOM, take_refusal, &answer);
    nl_cb_set(callbacks.get(), NL_CB_ACK, NL_CB_CUSTOM, take_acknowledgement, &answer);
    if (nl_send_auto(raw(), message) < 0) return {errno, {}, true};
    while (!answer.arrived) {
      if (nl_recvmsgs(raw(), callbacks.get()) < 0 && !answer.arrived) return {EIO, {}, true};
    }
    return answer;
  }

  [[nodiscard]] nl_sock* raw() { return socket_.get(); }

 private:
  std::unique_ptr<nl_sock, void (*)(nl_sock*)> socket_{nl_socket_alloc(), nl_socket_free};
};

namespace {

// Builds a request with one of libnl's functions: int build(..., nl_msg** out).
template <typename Build, typename... Arguments>
Request build_request(Build build, Arguments... arguments) {
  nl_msg* message = nullptr;
  return Request(build(arguments..., &message) == 0 ? message : nullptr);
}

constexpr Answer not_expressible() { return {EINVAL, {}, true}; }

}  // namespace

Netlink::Netlink(std::unique_ptr<Socket> socket) : socket_(std::move(socket)) {}
Netlink::~Netlink() = default;

Result<std::unique_ptr<Netlink>> Netlink::open() {
  auto socket = std::make_unique<Socket>();
  if (Status opened = socket->open(); !opened) return fail_with(std::move(opened.error()));
  return std::unique_ptr<Netlink>(new Netlink(std::move(socket)));
}

Status Netlink::configure_link(const std::string& device, unsigned mtu,
                               std::optional<unsigned> tx_queue_length) {
  const std::string attempted = fmt::format("set mtu {} and up on {}", mtu, device);
  const LinkObject link(rtnl_link_alloc()), change(rtnl_link_alloc());
  const unsigned index = if_nametoindex(device.c_str());
  if (index == 0) return outcome({ENODEV, {}, true}, attempted);
  rtnl_link_set_ifindex(link.get(), static_cast<int>(index));
  rtnl_link_set_mtu(change.get(), mtu);
  if (tx_queue_length) rtnl_link_set_txqlen(change.get(), *tx_queue_length);
  rtnl_link_set_flags(change.get(), IFF_UP);
  const Request request =
      build_request(rtnl_link_build_change_request, link.get(), change.get(), 0);
  return outcome(request ? socket_->ask(request.get()) : not_expressible(), attempted);
}

Status Netlink::add_address(const std::string& device, const ports::InterfaceAddress& address) {
  const std::string attempted = "add address " + described(address, device);
  const unsigned index = if_nametoindex(device.c_str());
  if (index == 0) return outcome({ENODEV, {}, true}, attempted);
  const InterfaceObject object = object_of(address, static_cast<int>(index));
  const Request request =
      build_request(rtnl_addr_build_add_request, object.get(), NLM_F_CREATE | NLM_F_REPLACE);
  return outcome(request ? socket_->ask(request.get()) : not_expressible(), attempted);
}

Status Netlink::remove_address(const std::string& device, const ports::InterfaceAddress& address) {
  const unsigned index = if_nametoindex(device.c_str());
  if (index == 0) return {};
  const InterfaceObject object = object_of(address, static_cast<int>(index));
  const Request request = build_request(rtnl_addr_build_delete_request, object.get(), 0);
  const Answer answer = request ? socket_->ask(request.get()) : not_expressible();
  if (already_gone(answer.error)) return {};
  return outcome(answer, "remove address " + described(address, device));
}

Result<ports::RouteChange> Netlink::add_route(const ports::Route& route) {
  const std::string attempted = "add route " + described(route);
  const unsigned index = if_nametoindex(route.device.c_str());
  if (index == 0 && !route.device.empty()) {
    return fail_with(outcome({ENODEV, {}, true}, attempted).error());
  }
  const RouteObject object = object_of(route, static_cast<int>(index));
  // As with stock, ours goes before another's for the same IPv4 network. For IPv6 the first one
  // would win all the same.
  const int flags = route.destination.address.is_v4() ? NLM_F_CREATE : NLM_F_CREATE | NLM_F_EXCL;
  const Request request = build_request(rtnl_route_build_add_request, object.get(), flags);
  const Answer answer = request ? socket_->ask(request.get()) : not_expressible();
  if (answer.error == EEXIST) return ports::RouteChange::existed;
  if (Status done = outcome(answer, attempted); !done) return fail_with(std::move(done.error()));
  return ports::RouteChange::added;
}

Status Netlink::remove_route(const ports::Route& route) {
  const unsigned index = if_nametoindex(route.device.c_str());
  if (index == 0 && !route.device.empty()) return {};
  const RouteObject object = object_of(route, static_cast<int>(index));
  const Request request = build_request(rtnl_route_build_del_request, object.get(), 0);
  const Answer answer = request ? socket_->ask(request.get()) : not_expressible();
  if (already_gone(answer.error)) return {};
  return outcome(answer, "remove route " + described(route));
}

Status Netlink::set_route_mtu(const std::string& device, unsigned before, unsigned now) {
  const std::string attempted = fmt::format("set mtu {} of the routes of {}", now, device);
  const unsigned index = if_nametoindex(device.c_str());
  if (index == 0) return outcome({ENODEV, {}, true}, attempted);
  nl_cache* raw = nullptr;
  if (rtnl_route_alloc_cache(socket_->raw(), AF_UNSPEC, 0, &raw) != 0) {
    return fail("{}: cannot read the routes", attempted);
  }
  const CacheObject cache(raw);
  Answer worst{0, {}, true};
  // Where several devices have a route of one destination and metric (fe80::/64), libnl lists the
  // first alone, and that is the one which the kernel replaces.
  for_each<rtnl_route>(raw, [&](rtnl_route* route) {
    if (!leads_to(route, static_cast<int>(index)) || !change_mtu(route, before, now)) return;
    const Request request = build_request(rtnl_route_build_add_request, route, NLM_F_REPLACE);
    const Answer answer = request ? socket_->ask(request.get()) : not_expressible();
    if (answer.error != 0 && !already_gone(answer.error)) worst = answer;
  });
  return outcome(worst, attempted);
}

std::vector<ports::Route> Netlink::default_routes(ip::Family family) {
  std::vector<ports::Route> routes;
  nl_cache* raw = nullptr;
  if (rtnl_route_alloc_cache(socket_->raw(), number_of(family), 0, &raw) != 0) return routes;
  const CacheObject cache(raw);
  for_each<rtnl_route>(raw, [&](rtnl_route* route) {
    if (usable_default(route)) routes.push_back(default_route_of(route, family));
  });
  std::ranges::stable_sort(routes, {}, &ports::Route::metric);
  return routes;
}

std::optional<ports::Path> Netlink::path_to(const ip::Address& destination) {
  // Asked for 0.0.0.0 the kernel answers with this host.
  if (destination.is_unspecified()) {
    const auto defaults = default_routes(destination.family());
    if (defaults.empty()) return std::nullopt;
    return ports::Path{
        defaults.front().gateway, defaults.front().device, {}, defaults.front().onlink};
  }
  rtnl_route* raw = nullptr;
  if (rtnl_route_lookup(socket_->raw(), object_of(destination).get(), &raw) != 0) {
    return std::nullopt;
  }
  const RouteObject route(raw);
  const int type = rtnl_route_get_type(raw);
  if ((type != RTN_UNICAST && type != RTN_LOCAL) || rtnl_route_get_nnexthops(raw) == 0) {
    return std::nullopt;
  }
  rtnl_nexthop* hop = rtnl_route_nexthop_n(raw, 0);
  ports::Path path{address_of(rtnl_route_nh_get_gateway(hop)),
                   device_name(rtnl_route_nh_get_ifindex(hop)),
                   address_of(rtnl_route_get_pref_src(raw))};
  // Of one destination the kernel does not tell it.
  for (const ports::Route& one : default_routes(destination.family())) {
    const bool same = path.gateway && one.gateway == path.gateway && one.device == path.device;
    path.onlink = path.onlink || (same && one.onlink);
  }
  return path;
}

std::vector<ports::LocalNetwork> Netlink::local_networks() {
  std::vector<ports::LocalNetwork> networks;
  nl_cache* raw = nullptr;
  if (rtnl_addr_alloc_cache(socket_->raw(), &raw) != 0) return networks;
  const CacheObject cache(raw);
  for_each<rtnl_addr>(raw, [&](rtnl_addr* object) {
    const auto address = address_of(rtnl_addr_get_local(object));
    if (!address) return;
    // With a peer the prefix is the peer's; our own address is then a host.
    const bool has_peer = rtnl_addr_get_peer(object) != nullptr;
    const int length = has_peer ? address->bits() : rtnl_addr_get_prefixlen(object);
    networks.push_back(
        {device_name(rtnl_addr_get_ifindex(object)), *address, static_cast<std::uint8_t>(length)});
  });
  return networks;
}

std::optional<std::string> Netlink::hardware_address(const std::string& device) {
  rtnl_link* raw = nullptr;
  if (rtnl_link_get_kernel(socket_->raw(), 0, device.c_str(), &raw) != 0) return std::nullopt;
  const LinkObject link(raw);
  const nl_addr* address = rtnl_link_get_addr(raw);
  if (address == nullptr || nl_addr_get_len(address) == 0) return std::nullopt;
  std::array<char, 64> text{};
  return nl_addr2str(address, text.data(), text.size());
}

Status Netlink::set_hardware_address(const std::string& device, const ip::MacAddress& address) {
  const std::string attempted =
      fmt::format("set the hardware address {} on {}", address.text(), device);
  const LinkObject link(rtnl_link_alloc()), change(rtnl_link_alloc());
  const unsigned index = if_nametoindex(device.c_str());
  if (index == 0) return outcome({ENODEV, {}, true}, attempted);
  const AddressObject object(nl_addr_build(AF_LLC, address.bytes.data(), address.bytes.size()));
  rtnl_link_set_ifindex(link.get(), static_cast<int>(index));
  rtnl_link_set_addr(change.get(), object.get());
  const Request request =
      build_request(rtnl_link_build_change_request, link.get(), change.get(), 0);
  return outcome(request ? socket_->ask(request.get()) : not_expressible(), attempted);
}

bool Netlink::forwarding_enabled(ip::Family family) {
  return switched_on(family == ip::Family::v4 ? "/proc/sys/net/ipv4/ip_forward"
                                              : "/proc/sys/net/ipv6/conf/all/forwarding");
}

}  // namespace adit::system
