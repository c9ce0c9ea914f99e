#pragma once

#include "doctor/doctor.h"

namespace adit::doctor {

inline constexpr const char* probe_name = "adit-doctor";

// A client's profile for a test of this server, made of its configuration and a certificate of our
// own that lives for a day and is used again. Nobody's session is disturbed by it.
//
// pki   the authority's directory, whose key must be at hand
// host  where the server is asked
[[nodiscard]] Result<SecretText> make_probe_profile(const options::Config& server,
                                                    const std::string& pki, const std::string& host,
                                                    ports::StorePort& store, Rng& rng);

}  // namespace adit::doctor
