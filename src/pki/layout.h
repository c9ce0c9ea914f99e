#pragma once

// Where things lie below the directory: easy-rsa 3's tree, and a few places of our own.
// source: easy-rsa 3.1

#include <array>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "pki/name.h"

namespace adit::pki::layout {

inline constexpr std::string_view ca_certificate = "ca.crt";
inline constexpr std::string_view ca_key = "private/ca.key";
inline constexpr std::string_view index = "index.txt";
inline constexpr std::string_view index_attributes = "index.txt.attr";
inline constexpr std::string_view serial = "serial";
inline constexpr std::string_view crl = "crl.pem";
inline constexpr std::string_view easyrsa_settings = "openssl-easyrsa.cnf";

inline constexpr std::string_view private_keys = "private";
inline constexpr std::string_view issued = "issued";
inline constexpr std::string_view by_serial = "certs_by_serial";

// Ours.
inline constexpr std::string_view tls_crypt_v2_server = "tls-crypt-v2-server.key";
inline constexpr std::string_view tls_crypt_v2_clients = "tls-crypt-v2";

inline constexpr std::string_view overlaps = "overlap.txt";
// Every authority that is trusted; what a server's "ca" and a client's profile hold.
inline constexpr std::string_view ca_bundle = "ca-bundle.crt";

// While one authority follows another.
inline constexpr std::string_view rotation = "rotation";
inline constexpr std::string_view next_certificate = "rotation/next.crt";
inline constexpr std::string_view next_key = "rotation/next.key";
inline constexpr std::string_view previous_certificate = "rotation/previous.crt";
inline constexpr std::string_view previous_key = "rotation/previous.key";
// The new authority's certificate, signed by the old one: who knows only that trusts both.
inline constexpr std::string_view cross_certificate = "rotation/cross.crt";
inline constexpr std::string_view retired = "retired";

// All folders, parents first; easy-rsa refuses a directory that lacks some of them.
inline constexpr std::array<std::string_view, 9> folders{
    "private",
    "reqs",
    "issued",
    "certs_by_serial",
    "revoked",
    "revoked/certs_by_serial",
    "revoked/private_by_serial",
    "revoked/reqs_by_serial",
    "tls-crypt-v2",
};

inline std::string key_of(const Name& name) { return fmt::format("private/{}.key", name.text()); }
inline std::string request_of(const Name& name) { return fmt::format("reqs/{}.req", name.text()); }
inline std::string certificate_of(const Name& name) {
  return fmt::format("issued/{}.crt", name.text());
}
inline std::string certificate_by_serial(std::string_view number) {
  return fmt::format("certs_by_serial/{}.pem", number);
}
// shelf: "revoked", "expired", or easy-rsa's "renewed"
inline std::string shelved_certificate(std::string_view shelf, std::string_view number) {
  return fmt::format("{}/certs_by_serial/{}.crt", shelf, number);
}
// The key of a certificate that was renewed with a new one: the old key, and before it takes its
// place the new one.
inline constexpr std::array<std::string_view, 2> renewed_folders{"renewed",
                                                                 "renewed/private_by_serial"};
inline std::string renewed_key(std::string_view number) {
  return fmt::format("renewed/private_by_serial/{}.key", number);
}
inline std::string retired_certificate(std::string_view number) {
  return fmt::format("retired/{}.crt", number);
}
inline std::string retired_key(std::string_view number) {
  return fmt::format("retired/{}.key", number);
}
inline std::string tls_crypt_v2_of(const Name& name) {
  return fmt::format("tls-crypt-v2/{}.key", name.text());
}

}  // namespace adit::pki::layout
