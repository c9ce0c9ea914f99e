#pragma once

#include "app/runtime.h"
#include "management/instance.h"
#include "node/server.h"

namespace adit::app {

// A running server, as the management interface sees it. server must outlive it.
class ManagedServer final : public management::Instance {
 public:
  ManagedServer(Runtime& runtime, node::Server& server);
  ~ManagedServer() override;
  ManagedServer(const ManagedServer&) = delete;
  ManagedServer& operator=(const ManagedServer&) = delete;

  // After each turn of the server: what happened goes to the manager.
  void tell_news();

  [[nodiscard]] std::string status(int version) const override;
  [[nodiscard]] management::Load load() const override;
  [[nodiscard]] bool is_server() const override { return true; }
  [[nodiscard]] std::vector<management::ByteCount> byte_counts() const override;
  std::size_t kill_name(std::string_view name) override;
  std::size_t kill_address(std::string_view address, std::uint16_t port) override;
  bool client_kill(std::uint64_t client, std::string_view message) override;
  bool client_auth(std::uint64_t client, std::uint64_t key, const std::string& lines) override;
  bool client_deny(std::uint64_t client, std::uint64_t key, std::string_view why,
                   std::string_view told) override;
  std::size_t push_update(std::optional<std::uint64_t> client,
                          const std::vector<std::string>& options) override;
  bool client_pending(std::uint64_t client, std::uint64_t key, std::string_view text,
                      unsigned seconds) override;

 private:
  Runtime& runtime_;
  node::Server& server_;
};

}  // namespace adit::app
