// An OpenSSL provider of two kinds of things: keys, which are a public key and a Signer; and the
// signing of whole messages with them. The rest is left to OpenSSL's own provider.

#include "tls/signing_provider.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>

namespace adit::tls {

namespace {

using Scheme = SigningRequest::Scheme;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;
using Function = void (*)();

constexpr const char* provider_name = "adit.signer";
constexpr const char* own_algorithms = "provider=adit.signer";
constexpr const char* other_algorithms = "?provider!=adit.signer";
constexpr const char* signer_parameter = "adit-signer";

template <typename F>
Function function(F* pointer) {
  return reinterpret_cast<Function>(pointer);
}

struct Kind {
  const char* name;       // of the key
  const char* operation;  // of its signatures
  Scheme scheme;
};
constexpr Kind rsa{"RSA", "RSA", Scheme::rsa_pkcs1};
constexpr Kind ec{"EC", "ECDSA", Scheme::ecdsa};
constexpr Kind ed25519{"ED25519", "ED25519", Scheme::ed25519};
constexpr Kind ed448{"ED448", "ED448", Scheme::ed448};

// How a signer gets into a key: among its parameters.
struct Carried {
  Signer* signer = nullptr;
};

struct Key {
  const Kind* kind;
  PrivateKey inner;  // OpenSSL's own, of which we have the public half
  Carried carried;

  [[nodiscard]] Signer* signer() const { return carried.signer; }
};

Key& key_of(void* data) { return *static_cast<Key*>(data); }
const Key& key_of(const void* data) { return *static_cast<const Key*>(data); }

// ---- keys ----

template <const Kind& kind>
void* new_key(void*) {
  return new Key{&kind, nullptr, {}};
}

void free_key(void* data) { delete static_cast<Key*>(data); }

int has(const void* data, int selection) {
  const Key& key = key_of(data);
  if (!key.inner) return 0;
  return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || key.signer() != nullptr ? 1 : 0;
}

int match(const void* a, const void* b, int) {
  return EVP_PKEY_eq(key_of(a).inner.get(), key_of(b).inner.get()) == 1 ? 1 : 0;
}

int import_key(void* data, int, const OSSL_PARAM* given) {
  Key& key = key_of(data);
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, key.kind->name, nullptr));
  EVP_PKEY* made = nullptr;
  const Parameters copy(OSSL_PARAM_dup(given));
  if (!context || !copy || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, copy.get()) != 1) {
    return 0;
  }
  key.inner.reset(made);
  const OSSL_PARAM* signer = OSSL_PARAM_locate_const(given, signer_parameter);
  if (signer != nullptr && signer->data_size == sizeof key.carried) {
    std::memcpy(&key.carried, signer->data, sizeof key.carried);
  }
  return 1;
}

// A private half cannot be had, and nobody shall take the public one for a whole.
int export_key(void* data, int selection, OSSL_CALLBACK* callback, void* argument) {
  const Key& key = key_of(data);
  if (key.signer() != nullptr && (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) return 0;
  return EVP_PKEY_export(key.inner.get(), EVP_PKEY_PUBLIC_KEY, callback, argument);
}

const OSSL_PARAM* key_types(int) {
  static constexpr std::array<OSSL_PARAM, 5> types{
      {OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, nullptr, 0),
       OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, nullptr, 0),
       OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0), OSSL_PARAM_END}};
  return types.data();
}

int get_parameters(void* data, OSSL_PARAM wanted[]) {
  return EVP_PKEY_get_params(key_of(data).inner.get(), wanted);
}

const OSSL_PARAM* gettable(void*) {
  static constexpr std::array<OSSL_PARAM, 6> known{
      {OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
       OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
       OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
       OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
       OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, nullptr, 0), OSSL_PARAM_END}};
  return known.data();
}

template <const Kind& kind>
const char* operation_name(int) {
  return kind.operation;
}

template <const Kind& kind>
constexpr std::array<OSSL_DISPATCH, 12> key_functions() {
  return {{{OSSL_FUNC_KEYMGMT_NEW, function(new_key<kind>)},
           {OSSL_FUNC_KEYMGMT_FREE, function(free_key)},
           {OSSL_FUNC_KEYMGMT_HAS, function(has)},
           {OSSL_FUNC_KEYMGMT_MATCH, function(match)},
           {OSSL_FUNC_KEYMGMT_IMPORT, function(import_key)},
           {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, function(key_types)},
           {OSSL_FUNC_KEYMGMT_EXPORT, function(export_key)},
           {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, function(key_types)},
           {OSSL_FUNC_KEYMGMT_GET_PARAMS, function(get_parameters)},
           {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, function(gettable)},
           {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, function(operation_name<kind>)},
           {0, nullptr}}};
}

// ---- signatures ----

struct Operation {
  const Key* key = nullptr;
  SigningRequest request;
};

Operation& operation_of(void* data) { return *static_cast<Operation*>(data); }

void* new_operation(void*, const char*) { return new Operation; }

void free_operation(void* data) { delete static_cast<Operation*>(data); }

void* copy_operation(void* data) { return new Operation(operation_of(data)); }

void set_padding(SigningRequest& request, const OSSL_PARAM& given) {
  int number = 0;
  const bool pss =
      given.data_type == OSSL_PARAM_UTF8_STRING
          ? std::strcmp(static_cast<const char*>(given.data), "pss") == 0
          : OSSL_PARAM_get_int(&given, &number) == 1 && number == RSA_PKCS1_PSS_PADDING;
  request.scheme = pss ? Scheme::rsa_pss : Scheme::rsa_pkcs1;
}

void set_salt(SigningRequest& request, const OSSL_PARAM& given) {
  int number = 0;
  if (given.data_type == OSSL_PARAM_UTF8_STRING) {
    request.salt_length = static_cast<const char*>(given.data);
  } else if (OSSL_PARAM_get_int(&given, &number) == 1) {
    request.salt_length = number == RSA_PSS_SALTLEN_DIGEST ? "digest" : std::to_string(number);
  }
}

int set_parameters(void* data, const OSSL_PARAM given[]) {
  SigningRequest& request = operation_of(data).request;
  if (given == nullptr) return 1;
  if (const auto* mode = OSSL_PARAM_locate_const(given, OSSL_SIGNATURE_PARAM_PAD_MODE)) {
    set_padding(request, *mode);
  }
  if (const auto* salt = OSSL_PARAM_locate_const(given, OSSL_SIGNATURE_PARAM_PSS_SALTLEN)) {
    set_salt(request, *salt);
  }
  return 1;
}

const OSSL_PARAM* settable(void*, void*) {
  static constexpr std::array<OSSL_PARAM, 3> known{
      {OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
       OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0), OSSL_PARAM_END}};
  return known.data();
}

int begin(void* data, const char* digest, void* key, const OSSL_PARAM given[]) {
  Operation& operation = operation_of(data);
  operation.key = static_cast<const Key*>(key);
  operation.request = {operation.key->kind->scheme, digest != nullptr ? digest : "", "digest", {}};
  if (operation.request.digest.starts_with("SHA2-")) operation.request.digest.erase(3, 2);
  return set_parameters(data, given);
}

// Without room for it: how long a signature is at most.
int sign(void* data, unsigned char* room, std::size_t* size, std::size_t room_size,
         const unsigned char* message, std::size_t message_size) {
  Operation& operation = operation_of(data);
  if (operation.key == nullptr || operation.key->signer() == nullptr) return 0;
  if (room == nullptr) {
    *size = static_cast<std::size_t>(EVP_PKEY_get_size(operation.key->inner.get()));
    return 1;
  }
  operation.request.message = {message, message_size};
  const auto signature = operation.key->signer()->sign(operation.request);
  if (!signature || signature->empty() || signature->size() > room_size) return 0;
  std::ranges::copy(*signature, room);
  *size = signature->size();
  return 1;
}

// ---- the provider ----

const OSSL_ALGORITHM* algorithms(void*, int operation, int* no_cache) {
  static const auto rsa_keys = key_functions<rsa>();
  static const auto ec_keys = key_functions<ec>();
  static const auto ed25519_keys = key_functions<ed25519>();
  static const auto ed448_keys = key_functions<ed448>();
  static const std::array<OSSL_DISPATCH, 8> signing{
      {{OSSL_FUNC_SIGNATURE_NEWCTX, function(new_operation)},
       {OSSL_FUNC_SIGNATURE_FREECTX, function(free_operation)},
       {OSSL_FUNC_SIGNATURE_DUPCTX, function(copy_operation)},
       {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, function(begin)},
       {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, function(sign)},
       {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, function(set_parameters)},
       {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, function(settable)},
       {0, nullptr}}};
  static const std::array<OSSL_ALGORITHM, 5> keys{
      {{"RSA:rsaEncryption", own_algorithms, rsa_keys.data(), nullptr},
       {"EC:id-ecPublicKey", own_algorithms, ec_keys.data(), nullptr},
       {"ED25519", own_algorithms, ed25519_keys.data(), nullptr},
       {"ED448", own_algorithms, ed448_keys.data(), nullptr},
       {nullptr, nullptr, nullptr, nullptr}}};
  static const std::array<OSSL_ALGORITHM, 5> signatures{
      {{"RSA:rsaEncryption", own_algorithms, signing.data(), nullptr},
       {"ECDSA", own_algorithms, signing.data(), nullptr},
       {"ED25519", own_algorithms, signing.data(), nullptr},
       {"ED448", own_algorithms, signing.data(), nullptr},
       {nullptr, nullptr, nullptr, nullptr}}};
  *no_cache = 0;
  if (operation == OSSL_OP_KEYMGMT) return keys.data();
  return operation == OSSL_OP_SIGNATURE ? signatures.data() : nullptr;
}

int begin_provider(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH*, const OSSL_DISPATCH** out,
                   void** context) {
  static const std::array<OSSL_DISPATCH, 2> functions{
      {{OSSL_FUNC_PROVIDER_QUERY_OPERATION, function(algorithms)}, {0, nullptr}}};
  *out = functions.data();
  *context = const_cast<OSSL_CORE_HANDLE*>(handle);  // ours has nothing to remember
  return 1;
}

}  // namespace

const char* SigningLibrary::properties() { return other_algorithms; }

Result<std::shared_ptr<SigningLibrary>> SigningLibrary::create() {
  std::shared_ptr<SigningLibrary> made(new SigningLibrary);
  made->context_ = OSSL_LIB_CTX_new();
  if (made->context_ == nullptr ||
      OSSL_PROVIDER_add_builtin(made->context_, provider_name, begin_provider) != 1) {
    return fail("cannot set up signing");
  }
  made->others_ = OSSL_PROVIDER_load(made->context_, "default");
  made->own_ = OSSL_PROVIDER_load(made->context_, provider_name);
  if (made->others_ == nullptr || made->own_ == nullptr) return fail("cannot set up signing");
  EVP_set_default_properties(made->context_, other_algorithms);
  return made;
}

SigningLibrary::~SigningLibrary() {
  if (own_ != nullptr) OSSL_PROVIDER_unload(own_);
  if (others_ != nullptr) OSSL_PROVIDER_unload(others_);
  OSSL_LIB_CTX_free(context_);
}

PrivateKey SigningLibrary::key(EVP_PKEY* public_key, Signer& signer) const {
  OSSL_PARAM* exported = nullptr;
  if (EVP_PKEY_todata(public_key, EVP_PKEY_PUBLIC_KEY, &exported) != 1) return nullptr;
  const Parameters known(exported);
  Carried carried{&signer};
  const std::array<OSSL_PARAM, 2> added{
      {OSSL_PARAM_construct_octet_string(signer_parameter, &carried, sizeof carried),
       OSSL_PARAM_construct_end()}};
  const Parameters all(OSSL_PARAM_merge(known.get(), added.data()));
  const char* name = EVP_PKEY_get0_type_name(public_key);
  const KeyContext context(EVP_PKEY_CTX_new_from_name(context_, name, own_algorithms));
  EVP_PKEY* made = nullptr;
  if (!all || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_KEYPAIR, all.get()) != 1) {
    return nullptr;
  }
  return PrivateKey(made);
}

}  // namespace adit::tls
