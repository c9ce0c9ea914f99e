#pragma once

#include "app/runtime.h"
#include "tls/signer.h"

namespace adit::app {

// "management-external-key": the manager signs. What may be asked of it is in its options.
class ManagerSigner final : public tls::Signer {
 public:
  // runtime has a management interface; both must outlive it.
  ManagerSigner(Runtime& runtime, const options::Config& config)
      : runtime_(runtime), config_(config) {}
  [[nodiscard]] std::optional<Buffer> sign(const tls::SigningRequest& request) override;

 private:
  Runtime& runtime_;
  const options::Config& config_;
};

// What a manager is asked for a signature: the bytes and the name of the algorithm. Nothing: its
// options do not let us; missing then says which padding it would take.
struct ManagerRequest {
  Buffer data;
  std::string algorithm;
  std::string missing;
};
[[nodiscard]] ManagerRequest manager_request(const tls::SigningRequest& request,
                                             const options::Management::ExternalKey& key);

}  // namespace adit::app
