#pragma once

#include <memory>
#include <string>

struct x509_st;

namespace adit::system {

// A certificate as plugins get it. nullptr: there is none, or it cannot be read.
struct FreeCertificate {
  void operator()(x509_st* certificate) const;
};
using Certificate = std::unique_ptr<x509_st, FreeCertificate>;
[[nodiscard]] Certificate certificate_of(const std::string& pem);

}  // namespace adit::system
