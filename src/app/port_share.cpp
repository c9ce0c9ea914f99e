#include "app/port_share.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/resource.h>

#include "app/outside.h"
#include "node/lines.h"
#include "system/kernel_error.h"
#include "system/resolver.h"
#include "system/socket_address.h"
#include "wire/first_bytes.h"

namespace adit::app {

namespace {

// Each pair is two descriptors; half of what the process may have is for our own clients.
std::size_t most_pairs() {
  constexpr std::size_t least = 16, most = 1024;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return least;
  return std::clamp<std::size_t>(limit.rlim_cur / 4, least, most);
}

Result<ip::Endpoint> find_target(Runtime& runtime, const options::Config& config) {
  const auto& [host, port] = *config.server.port_share;
  const auto number = port_number(port, "the port of port-share");
  if (!number) return fail_with(number.error());
  system::Resolver resolver(*runtime.loop);
  std::optional<Result<std::vector<ip::Address>>> answer;
  resolver.resolve(host, std::nullopt, [&](auto result) { answer = std::move(result); });
  runtime.wait([&] { return answer.has_value(); });
  if (!answer) return fail("interrupted");
  if (!*answer) {
    return fail_with({"port-share: " + answer->error().what,
                      "write the address of the other server, or mend its name"});
  }
  return ip::Endpoint{(*answer)->front(), *number, 0};
}

// Open from the start: its path may mean nothing in another root directory.
Result<system::Fd> open_share_journal(const std::string& folder) {
  if (folder.empty()) return system::Fd();
  system::Fd opened(open(folder.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC));
  if (opened) return opened;
  return system::kernel_refused(
      errno, "port-share: cannot open the directory " + folder,
      "make it, writable for the user that the server becomes, or leave it away");
}

system::StreamSorter::Verdict judge(Bytes first) {
  using Verdict = system::StreamSorter::Verdict;
  switch (wire::judge_first_bytes(first)) {
    case wire::Caller::openvpn:
      return Verdict::first;
    case wire::Caller::somebody_else:
      return Verdict::second;
    case wire::Caller::unknown_yet:
      break;
  }
  return Verdict::more;
}

}  // namespace

Result<std::unique_ptr<PortShare>> PortShare::create(Runtime& runtime,
                                                     const options::Config& config, Take ours) {
  if (!config.server.port_share) return std::unique_ptr<PortShare>();
  auto journal = open_share_journal(config.server.port_share_dir);
  if (!journal) return fail_with(journal.error());
  const auto target = find_target(runtime, config);
  if (!target) return fail_with(target.error());
  std::unique_ptr<PortShare> share(new PortShare(runtime, config, std::move(ours)));
  share->setup_.target = *target;
  share->setup_.journal = std::move(*journal);
  return share;
}

PortShare::PortShare(Runtime& runtime, const options::Config& config, Take ours)
    : runtime_(runtime),
      sorter_(*runtime.loop, {judge, wire::telling_bytes, std::move(ours),
                              [this](system::Fd connection) { hand_on(std::move(connection)); },
                              config.channel.hand_window, most_pairs()}) {
  setup_.label = node::lines::with_family;
  setup_.most_pairs = most_pairs();
  setup_.complain = [&runtime](std::string what) {
    runtime.loop->post([&runtime, what = std::move(what)] {
      runtime.log.mutable_error(1, "port-share: {}", what);
    });
  };
}

Status PortShare::start() {
  auto relay = system::StreamRelay::start(std::move(setup_));
  if (!relay) return fail_with(relay.error());
  relay_ = std::move(*relay);
  runtime_.log.info(3, "{}", node::lines::port_share_starting);
  return {};
}

void PortShare::hand_on(system::Fd connection) {
  const ip::Endpoint from = system::remote_endpoint(connection.get());
  const std::string name = node::lines::real_address(from);
  runtime_.log.info(1, "{}", node::lines::tcp_established(from));
  runtime_.log.info(1, "{} {}", name, node::lines::foreign_client);
  runtime_.log.info(1, "{} {}", name,
                    node::lines::signal_received("SIGTERM", false, "port-share-redirect",
                                                 "client-instance exiting"));
  if (relay_) relay_->add(std::move(connection));
}

}  // namespace adit::app
