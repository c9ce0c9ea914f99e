#include "app/tools.h"

#include <algorithm>
#include <cstdio>

#include <openssl/ec.h>
#include <openssl/objects.h>

#include "app/crypto_check.h"
#include "app/exit_codes.h"
#include "app/title.h"
#include "app/token_host.h"
#include "base/text.h"
#include "crypto/auth_token.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "crypto/static_key.h"
#include "crypto/tls_crypt_v2.h"
#include "node/lines.h"
#include "node/wrapping.h"
#include "options/table.h"
#include "system/store.h"
#include "system/tun_device.h"
#include "tls/context.h"

namespace adit::app {

namespace {

void put(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

int options_error(const Error& error) {
  put("Options error: " + error.text() + "\n");
  return exit_failure;
}

// A fresh key goes to its file, private from the first byte, or to standard output.
int deliver(const std::string& text, const std::string& file) {
  if (file.empty()) {
    put(text);
    return exit_ok;
  }
  if (Status written = system::write_file_atomically(file, text, system::private_mode); !written) {
    return options_error(written.error());
  }
  return exit_ok;
}

int generate_client_key(Runtime& runtime, const options::Config& config) {
  const options::FileOrInline& source = config.connection.tls_crypt_v2;
  if (!source.defined()) {
    return options_error({"--genkey tls-crypt-v2-client needs the server's key",
                          "give it with --tls-crypt-v2 FILE"});
  }
  auto text = node::load_text(source, "tls-crypt-v2", runtime.store);
  if (!text) return options_error(text.error());
  const auto server = crypto::TlsCryptV2ServerKey::parse(*text);
  if (!server) return options_error(server.error());
  Buffer metadata = crypto::timestamp_metadata(runtime.loop->wall());
  if (!config.tool.genkey_metadata.empty()) {
    const auto user = from_base64(config.tool.genkey_metadata);
    if (!user) {
      return options_error({"--genkey tls-crypt-v2-client: the metadata is not base64", {}});
    }
    metadata = crypto::user_metadata(*user);
  }
  const auto key = server->wrap(crypto::StaticKey::generate(runtime.rng), metadata);
  if (!key) return options_error(key.error());
  return deliver(key->render(), config.tool.genkey_file);
}

int generate_key(Runtime& runtime, const options::Config& config) {
  const std::string& type = config.tool.genkey_type;
  if (type == "secret" || type == "tls-auth" || type == "tls-crypt") {
    const std::string& file =
        config.tool.genkey_file.empty() ? config.secret.path : config.tool.genkey_file;
    return deliver(crypto::StaticKey::generate(runtime.rng).render(), file);
  }
  if (type == "tls-crypt-v2-server") {
    return deliver(crypto::TlsCryptV2ServerKey::generate(runtime.rng).render(),
                   config.tool.genkey_file);
  }
  if (type == "tls-crypt-v2-client") return generate_client_key(runtime, config);
  if (type == "auth-token") {
    return deliver(crypto::AuthTokenKey::generate(runtime.rng).render(), config.tool.genkey_file);
  }
  return options_error(
      {"unknown --genkey type: " + printable(type),
       "known are secret, tls-auth, tls-crypt, tls-crypt-v2-server, tls-crypt-v2-client "
       "and auth-token"});
}

std::string cipher_line(const crypto::Cipher& cipher) {
  std::string line = fmt::format("{}  ({} bit key, ", cipher.name, cipher.key_bytes * 8);
  if (cipher.block_bytes == 1) return line + "stream cipher, TLS client/server mode only)\n";
  line += fmt::format("{} bit block", cipher.block_bytes * 8);
  return line + (cipher.is_aead() ? ", TLS client/server mode only)\n" : ")\n");
}

int show_ciphers() {
  put("The following ciphers and cipher modes are available for use\nwith OpenVPN.  Each cipher "
      "shown below may be used as a parameter\nto the --data-ciphers (or --cipher) option. Using a "
      "GCM or\nCHACHA20-POLY1305 is recommended. In static key mode only CBC\nmode is "
      "allowed.\n\n");
  for (const crypto::Cipher& cipher : crypto::all_ciphers()) {
    const bool hidden = cipher.mode == crypto::CipherMode::none || cipher.legacy;
    if (!hidden && !cipher.has_small_blocks()) put(cipher_line(cipher));
  }
  put("\nThe following ciphers have a block size of less than 128 bits,\nand are therefore "
      "deprecated.  Do not use unless you have to.\n\n");
  for (const crypto::Cipher& cipher : crypto::all_ciphers()) {
    if (cipher.has_small_blocks()) put(cipher_line(cipher));
  }
  put("\n");
  return exit_ok;
}

int show_digests() {
  put("The following message digests are available for use with\nOpenVPN.  A message digest is "
      "used "
      "in conjunction with\nthe HMAC function, to authenticate received packets.\nYou can specify "
      "a "
      "message digest as parameter to\nthe --auth option.\n\n");
  for (const crypto::Digest& digest : crypto::all_digests()) {
    put(fmt::format("{} {} bit digest size\n", digest.name, digest.bytes * 8));
  }
  put("\n");
  return exit_ok;
}

int show_tls(const options::Config& config) {
  const auto names =
      tls::cipher_names(config.identity.tls_cipher, config.identity.tls_ciphersuites);
  put("Available TLS Ciphers, listed in order of preference:\n\nFor TLS 1.3 and newer "
      "(--tls-ciphersuites):\n\n");
  for (const std::string& name : names.tls13) put(name + "\n");
  put("\nFor TLS 1.2 and older (--tls-cipher):\n\n");
  for (const std::string& name : names.tls12) put(name + "\n");
  put("\nBe aware that that whether a cipher suite in this list can actually work\ndepends on the "
      "specific setup of both peers. See the man page entries of\n--tls-cipher and --show-tls for "
      "more details.\n\n");
  return exit_ok;
}

int show_curves() {
  put("Consider using 'openssl ecparam -list_curves' as alternative to running\nthis command.\n"
      "\nAvailable Elliptic curves/groups:\n\n");
  std::vector<EC_builtin_curve> curves(EC_get_builtin_curves(nullptr, 0));
  EC_get_builtin_curves(curves.data(), curves.size());
  for (const EC_builtin_curve& curve : curves) put(std::string(OBJ_nid2sn(curve.nid)) + "\n");
  return exit_ok;
}

std::string gateway_line(Runtime& runtime, const char* label, const ip::Address& towards) {
  const auto path = runtime.network->path_to(towards);
  if (!path || !path->gateway) return {};
  std::string address = path->gateway->text();
  for (const ports::LocalNetwork& network : runtime.network->local_networks()) {
    const auto prefix = ip::Prefix::of(network.address, network.prefix_length);
    if (network.device != path->device || !prefix.contains(*path->gateway)) continue;
    address += prefix.address.is_v4() ? "/" + prefix.netmask().text()
                                      : "/" + std::to_string(prefix.length);
    break;
  }
  const auto hardware = runtime.network->hardware_address(path->device);
  return fmt::format("{} {} IFACE={}{}", label, address, path->device,
                     hardware ? " HWADDR=" + *hardware : "");
}

int show_gateway(Runtime& runtime, const options::Config& config) {
  const std::string& wanted = config.tool.show_gateway_address;
  const auto towards = ip::Address::parse(wanted);
  if (!wanted.empty() && !towards)
    return options_error({"\"" + printable(wanted) + "\" is no address", {}});
  const std::string v4 = gateway_line(runtime, "ROUTE_GATEWAY",
                                      towards && towards->is_v4() ? *towards : ip::Address());
  const std::string v6 =
      gateway_line(runtime, "ROUTE6_GATEWAY",
                   towards && towards->is_v6() ? *towards : *ip::Address::parse("::"));
  for (const std::string& line : {v4, v6}) {
    if (!line.empty()) runtime.log.info(0, "{}", line);
  }
  return exit_ok;
}

int change_device(Runtime& runtime, const options::Config& config, bool make) {
  const options::Device& device = config.device;
  const auto layer = device.is_tap() ? system::TunLayer::ethernet : system::TunLayer::ip;
  const auto name = make ? system::make_persistent(device.name, config.process.user,
                                                   config.process.group, device.node, layer)
                         : system::remove_persistent(device.name, device.node, layer);
  if (!name) return options_error(name.error());
  runtime.log.info(0, "{}", node::lines::tun_opened(*name));
  runtime.log.info(0, "Persist state set to: {}", make ? "ON" : "OFF");
  return exit_ok;
}

}  // namespace

int run_tool(Runtime& runtime, const options::Config& config) {
  using Kind = options::Tool::Kind;
  switch (config.tool.kind) {
    case Kind::none:
      break;
    case Kind::help:
      put(title() + "\n\n" + options::help_text());
      return exit_failure;  // as stock does
    case Kind::version:
      put(version_text());
      return exit_ok;
    case Kind::show_ciphers:
      return show_ciphers();
    case Kind::show_digests:
      return show_digests();
    case Kind::show_tls:
      return show_tls(config);
    case Kind::show_curves:
      return show_curves();
    case Kind::show_engines:
      put("Sorry, OpenSSL hardware crypto engine functionality is not available.\n");
      return exit_ok;
    case Kind::show_gateway:
      return show_gateway(runtime, config);
    case Kind::show_tokens:
      return show_tokens(runtime, config.tool);
    case Kind::genkey:
      return generate_key(runtime, config);
    case Kind::mktun:
      return change_device(runtime, config, true);
    case Kind::rmtun:
      return change_device(runtime, config, false);
    case Kind::test_crypto:
      return check_crypto(runtime, config);
  }
  return exit_failure;
}

}  // namespace adit::app
