#include "node/plugin_calls.h"

#include "node/lines.h"

namespace adit::node {

namespace {

using ports::PluginEvent;
using ports::PluginReply;

// Only these can be answered later.
bool may_defer(PluginEvent event) {
  switch (event) {
    case PluginEvent::auth_user_pass_verify:
    case PluginEvent::client_connect:
    case PluginEvent::client_connect_v2:
    case PluginEvent::client_connect_defer:
    case PluginEvent::client_connect_defer_v2:
      return true;
    default:
      return false;
  }
}

PluginAnswer sum_of(PluginReply reply, PluginEvent event, const Log& log) {
  PluginAnswer answer;
  std::size_t deferred = 0;
  bool refused = false;
  for (PluginReply::One& one : reply.said) {
    log.info(4, "{}", lines::plugin_called(one.plugin, event, one.status));
    if (one.status == PluginReply::deferred && may_defer(event)) {
      ++deferred;
    } else if (one.status != PluginReply::success) {
      refused = true;
      log.warn("{}", lines::plugin_failed(one.plugin, event, one.status));
    }
    for (std::string& config : one.configs) answer.configs.push_back(std::move(config));
  }
  if (deferred > 0) answer.verdict = PluginAnswer::Verdict::deferred;
  if (deferred > 1 && event == PluginEvent::auth_user_pass_verify) {
    refused = true;
    log.error(
        "several plugins want to answer later about one login, and they have one file for it: "
        "refused; only one plugin may do that");
  }
  if (refused) answer.verdict = PluginAnswer::Verdict::refused;
  return answer;
}

}  // namespace

ports::PluginCall PluginCalls::call_of(PluginNews news) const {
  Environment all = common_;
  all.merge(news.env);
  return {news.event,  std::move(news.arguments),   all.variables(),
          news.client, std::move(news.certificate), news.depth};
}

void PluginCalls::tell(PluginNews news, const Log& log, std::function<void(PluginAnswer)> done) {
  const PluginEvent event = news.event;
  if (!wants(event)) return done({});
  port_->call(call_of(std::move(news)), [alive = std::weak_ptr(alive_), event, log,
                                         done = std::move(done)](PluginReply reply) {
    if (!alive.expired()) done(sum_of(std::move(reply), event, log));
  });
}

PluginAnswer PluginCalls::tell_and_wait(PluginNews news) {
  const PluginEvent event = news.event;
  if (!wants(event)) return {};
  return sum_of(port_->call_and_wait(call_of(std::move(news))), event, log_);
}

}  // namespace adit::node
