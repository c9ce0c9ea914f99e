#include "tests/unit/pki/scratch.h"

#include <fstream>
#include <sstream>
#include <sys/stat.h>

namespace adit::pki {

ScratchTest::ScratchTest() : base_(testing::TempDir() + "adit-pki-XXXXXX") {
  if (mkdtemp(base_.data()) == nullptr) ADD_FAILURE() << "no temporary directory";
}

ScratchTest::~ScratchTest() { std::filesystem::remove_all(base_); }

std::string ScratchTest::text_of(const std::string& file) const {
  std::ostringstream text;
  text << std::ifstream(path(file)).rdbuf();
  return text.str();
}

void ScratchTest::put(const std::string& file, const std::string& text) const {
  std::ofstream(path(file)) << text;
}

unsigned ScratchTest::mode_of(const std::string& file) const {
  struct stat facts {};
  EXPECT_EQ(::stat(path(file).c_str(), &facts), 0) << file;
  return facts.st_mode & 07777u;
}

void ScratchTest::make_authority(KeyType type) {
  const auto made = Authority::create(root(), {.key_type = type}, rng_, noon);
  ASSERT_TRUE(made) << made.error().text();
}

Entry ScratchTest::issue(Kind kind, const std::string& name, WallTime now,
                         std::optional<KeyType> key_type) {
  auto authority = Authority::open(root());
  EXPECT_TRUE(authority) << authority.error().text();
  const auto entry =
      authority->issue({.kind = kind, .name = named(name), .key_type = key_type}, rng_, now);
  EXPECT_TRUE(entry) << entry.error().text();
  return entry.value_or(Entry{});
}

Entry ScratchTest::revoke(const std::string& name, Reason reason, WallTime now) {
  auto authority = Authority::open(root());
  EXPECT_TRUE(authority) << authority.error().text();
  const auto entry = authority->revoke(named(name), reason, now);
  EXPECT_TRUE(entry) << entry.error().text();
  return entry.value_or(Entry{});
}

void ScratchTest::sign_again(const Entry& entry, const Extensions& extensions) const {
  const std::string issued = "issued/" + entry.name + ".crt";
  const auto made = signed_again(text_of(issued), text_of("private/ca.key"), extensions);
  put(issued, made);
  put("certs_by_serial/" + entry.serial + ".pem", made);
}

Exported ScratchTest::export_client(const std::string& name, WallTime now) {
  auto authority = Authority::open(root());
  EXPECT_TRUE(authority) << authority.error().text();
  const auto exported = authority->export_client(named(name), rng_, now);
  EXPECT_TRUE(exported) << exported.error().text();
  return exported.value_or(Exported{});
}

std::vector<Entry> ScratchTest::list(WallTime now) {
  const auto authority = Authority::open(root());
  EXPECT_TRUE(authority) << authority.error().text();
  return authority->list(now);
}

std::string ScratchTest::why_not_issued(const CertificateRequest& request, WallTime now) {
  auto authority = Authority::open(root());
  if (!authority) return "cannot open: " + authority.error().text();
  const auto entry = authority->issue(request, rng_, now);
  return entry ? "it was issued" : entry.error().text();
}

std::string ScratchTest::why_not_revoked(const std::string& name, WallTime now) {
  auto authority = Authority::open(root());
  if (!authority) return "cannot open: " + authority.error().text();
  const auto entry = authority->revoke(named(name), Reason::unspecified, now);
  return entry ? "it was revoked" : entry.error().text();
}

std::string ScratchTest::why_not_exported(const std::string& name, WallTime now) {
  auto authority = Authority::open(root());
  if (!authority) return "cannot open: " + authority.error().text();
  const auto exported = authority->export_client(named(name), rng_, now);
  return exported ? "it was exported" : exported.error().text();
}

std::string ScratchTest::why_not_created(const AuthorityRequest& request) {
  const auto made = Authority::create(root(), request, rng_, noon);
  return made ? "it was created" : made.error().text();
}

std::string ScratchTest::why_not_opened(const Hooks& hooks) {
  const auto opened = Authority::open(root(), hooks);
  return opened ? "it was opened" : opened.error().text();
}

}  // namespace adit::pki
