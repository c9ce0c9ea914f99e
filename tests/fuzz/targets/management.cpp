// What a client of the management interface may send, between what happens in the process.

#include "management/interface.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

class AnyProcess final : public management::Process {
 public:
  [[nodiscard]] int pid() const override { return 1; }
  void log(Severity, std::string_view text) override {
    ADIT_ASSERT(text.find('\n') == std::string_view::npos);
  }
  [[nodiscard]] int verbosity() const override { return verb_; }
  void set_verbosity(int verb) override {
    ADIT_ASSERT(verb >= 0 && verb <= 15);
    verb_ = verb;
  }
  [[nodiscard]] unsigned mute() const override { return 0; }
  void set_mute(unsigned) override {}
  void signal(std::string_view name) override { ADIT_ASSERT(name.starts_with("SIG")); }
  [[nodiscard]] std::string auth_retry() const override { return "none"; }
  bool set_auth_retry(std::string_view how) override { return how == "none"; }
  void forget_passwords() override {}

 private:
  int verb_ = 1;
};

class AnyInstance final : public management::Instance {
 public:
  explicit AnyInstance(bool server) : server_(server) {}
  [[nodiscard]] std::string status(int version) const override {
    ADIT_ASSERT(!server_ || (version >= 1 && version <= 3));
    return "END\n";
  }
  [[nodiscard]] management::Load load() const override { return {}; }
  [[nodiscard]] bool is_server() const override { return server_; }
  std::size_t kill_address(std::string_view, std::uint16_t port) override {
    ADIT_ASSERT(port != 0);
    return 1;
  }
  bool client_auth(std::uint64_t, std::uint64_t, const std::string& lines) override {
    return lines.size() < (std::size_t{1} << 17);
  }
  [[nodiscard]] std::vector<Remote> remotes() const override { return {{"a", "1", "udp"}}; }

 private:
  bool server_;
};

// Whole lines, and never more than a slow reader may leave.
void look_at_output(management::Interface& face) {
  const std::string output = face.take_output();
  ADIT_ASSERT(output.size() < (std::size_t{9} << 20));
  ADIT_ASSERT(output.empty() || output.ends_with("\r\n") || output.ends_with("ENTER PASSWORD:"));
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  management::Settings settings{"a title"};
  if (input.flag()) settings.password = SecretText("pass");
  AnyProcess process;
  AnyInstance instance(input.flag());
  management::Interface face(std::move(settings), process);
  if (input.flag()) face.set_instance(&instance);
  face.connected();
  while (!input.empty() && !face.wants_close()) {
    switch (input.below(16)) {
      case 0:
        face.begin_hold(1);
        break;
      case 1:
        face.ask(management::PasswordQuestion{"Auth"});
        break;
      case 2:
        face.ask(management::RemoteQuestion{"a", "1", "udp"});
        break;
      case 3:
        face.client_event("CONNECT,0,1", {{"username", "ann"}});
        break;
      case 4:
        face.ask(
            management::TextQuestion{management::TextQuestion::Kind::signature, "QUJD", "RSA"});
        break;
      case 5:
        face.ask(management::TextQuestion{management::TextQuestion::Kind::certificate, "hint"});
        break;
      case 6:
        face.ask(management::NeedQuestion{management::NeedQuestion::Kind::text, "id", "which"});
        break;
      case 7:
        face.ask(management::ProxyQuestion{1, false, "a"});
        break;
      case 8:
        face.set_instance_waits(input.flag());
        break;
      case 9:
        face.run_late();
        break;
      case 10:
        face.end_text();
        break;
      case 11:
        face.set_instance(nullptr);
        break;
      default:
        face.take(input.take(input.u8()));
    }
    look_at_output(face);
  }
}

}  // namespace adit::fuzz
