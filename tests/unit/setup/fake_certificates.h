#pragma once

#include <set>

#include "setup/up.h"

namespace adit::setup {

// An authority in memory.
class FakeCertificates final : public Certificates {
 public:
  bool authority = false;
  std::optional<std::string> server;
  std::set<std::string> clients;

  bool has_authority() const override { return authority; }
  std::optional<std::string> server_name() override { return server; }
  bool has_client(const std::string& name) override { return clients.contains(name); }
  Status make_authority() override {
    authority = true;
    return {};
  }
  Status issue_server(const std::string& name) override {
    server = name;
    return {};
  }
  Status issue_client(const std::string& name) override {
    clients.insert(name);
    return {};
  }
  Result<std::string> profile(const std::string& name, const ServerFacts& facts) override {
    if (!clients.contains(name)) return fail("no client {}", name);
    return fmt::format("client\nproto {}\nremote {} {}\n", facts.tcp ? "tcp-client" : "udp",
                       facts.endpoint, facts.port);
  }
};

}  // namespace adit::setup
