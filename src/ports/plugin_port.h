#pragma once

#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace adit::ports {

// What a plugin can be told of. The numbers are those of the interface.
enum class PluginEvent : std::uint8_t {
  up = 0,
  down = 1,
  route_up = 2,
  ipchange = 3,
  tls_verify = 4,
  auth_user_pass_verify = 5,
  client_connect = 6,
  client_disconnect = 7,
  learn_address = 8,
  client_connect_v2 = 9,
  tls_final = 10,
  route_pre_down = 12,
  client_connect_defer = 13,
  client_connect_defer_v2 = 14,
  client_crresponse = 15,
};

// "PLUGIN_UP"; empty for a number that means nothing.
[[nodiscard]] constexpr std::string_view name_of(PluginEvent event) {
  constexpr std::string_view names[] = {
      "PLUGIN_UP",
      "PLUGIN_DOWN",
      "PLUGIN_ROUTE_UP",
      "PLUGIN_IPCHANGE",
      "PLUGIN_TLS_VERIFY",
      "PLUGIN_AUTH_USER_PASS_VERIFY",
      "PLUGIN_CLIENT_CONNECT",
      "PLUGIN_CLIENT_DISCONNECT",
      "PLUGIN_LEARN_ADDRESS",
      "PLUGIN_CLIENT_CONNECT_V2",
      "PLUGIN_TLS_FINAL",
      "",
      "PLUGIN_ROUTE_PREDOWN",
      "PLUGIN_CLIENT_CONNECT_DEFER",
      "PLUGIN_CLIENT_CONNECT_DEFER_V2",
      "PLUGIN_CLIENT_CRRESPONSE",
  };
  const auto number = static_cast<std::size_t>(event);
  return number < std::size(names) ? names[number] : std::string_view{};
}

struct PluginCall {
  PluginEvent event = PluginEvent::up;
  std::vector<std::string> arguments;                          // behind the plugin's own name
  std::vector<std::pair<std::string, std::string>> variables;  // the whole environment
  std::uint64_t client = 0;  // whose context the plugin gets; 0: that of the instance itself
  std::string certificate;   // tls_verify: PEM
  int depth = -1;            // tls_verify
};

// What each plugin that wanted the event said, in the order of the configuration. The first that
// does not say yes does not keep the others from being asked.
struct PluginReply {
  enum Status : int { success = 0, error = 1, deferred = 2, never_answered = -1 };
  struct One {
    std::string plugin;                // as the configuration names it
    int status = success;              // anything else is an error
    std::vector<std::string> configs;  // client_connect_v2: lines of a client's configuration
  };
  std::vector<One> said;
};

// Shared objects that are told of events and decide about peers. Control thread only.
class PluginPort {
 public:
  virtual ~PluginPort() = default;
  [[nodiscard]] virtual bool wants(PluginEvent event) const = 0;
  // One call after the other. done gets the answers on the control thread, never from within
  // call(), and in bounded time: a plugin that does not return is answered for.
  virtual void call(PluginCall call, std::function<void(PluginReply)> done) = 0;
  // For start and stop, and where TLS itself waits; bounded as well.
  [[nodiscard]] virtual PluginReply call_and_wait(PluginCall call) = 0;
  // The client is gone, and what the plugins remember of it may go.
  virtual void forget_client(std::uint64_t client) = 0;
};

}  // namespace adit::ports
