#include "pki/key.h"

#include <array>
#include <cstring>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace adit::pki {

namespace {

EVP_PKEY* generate(KeyType type) {
  switch (type) {
    case KeyType::ecdsa_p256:
      return EVP_EC_gen("P-256");
    case KeyType::rsa_2048:
      return EVP_RSA_gen(2048);
    case KeyType::rsa_3072:
      return EVP_RSA_gen(3072);
    case KeyType::rsa_4096:
      return EVP_RSA_gen(4096);
    case KeyType::ed25519:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  }
  return nullptr;
}

struct Question {
  const AskPassphrase& ask;
  const std::string& file;
  bool asked = false;
  bool answered = false;
};

// OpenSSL calls this for a protected key, and wipes the room it gave us.
int answer(char* room, int size, int /*writing*/, void* opaque) {
  auto& question = *static_cast<Question*>(opaque);
  question.asked = true;
  const auto passphrase = question.ask ? question.ask(question.file) : std::nullopt;
  if (!passphrase || passphrase->reveal().size() > static_cast<std::size_t>(size)) return -1;
  question.answered = true;
  std::memcpy(room, passphrase->reveal().data(), passphrase->reveal().size());
  return static_cast<int>(passphrase->reveal().size());
}

Error unreadable(const Question& question) {
  Error error = openssl_failure(fmt::format("read the private key {}", question.file));
  if (!question.asked) {
    error.advice = "the file should hold one private key in PEM form";
  } else if (question.answered) {
    error = {fmt::format("the passphrase does not open {}", question.file), "try again"};
  } else {
    error = {fmt::format("{} is protected by a passphrase and none was given", question.file),
             "run the command in a terminal, or remove the passphrase with: "
             "openssl pkey -in FILE -out FILE.open"};
  }
  return error;
}

}  // namespace

Result<PrivateKey> generate_key(KeyType type) {
  PrivateKey key(generate(type));
  if (!key) return fail_with(openssl_failure(fmt::format("make a private key ({})", name(type))));
  return key;
}

Result<SecretText> render_key(EVP_PKEY* key, const std::optional<SecretText>& passphrase) {
  const Bio bio(BIO_new(BIO_s_mem()));  // wiped by OpenSSL when it goes
  const EVP_CIPHER* cipher = passphrase ? EVP_aes_256_cbc() : nullptr;
  const char* text = passphrase ? passphrase->reveal().data() : nullptr;
  const int size = passphrase ? static_cast<int>(passphrase->reveal().size()) : 0;
  if (!bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, cipher, text, size, nullptr, nullptr) != 1) {
    return fail_with(openssl_failure("write a private key"));
  }
  return SecretText(std::string(text_in(bio.get())));
}

Status check_passphrase(const std::optional<SecretText>& passphrase) {
  const std::size_t size = passphrase ? passphrase->reveal().size() : 4;
  if (size >= 4 && size <= 1000) return {};
  return fail_with({"a passphrase of this length cannot protect a key", "choose 4 to 1000 bytes"});
}

Result<PrivateKey> parse_key(const SecretText& pem, const std::string& file,
                             const AskPassphrase& ask) {
  Question question{ask, file};
  const Bio bio = bio_of(pem.reveal());
  PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, answer, &question));
  if (!key) return fail_with(unreadable(question));
  ERR_clear_error();  // forms of key that were tried in vain
  return key;
}

std::optional<KeyType> type_of(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return KeyType::ed25519;
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits == 2048) return KeyType::rsa_2048;
    if (bits == 3072) return KeyType::rsa_3072;
    if (bits == 4096) return KeyType::rsa_4096;
    return std::nullopt;
  }
  std::array<char, 64> group{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
      std::string_view(group.data()) == "prime256v1") {
    return KeyType::ecdsa_p256;
  }
  return std::nullopt;
}

}  // namespace adit::pki
