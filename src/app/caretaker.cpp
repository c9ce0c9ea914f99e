#include "app/caretaker.h"

#include <algorithm>
#include <filesystem>

#include "node/server_hints.h"

namespace adit::app {

namespace {

constexpr Duration interval = std::chrono::seconds(1);
constexpr unsigned looks_per_host_look = 5;

const char* switch_name(ip::Family family) {
  return family == ip::Family::v4 ? "net.ipv4.ip_forward" : "net.ipv6.conf.all.forwarding";
}

std::unique_ptr<RulesWatch> rules_of(const options::Config& config) {
  std::error_code unknown;
  return RulesWatch::of(std::filesystem::absolute(config.source, unknown));
}

// The gateway of a site says so where OpenVPN has no word for it.
bool is_gateway(const options::Config& config) {
  return std::ranges::any_of(config.scripts.variables, [](const auto& variable) {
    return variable.first == "ADIT_LAN" || variable.first == "ADIT_MAP";
  });
}

}  // namespace

Caretaker::Caretaker(Runtime& runtime, const options::Config& config, node::Identity& identity,
                     std::function<void()> revoked)
    : runtime_(runtime),
      identity_(identity),
      revoked_(std::move(revoked)),
      jailed_(!config.process.chroot.empty()) {
  const options::FileOrInline& list = config.identity.crl;
  if (list.defined() && !list.is_inline && !config.identity.crl_is_directory) {
    keeper_.emplace(runtime, list.path);
  }
  rules_ = rules_of(config);
  if (!rules_) watch_forwarding(config);
  take_dates();
  timer_ = runtime_.loop->at(runtime_.loop->now(), [this] { look(); });
}

Caretaker::~Caretaker() { runtime_.loop->cancel(timer_); }

void Caretaker::watch_forwarding(const options::Config& config) {
  const bool server = config.mode == options::Mode::server;
  for (const ip::Family family : {ip::Family::v4, ip::Family::v6}) {
    const bool needed = server ? node::needs_forwarding(config, runtime_.store, family)
                               : is_gateway(config) && family == ip::Family::v4;
    if (!needed) continue;
    const std::string name = switch_name(family);
    const std::string loss = fmt::format(
        "hosts behind this one are not reached any more; turn it on with: sysctl -w {}=1", name);
    forwarding_.push_back(
        {family, node::HostWatch(name, loss, runtime_.network->forwarding_enabled(family))});
  }
}

void Caretaker::look() {
  timer_ = runtime_.loop->at(runtime_.loop->now() + interval, [this] { look(); });
  look_at_identity();
  if (looks_++ % looks_per_host_look == 0) look_at_host();
}

std::vector<std::string> Caretaker::look_at_identity() {
  // In another root directory the files that we began with are not to be seen.
  identity_.look(runtime_.rights_dropped && jailed_);
  node::IdentityNews news = identity_.take_news();
  for (const std::string& line : news.told) runtime_.log.info(1, "{}", line);
  for (const std::string& line : news.warned) runtime_.log.warn("{}", line);
  if (keeper_) keeper_->look(identity_.in_use(), runtime_.loop->wall());
  if (news.renewed || (keeper_ && keeper_->keeps() != kept_)) take_dates();
  for (const std::string& line : expiries_.due(runtime_.loop->wall())) {
    runtime_.log.warn("{}", line);
  }
  if (news.revocations && revoked_) revoked_();
  return std::move(news.told);
}

void Caretaker::take_dates() {
  kept_ = keeper_ && keeper_->keeps();
  dates_ = node::expiries_of(identity_.in_use());
  std::vector<node::Expiry> watched = dates_;
  if (kept_) {
    std::erase_if(watched,
                  [](const node::Expiry& date) { return date.kind == node::Expiry::Kind::list; });
  }
  expiries_.set(std::move(watched));
}

void Caretaker::look_at_host() {
  if (rules_) {
    const RulesWatch::News news = rules_->look();
    for (const std::string& line : news.bad) runtime_.log.warn("{}", line);
    for (const std::string& line : news.good) runtime_.log.info(1, "{}", line);
  }
  for (Forwarding& one : forwarding_) {
    const auto news = one.watch.look(runtime_.network->forwarding_enabled(one.family));
    if (!news) continue;
    if (news->bad) {
      runtime_.log.warn("{}", news->text);
    } else {
      runtime_.log.info(1, "{}", news->text);
    }
  }
}

}  // namespace adit::app
