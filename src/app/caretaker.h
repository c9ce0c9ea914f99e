#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "app/crl_keeper.h"
#include "app/rules_watch.h"
#include "app/runtime.h"
#include "node/expiry_watch.h"
#include "node/host_watch.h"
#include "node/identity_setup.h"

namespace adit::app {

// Looks about once a second after what changes around a running node: files of certificates and
// lists, their dates, and what the host must allow.
class Caretaker {
 public:
  // identity: outlives this; revoked: somebody may be revoked who was not before
  Caretaker(Runtime& runtime, const options::Config& config, node::Identity& identity,
            std::function<void()> revoked);
  ~Caretaker();
  Caretaker(const Caretaker&) = delete;
  Caretaker& operator=(const Caretaker&) = delete;

  // At once rather than within a second; what changed files have brought.
  std::vector<std::string> look_now() { return look_at_identity(); }
  [[nodiscard]] std::vector<node::Expiry> dates() const { return dates_; }

 private:
  struct Forwarding {
    ip::Family family;
    node::HostWatch watch;
  };

  void watch_forwarding(const options::Config& config);
  void look();
  std::vector<std::string> look_at_identity();
  void look_at_host();
  void take_dates();

  Runtime& runtime_;
  node::Identity& identity_;
  std::function<void()> revoked_;
  bool jailed_ = false;
  std::optional<CrlKeeper> keeper_;
  node::ExpiryWatch expiries_;
  std::vector<node::Expiry> dates_;
  std::vector<Forwarding> forwarding_;
  std::unique_ptr<RulesWatch> rules_;  // it sees forwarding, too
  bool kept_ = false;
  unsigned looks_ = 0;
  system::TimerId timer_ = 0;
};

}  // namespace adit::app
