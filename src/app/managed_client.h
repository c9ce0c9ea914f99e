#pragma once

#include "app/runtime.h"
#include "management/interface.h"
#include "node/client.h"

namespace adit::app {

// A client and its attempts, as the management interface sees them.
class ManagedClient final : public management::Instance {
 public:
  ManagedClient(Runtime& runtime, const std::vector<options::Connection>& remotes);
  ~ManagedClient() override;
  ManagedClient(const ManagedClient&) = delete;
  ManagedClient& operator=(const ManagedClient&) = delete;

  // The attempt that runs; nullptr between two.
  void set_client(node::Client* client, node::Environment environment);
  // After each turn of the client: what happened goes to the manager.
  // from  our end of a TCP connection
  void tell_news(const std::optional<ip::Endpoint>& from);
  // "management-query-remote": asks about the next server and waits. Nothing: a signal came.
  [[nodiscard]] std::optional<management::RemoteQuestion> ask_remote(
      const options::Connection& next);
  // By which proxy it is to be reached. Nothing: a signal came. number: in the list.
  [[nodiscard]] std::optional<management::ProxyQuestion> ask_proxy(const options::Connection& next,
                                                                   std::size_t number);

  [[nodiscard]] std::string status(int version) const override;
  [[nodiscard]] management::Load load() const override;
  [[nodiscard]] bool is_server() const override { return false; }
  bool challenge_response(std::string_view answer) override;
  [[nodiscard]] std::vector<Remote> remotes() const override { return remotes_; }

 private:
  void tell(const node::ClientNews& news, const std::optional<ip::Endpoint>& from);
  [[nodiscard]] management::State addressed(std::string name, std::string detail) const;

  Runtime& runtime_;
  std::vector<Remote> remotes_;
  node::Client* client_ = nullptr;
  management::Load former_;        // of the attempts before it
  node::Environment environment_;  // what its scripts see
};

}  // namespace adit::app
