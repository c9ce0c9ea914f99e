#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/log.h"
#include "node/environment.h"
#include "ports/plugin_port.h"

namespace adit::node {

// What a plugin is to be told.
struct PluginNews {
  ports::PluginEvent event;
  Environment env{};
  std::vector<std::string> arguments{};
  std::uint64_t client = 0;   // whose context it gets; 0: the instance's
  std::string certificate{};  // tls_verify: PEM
  int depth = -1;             // tls_verify
};

// What all plugins that wanted it say together: one no is a no.
struct PluginAnswer {
  enum class Verdict { accepted, refused, deferred } verdict = Verdict::accepted;
  std::vector<std::string> configs;  // of a client, in order
  [[nodiscard]] bool accepted() const { return verdict == Verdict::accepted; }
};

// Tells plugins of events, and makes one answer of theirs.
class PluginCalls {
 public:
  // port: nullptr where there are no plugins. common: variables of every call.
  PluginCalls(ports::PluginPort* port, Environment common, Log log)
      : port_(port), common_(std::move(common)), log_(std::move(log)) {}

  // For calls from now on.
  void adopt(Environment common) { common_ = std::move(common); }

  [[nodiscard]] bool wants(ports::PluginEvent event) const {
    return port_ != nullptr && port_->wants(event);
  }
  // Nobody who wants it: accepted, and then done is called from within. log: of the one it is
  // about.
  void tell(PluginNews news, const Log& log, std::function<void(PluginAnswer)> done);
  [[nodiscard]] PluginAnswer tell_and_wait(PluginNews news);
  void forget_client(std::uint64_t client) {
    if (port_ != nullptr) port_->forget_client(client);
  }

 private:
  [[nodiscard]] ports::PluginCall call_of(PluginNews news) const;

  ports::PluginPort* port_;
  Environment common_;
  Log log_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();  // an answer may come too late
};

}  // namespace adit::node
